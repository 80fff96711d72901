import PoeCommand

/// What a ladder needs to know of a model once its texts are made.
struct Stage {
    let id: String
    let name: String
    let path: String
    let epoch: Int?
    let trainingKey: GalleryModel.TrainingKey?

    init(_ model: GalleryModel) {
        (id, name, path) = (model.id, model.name, model.path)
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

    /// The ladders that were asked for, then those that the records of the trainings tell: models
    /// of one training, of more than one epoch, in their order.
    ///
    /// An epoch stands in one ladder, and once.
    static func ladders(_ stages: [Stage], asked: [Gallery.Ladder]) -> [Ladder] {
        var ladders = asked.map { ladder in
            Ladder(name: ladder.name, stages: Self.stages(ladder.paths, among: stages))
        }
        let taken = ladders.flatMap(\.stages)
        var seen: Set<GalleryModel.TrainingKey> = []
        for stage in stages {
            guard let key = stage.trainingKey, seen.insert(key).inserted else { continue }
            let known = Set(taken.filter { $0.trainingKey == key }.map(\.epoch))
            let group = byEpoch(
                stages.filter { $0.trainingKey == key && !known.contains($0.epoch) })
            guard group.count > 1, let first = group.first else { continue }
            ladders.append(Ladder(name: name(first), stages: group))
        }
        return ladders
    }

    /// One stage for each epoch, in order.
    ///
    /// A training can leave the weights of one epoch in several files, such as `NAME.poem` and
    /// `NAME.best.poem`: the one with the shortest name is the stage, the first of equals.
    private static func byEpoch(_ stages: [Stage]) -> [Stage] {
        var found: [Int: Stage] = [:]
        for stage in stages {
            guard let epoch = stage.epoch else { continue }
            if let other = found[epoch], other.name.count <= stage.name.count { continue }
            found[epoch] = stage
        }
        return found.sorted { $0.key < $1.key }.map(\.value)
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
        let end = stage.name.firstRange(of: ".epoch-")?.lowerBound ?? stage.name.endIndex
        return String(stage.name[..<end])
    }
}
