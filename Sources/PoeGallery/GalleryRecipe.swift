import Poe

/// What texts a gallery has of each model.
package struct GalleryRecipe: Sendable, Equatable {
    /// The beginnings.
    package var prompts = defaultPrompts
    /// The temperatures, each for every prompt.
    package var temperatures: [Float] = [0.3, 0.8, 1.2]
    /// Texts for each prompt and temperature; text `s`, from 0, has the seed `seed + s`.
    package var samples = 1
    /// The seed of the first text.
    package var seed: UInt64 = 1
    /// Tokens of each text.
    package var predict = 100
    /// Drawn from this many of the likeliest tokens; 0 = all.
    package var topK = 40
    /// Alternatives that are told for each token.
    package var alternatives = 5

    /// The defaults; set what is to differ.
    package init() {}

    /// Beginnings that promise a tale or a poem.
    package static let defaultPrompts = [
        "Once upon a midnight dreary", "The old house by the sea", "I opened the door, and there",
        "“Who knocks at this hour?”", "The fall of the house of", "My dear friend, by the time",
        "Deep under the mountain", "O sad and silent bell,",
    ]

    /// One text of a gallery.
    struct Cell {
        /// Index of its prompt.
        var prompt: Int
        var temperature: Float
        /// Which text of the prompt and the temperature, from 0.
        var sample: Int
        var seed: UInt64
    }

    /// All texts: by prompt, then by temperature, then by sample.
    var cells: [Cell] {
        prompts.indices.flatMap { prompt in
            temperatures.flatMap { temperature in
                (0..<samples).map { sample in
                    Cell(
                        prompt: prompt, temperature: temperature, sample: sample,
                        seed: seed &+ UInt64(sample))
                }
            }
        }
    }

    /// The options of one text.
    func options(_ cell: Cell) -> GenerationOptions {
        var options = GenerationOptions()
        options.maxNewTokens = predict
        options.temperature = cell.temperature
        options.topK = topK
        options.seed = cell.seed
        options.alternatives = alternatives
        return options
    }

    /// The command that prints the text of a cell.
    func command(_ cell: Cell, model: String) -> String {
        let prompt = prompts[cell.prompt]
        // As a word of its own, a phrase that begins with a dash would be taken for a flag.
        let mark = prompt.utf8.first == UInt8(ascii: "-") ? "=" : " "
        return "poe-run \(Self.quoted(model)) -p\(mark)\(Self.quoted(prompt)) -n \(predict) "
            + "--temp \(cell.temperature) --top-k \(topK) --seed \(cell.seed)"
    }

    /// A word as a shell reads it.
    private static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte) || "._/-".utf8.contains(byte)
        }
        if isPlain, !word.isEmpty { return word }
        return "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
