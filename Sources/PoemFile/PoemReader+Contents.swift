extension PoemReader {
    /// Everything that the file holds, decoded: to rewrite it, or to compare it.
    package func contents(threads: Int = 1) throws(PoemError) -> PoemContents {
        let state = CheckpointState(
            optimizer: try records(optimizerTensors, threads), random: random, cursor: cursor)
        return PoemContents(
            configuration: configuration, tokenizer: tokenizer,
            tensors: try records(tensors, threads), metadata: metadata, evaluation: evaluation,
            training: training, card: card, checkpoint: state.isEmpty ? nil : state,
            extraSections: extraSections)
    }

    /// The sections of kinds that this version does not know, to be kept by whoever rewrites the file.
    package var extraSections: [ExtraSection] {
        sections.filter { !SectionKind.known.contains($0.kind) }
            .map { ExtraSection($0, stored: file.copy($0.range)) }
    }

    private func records(
        _ entries: [TensorEntry], _ threads: Int
    ) throws(PoemError) -> [TensorRecord] {
        var records: [TensorRecord] = []
        for entry in entries {
            records.append(
                TensorRecord(
                    name: entry.name, shape: entry.shape,
                    data: try data(of: entry, threads: threads), storage: entry.storage))
        }
        return records
    }
}

extension TensorEntry {
    /// A way of storing that gives the same bytes again when the writer's defaults made them.
    fileprivate var storage: TensorStorage {
        TensorStorage(
            chunks.allSatisfy { $0.codec == .raw } ? .raw : .smallest,
            separatesBytePlanes: separatesBytePlanes)
    }
}
