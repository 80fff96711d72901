/// How losses are measured, wherever they are measured.
package enum LossProtocol {
    /// The protocol in words, for files that quote a loss.
    package static let name =
        "windows of the context length without overlap; every token but the first scored once"

    /// The protocol for a text that was folded as a prompt first.
    package static let nameOfFolded =
        name + "; text folded as a prompt, 13.92 nats for a character that is unknown then"

    /// What a character costs that the tokenizer lacks: one of 1,114,112 code points,
    /// `log(1_114_112)` nats.
    package static let unknownCharacterNats = 13.923_568_233_015_342
}
