import Foundation
import PoeCore
import PoeModel
import PoeTokenizer
import PoeTraining
import PoemFile
import Testing

@Suite struct RunTests {
    /// Files that must not depend on how often a run was interrupted.
    static let kept = [
        "tiny.best.poem", "tiny.last.poem", "tiny.epoch-1.poem", "tiny.epoch-2.poem",
        "tiny.train.csv", "tiny.loss.svg",
    ]

    private func files(in folder: URL) throws -> [Data] {
        try Self.kept.map { try Data(contentsOf: folder.appendingPathComponent($0)) }
    }

    @Test func stoppedAndResumedEndsInTheSameFiles() throws {
        let expected = try withTemporaryFolder { folder in
            let spectator = Spectator()
            #expect(try TinyTraining.run(in: folder).train(spectator) == .finished)
            #expect(spectator.epochs.count == 2)
            return try files(in: folder)
        }
        for pieces in [[1], [3, 1, 2], [9, 1]] {
            try withTemporaryFolder { folder in
                for (i, steps) in pieces.enumerated() {
                    let run = try TinyTraining.run(in: folder)
                    if i > 0 { try run.resume() }
                    #expect(try run.train(Spectator(stopAfter: steps)) == .stopped)
                }
                let run = try TinyTraining.run(in: folder, threads: 2)
                try run.resume()
                #expect(try run.train(Spectator()) == .finished)
                #expect(try files(in: folder) == expected, "after \(pieces)")
            }
        }
    }

    @Test func anotherRecipeIsNotResumed() throws {
        try withTemporaryFolder { folder in
            _ = try TinyTraining.run(in: folder).train(Spectator(stopAfter: 1))
            var recipe = TinyTraining.recipe
            recipe.epochs = 3
            let run = try TinyTraining.run(in: folder, recipe: recipe)
            let error = #expect(throws: TrainingError.self) { try run.resume() }
            let text = try #require(error).description
            #expect(text.contains("recipe.epochs is 2, this command's is 3 (--epochs 2 asks for "))
            #expect(run.trainer.step == 0)
        }
    }

    /// After a default has changed, the same options ask for something else: the message says what does not.
    @Test func theOptionThatAsksForTheEarlierValueIsNamed() throws {
        let changes: [(change: (inout Recipe) -> Void, words: String)] = [
            ({ $0.matrixOptimizer = .muon }, " (--optimizer normuon asks for the earlier one); "),
            ({ $0.learningRate = 0.125 }, " (--learning-rate 0.004 asks for the earlier one); "),
            ({ $0.stride = 7 }, "absent, this command's is 7; repeat"),
            ({ $0.beta2 = 0.5 }, "recipe.beta2 is 0.95, this command's is 0.5; repeat"),
        ]
        try withTemporaryFolder { folder in
            _ = try TinyTraining.run(in: folder).train(Spectator(stopAfter: 1))
            for (change, words) in changes {
                var recipe = TinyTraining.recipe
                change(&recipe)
                let run = try TinyTraining.run(in: folder, recipe: recipe)
                let error = #expect(throws: TrainingError.self) { try run.resume() }
                let text = try #require(error).description
                #expect(text.contains(words), "\(text)")
            }
        }
        // What is off is in no record.
        try withTemporaryFolder { folder in
            var recipe = TinyTraining.recipe
            recipe.halfDepth = 0
            _ = try TinyTraining.run(in: folder, recipe: recipe).train(Spectator(stopAfter: 1))
            let run = try TinyTraining.run(in: folder)
            let error = #expect(throws: TrainingError.self) { try run.resume() }
            let text = try #require(error).description
            #expect(text.contains("this command's is 0.5 (--half-depth 0 asks for"), "\(text)")
        }
    }

    /// It would be written anew, without what is in it.
    @Test func aLogThatCannotBeReadIsNotReplaced() throws {
        try withTemporaryFolder { folder in
            let first = try TinyTraining.run(in: folder)
            _ = try first.train(Spectator(stopAfter: 1))
            let damaged = Data([0x73, 0xFF])
            try damaged.write(to: URL(filePath: first.files.log))
            let run = try TinyTraining.run(in: folder)
            #expect(throws: PoemError.self) { try run.resume() }
            #expect(try Data(contentsOf: URL(filePath: first.files.log)) == damaged)
            try FileManager.default.removeItem(atPath: first.files.log)
            try run.resume()
            #expect(run.trainer.step == 1)
        }
    }

