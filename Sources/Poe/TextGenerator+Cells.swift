import PoeInference

extension TextGenerator {
    /// A text to generate with options of its own.
    package struct Cell: Sendable, Hashable {
        /// The beginning; an empty one stands for a line break.
        package var prompt: String
        /// How it is continued; a seed is to be given.
        package var options: GenerationOptions

        /// Makes a cell.
        package init(prompt: String, options: GenerationOptions) {
            (self.prompt, self.options) = (prompt, options)
        }
    }

    /// Continues many texts at once, each with its own options; the generator's do not count.
    ///
    /// Each is the text that ``generate(_:onText:)`` gives with its options.
    ///
    /// - Parameters:
    ///   - cells: What to generate; a cell without a seed has seed 0.
    ///   - onPiece: Called after every token of every text, on the caller's thread; ``TextPiece/prompt``
    ///     is the index of the cell.
    package func generate(
        cells: [Cell], onPiece: (TextPiece) -> Continuation = { _ in .proceed }
    ) throws(PoeError) -> [Completion] {
        var rows: [TextRow] = []
        for (index, cell) in cells.enumerated() {
            try cell.options.validate()
            var generator = self
            generator.options = cell.options
            rows.append(
                TextRow(
                    index, cell.prompt, try generator.read(cell.prompt), sample: 0,
                    seed: cell.options.seed ?? 0, generator: generator))
        }
        return try run(&rows, onPiece)
    }
}
