import PoeCommand

/// What a ladder needs to know of a model once its texts are made.
struct Stage {
    let id: String
    let path: String
    let epoch: Int?
    let trainingKey: GalleryModel.TrainingKey?

    init(_ model: GalleryModel) {
        (id, path) = (model.id, model.path)
        (epoch, trainingKey) = (model.epoch, model.trainingKey)
    }

    /// A ladder of models that are in the gallery.
    struct Ladder {
        var name: String
        var stages: [Stage]

        var json: JSON {
            .sorted([
                "models": .array(stages.map { .string($0.id) }), "name": .string(name),
            ])
        }
    }

    /// The ladders that were asked for, then those that the records of the trainings tell: models of one
    /// training, of more than one epoch, in their order.
    static func ladders(_ stages: [Stage], asked: [Gallery.Ladder]) -> [Ladder] {
        var ladders = asked.map { ladder in
            Ladder(name: ladder.name, stages: Self.stages(ladder.paths, among: stages))
        }
        let taken = Set(ladders.flatMap { $0.stages.map(\.id) })
        var seen: Set<GalleryModel.TrainingKey> = []
        for stage in stages {
            guard let key = stage.trainingKey, seen.insert(key).inserted else { continue }
            let group = stages.filter { $0.trainingKey == key && !taken.contains($0.id) }
                .enumerated().sorted { ($0.1.epoch ?? 0, $0.0) < ($1.1.epoch ?? 0, $1.0) }.map(\.1)
            guard Set(group.map(\.epoch)).count > 1, let first = group.first else { continue }
            ladders.append(Ladder(name: name(first), stages: group))
        }
        return ladders
    }

    /// The stages of these files; where a file was named several times, each in its turn.
    private static func stages(_ paths: [String], among stages: [Stage]) -> [Stage] {
        var found: [Stage] = []
        for path in paths {
            let same = stages.filter { $0.path == path }
            let next = same.first { stage in !found.contains { $0.id == stage.id } }
            if let stage = next ?? same.first { found.append(stage) }
        }
        return found
    }

    /// The name of a training from that of one of its stages, `NAME.epoch-N`.
    private static func name(_ stage: Stage) -> String {
        let end = stage.id.firstRange(of: ".epoch-")?.lowerBound ?? stage.id.endIndex
        return String(stage.id[..<end])
    }
}