    @Test func aFinishedModelIsNoCheckpoint() throws {
        try withTemporaryFolder { folder in
            let run = try TinyTraining.run(in: folder)
            _ = try run.train(Spectator())
            try FileManager.default.removeItem(atPath: run.files.checkpoint)
            try FileManager.default.copyItem(atPath: run.files.best, toPath: run.files.checkpoint)
            #expect(throws: TrainingError.self) { try run.resume() }
        }
    }

    @Test func aFinishedRunHasNothingLeftToTrain() throws {
        try withTemporaryFolder { folder in
            let first = try TinyTraining.run(in: folder)
            _ = try first.train(Spectator())
            try FileManager.default.removeItem(atPath: first.files.checkpoint)
            let again = try TinyTraining.run(in: folder)
            try again.resume()
            #expect(again.trainer.isFinished)
            #expect(again.history == first.history)

            try FileManager.default.removeItem(atPath: first.files.last)
            let fresh = try TinyTraining.run(in: folder)
            try fresh.resume()
            #expect(fresh.trainer.step == 0)
        }
    }

    @Test func theBestEpochIsKept() throws {
        var recipe = TinyTraining.recipe
        recipe.epochs = 3
        try withTemporaryFolder { folder in
            let run = try TinyTraining.run(in: folder, recipe: recipe)
            let spectator = Spectator()
            _ = try run.train(spectator)
            let best = try #require(spectator.epochs.min { $0.score < $1.score })
            #expect(run.history.best == best)
            let model = try Model.load(run.files.best)
            #expect(
                model.evaluation.double("validation.nats_per_token") == best.validationLoss)
            #expect(model.training.strings("epochs")?.count == best.epoch)
        }
    }

    /// What is measured and kept of an epoch is as sure as the text bears out that was set aside.
    @Test func eachEpochIsCalibrated() throws {
        let tokens = try TinyTraining.tokenizer().encode(TinyTraining.text)
        let text = EvaluationText(tokens: Array(tokens.suffix(400)), characters: 400)
        let validation = try TinyTraining.validation()
        try withTemporaryFolder { folder in
            var recipe = TinyTraining.recipe
            recipe.epochs = 30
            let run = try TinyTraining.run(in: folder, recipe: recipe, calibration: text)
            let spectator = Spectator()
            _ = try run.train(spectator)
            for (entry, model) in zip(spectator.epochs, spectator.models) {
                #expect(try #require(model.evaluation.double(Calibration.key)) != 1)
                let loss = validation.loss(of: model.weights, threads: 1).natsPerToken
                #expect(entry.validationLoss == loss)
                let kept = try Model.load(run.files.epoch(entry.epoch))
                #expect(TinyTraining.bits(kept.weights) == TinyTraining.bits(model.weights))
            }
            let last = try #require(spectator.models.last)
            let again = Calibration.factor(of: last.weights, on: text, threads: 1)
            #expect(abs(again - 1) < 0.012)
            let factor = Float(try #require(last.evaluation.double(Calibration.key)))
            let expected = Calibration.apply(factor, to: run.trainer.modelWeights)
            #expect(TinyTraining.bits(last.weights) == TinyTraining.bits(expected))
        }
    }

    @Test func theLogIsReadBack() throws {
        try withTemporaryFolder { folder in
            let run = try TinyTraining.run(in: folder)
            let spectator = Spectator()
            _ = try run.train(spectator)
            let csv = run.history.csv
            #expect(TrainingHistory(csv: csv, through: .max) == run.history)
            let half = TrainingHistory(csv: csv, through: 5)
            #expect(half.steps == Array(run.history.steps.prefix { $0.step <= 5 }))
            #expect(TrainingHistory(csv: csv + "1,2,thr", through: .max) == run.history)
            #expect(csv.split(separator: "\n").count == spectator.steps.count + 1)
        }
    }
}
