import Poe
import PoeCommand
import PoeCore
import PoeCorpus
import PoeTokenizer

/// The texts of one model: the content of its file.
struct GallerySamples {
    let model: GalleryModel
    let recipe: GalleryRecipe
    let completions: [Completion]
    /// What each text has from the corpus; nil where no corpus is given.
    let overlaps: [Overlap]?
    let index: CorpusIndex?

    /// The members of the file.
    var members: [String: JSON] {
        // Each use of `recipe.cells` makes them all.
        let cells = recipe.cells
        return [
            "format": "poe-gallery", "model": .string(model.id),
            "samples": .array(cells.indices.map { sample($0, of: cells[$0]) }), "version": 1,
            "vocabulary": vocabulary,
        ]
    }

    private func sample(_ place: Int, of cell: GalleryRecipe.Cell) -> JSON {
        let completion = completions[place]
        let told = completion.logProbabilities
        return .sorted([
            "alternative_log_probabilities": .array(
                told.map { .array($0.alternatives.map { .rounded($0.logProbability) }) }),
            "alternatives": .array(
                told.map { .array($0.alternatives.map { .integer(Int($0.token)) }) }),
            "command": .string(recipe.command(cell, model: model.path)),
            "finish_reason": .string(completion.finishReason.rawValue),
            "log_probabilities": .array(told.map { .rounded($0.chosen) }),
            "overlap": overlaps.map { json($0[place]) } ?? .null,
            "prompt": .integer(cell.prompt),
            "sample": .integer(cell.sample),
            "seed": .unsigned(cell.seed),
            "temperature": .float(cell.temperature),
            "text": .string(completion.text),
            "token_offsets": .array(offsets(completion.tokens).map { .integer($0) }),
            "tokens": .array(completion.tokens.map { .integer(Int($0)) }),
            "warnings": .array(completion.warnings.map { .string($0.description) }),
        ])
    }

    /// Where each token's text begins in the whole text, in characters; one that only continues a
    /// character begins with it.
    private func offsets(_ tokens: [TokenID]) -> [Int] {
        var decoder = StreamingDecoder(model.model.tokenizer)
        var offset = 0
        return tokens.map { token in
            defer { offset += decoder.append(token).unicodeScalars.count }
            return offset
        }
    }

    /// The text of every token that is named.
    private var vocabulary: JSON {
        var used: Set<TokenID> = []
        for completion in completions {
            used.formUnion(completion.tokens)
            for told in completion.logProbabilities {
                used.formUnion(told.alternatives.map(\.token))
            }
        }
        let tokens = used.sorted()
        return .sorted([
            "text": .array(tokens.map { .string(model.model.decode([$0])) }),
            "token": .array(tokens.map { .integer(Int($0)) }),
        ])
    }

    private func json(_ overlap: Overlap) -> JSON {
        .sorted([
            "copied_characters": .integer(overlap.copiedCharacters),
            "longest": .integer(overlap.longest?.length ?? 0),
            "passages": .array(overlap.passages.map(json)),
            "share": .rounded(overlap.share),
        ])
    }

    private func json(_ passage: CorpusIndex.Passage) -> JSON {
        .sorted([
            "file": .string(index?.works[passage.work].name ?? ""),
            "length": .integer(passage.length),
            "occurrences": .integer(passage.occurrences),
            "offset": .integer(passage.offset),
            "start": .integer(passage.start),
            "title": .string(index?.title(of: passage.work) ?? ""),
        ])
    }
}

extension OverlapTotals {
    /// The figures alone, as an object has them.
    var members: [String: JSON] {
        [
            "characters": .integer(characters), "copied_characters": .integer(copiedCharacters),
            "longest": .integer(longest), "share": .rounded(share),
        ]
    }

    /// The figures as an object.
    var json: JSON { .sorted(members) }
}
