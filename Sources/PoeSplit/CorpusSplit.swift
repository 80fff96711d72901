import PoeCore
package import PoeCorpus

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The parts of a split.
package enum CorpusPart: String, Sendable, CaseIterable {
    /// What a model learns from.
    case train
    /// What it is measured on.
    case validation
}

extension Corpus {
    /// The two parts of a corpus.
    package struct Split: Sendable, Equatable {
        /// What a model learns from.
        package var train: Corpus
        /// What it is measured on; no text of `train` is in it.
        package var validation: Corpus

        /// One of the two.
        package subscript(part: CorpusPart) -> Corpus {
            switch part {
            case .train: train
            case .validation: validation
            }
        }
    }

    private struct SplitFile: Decodable {
        var train: [String]
        var validation: [String]
    }

    /// Divides the works by a JSON object with the lists of file names `train` and `validation`.
    ///
    /// The works keep the corpus's order, whatever the order of the lists. Every work must be in
    /// exactly one list, so that a loss measured on the split is about the text that it names.
    package func split(contentsOf path: String) throws(CorpusError) -> Split {
        let bytes = try Self.bytes(of: path)
        let file: SplitFile
        do {
            file = try JSONDecoder().decode(SplitFile.self, from: Data(bytes))
        } catch {
            throw .malformedSplit(path: path, reason: Self.reason(error))
        }
        let (train, validation) = (Set(file.train), Set(file.validation))
        let names = Set(works.map(\.name))
        for name in file.train + file.validation where !names.contains(name) {
            throw .missingWork(name: name, split: path)
        }
        if let name = file.validation.first(where: train.contains) {
            throw .sharedWork(name: name, split: path)
        }
        for work in works where !train.contains(work.name) && !validation.contains(work.name) {
            throw .unassignedWork(name: work.name, split: path)
        }
        return Split(
            train: Corpus(works: works.filter { train.contains($0.name) }),
            validation: Corpus(works: works.filter { validation.contains($0.name) }))
    }

    /// Divides the works without being told how: about one part in `parts` of the text validates.
    ///
    /// Whole works are taken, in an order shuffled with a fixed seed, while they fit into that part of
    /// the bytes. Where that gives less than half of it (one book, or a few long ones), the end of
    /// every work is taken instead, from the next line end on. The same corpus always
    /// gives the same split.
    package func automaticSplit(oneIn parts: Int = 10) -> Split {
        let sizes = works.map(\.text.utf8.count)
        let total = sizes.reduce(0, +)
        var chosen: Set<Int> = []
        var size = 0
        for index in CounterRandom(seed: 0).permutation(of: works.count, stream: 0)
        where (size + sizes[index]) * parts <= total {
            chosen.insert(index)
            size += sizes[index]
        }
        guard size * 2 * parts >= total else { return splitTails(oneIn: parts) }
        return Split(
            train: Corpus(works: works.indices.filter { !chosen.contains($0) }.map { works[$0] }),
            validation: Corpus(works: works.indices.filter(chosen.contains).map { works[$0] }))
    }

    private func splitTails(oneIn parts: Int) -> Split {
        var (heads, tails): ([Work], [Work]) = ([], [])
        for work in works {
            let cut = Self.tailStart(in: work.text, oneIn: parts)
            heads.append(Work(name: work.name, text: String(work.text[..<cut])))
            tails.append(Work(name: work.name, text: String(work.text[cut...])))
        }
        return Split(train: Corpus(works: heads), validation: Corpus(works: tails))
    }

    /// Where the last part begins: after the first line end in its first half, else where it would
    /// by the number of scalars.
    private static func tailStart(in text: String, oneIn parts: Int) -> String.Index {
        let scalars = text.unicodeScalars
        let count = scalars.count
        let nominal = scalars.index(scalars.startIndex, offsetBy: count - count / parts)
        let limit = scalars.index(nominal, offsetBy: count / parts / 2)
        guard let lineEnd = scalars[nominal..<limit].firstIndex(of: "\n") else { return nominal }
        return scalars.index(after: lineEnd)
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "it has no \"\(key.stringValue)\""
        case DecodingError.typeMismatch(_, let context),
            DecodingError.valueNotFound(_, let context):
            if let list = context.codingPath.first?.stringValue {
                "its \"\(list)\" is not a list of file names"
            } else {
                "it is not a JSON object"
            }
        default: "it is not valid JSON"
        }
    }
}
