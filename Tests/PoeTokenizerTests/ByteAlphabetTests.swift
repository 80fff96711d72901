import PoeTokenizer
import Testing

/// GPT-2's spelling of bytes, against facts of its published vocabulary.
@Suite struct ByteAlphabetTests {
    @Test func spellings() {
        #expect(ByteAlphabet.spelling(of: Array(" the".utf8)) == "Ġthe")
        #expect(ByteAlphabet.spelling(of: Array("\n".utf8)) == "Ċ")
        #expect(ByteAlphabet.spelling(of: Array("é".utf8)) == "Ã©")
        #expect(ByteAlphabet.spelling(of: Array("’".utf8)) == "âĢĻ")
        #expect(ByteAlphabet.scalars[0x00] == "Ā")
        #expect(ByteAlphabet.scalars[0xAD] == "\u{143}")
        #expect(ByteAlphabet.scalars[0x7F] == "\u{121}")
    }

    @Test func everyByteHasItsOwnVisibleCharacter() {
        #expect(ByteAlphabet.scalars.count == 256)
        #expect(Set(ByteAlphabet.scalars).count == 256)
        for (byte, scalar) in ByteAlphabet.scalars.enumerated() {
            #expect(ByteAlphabet.byte(of: scalar) == UInt8(byte))
            #expect(
                !scalar.properties.isWhitespace && scalar.properties.generalCategory != .control)
        }
        #expect(ByteAlphabet.byte(of: " ") == nil)
    }
}
