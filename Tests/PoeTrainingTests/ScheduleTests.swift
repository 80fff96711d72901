import PoeCore
import PoeTraining
import Testing

@Suite struct ScheduleTests {
    @Test func warmsUpThenFollowsACosine() {
        var recipe = Recipe()
        recipe.warmupSteps = 4
        recipe.finalLearningRate = 0.1
        let schedule = LearningRateSchedule(recipe: recipe, stepCount: 104)
        #expect((0..<4).map(schedule.factor) == [0.2, 0.4, 0.6, 0.8])
        #expect(schedule.factor(at: 4) == 1)
        #expect(abs(schedule.factor(at: 54) - 0.55) < 1e-6)
        #expect(abs(schedule.factor(at: 104) - 0.1) < 1e-6)
        #expect((5..<104).allSatisfy { schedule.factor(at: $0) < schedule.factor(at: $0 - 1) })
    }

    @Test(arguments: [1, 7, 8, 20]) func everyEpochCutsTheTextAnew(_ stride: Int) throws {
        var recipe = Recipe()
        recipe.epochs = 3
        recipe.batchWindows = 4
        recipe.stride = stride
        let sampler = try WindowSampler(recipe: recipe, contextLength: 8, tokenCount: 250)
        for epoch in 0..<3 {
            let starts = sampler.windows(ofEpoch: epoch)
            #expect(Set(starts).count == starts.count)
            #expect(starts.allSatisfy { $0 >= 0 && $0 + 8 < 250 })
            #expect(Set(starts.map { $0 % stride }).count == 1)
            // Less than one window's stride is missing at either end.
            #expect((starts.min() ?? 0) < stride)
            #expect((starts.max() ?? 0) + stride + 8 >= 250)
            #expect(sampler.firstSteps[epoch + 1] - sampler.firstSteps[epoch] == starts.count / 4)
            for step in sampler.firstSteps[epoch]..<sampler.firstSteps[epoch + 1] {
                #expect(sampler.epoch(of: step) == epoch)
            }
        }
        #expect(sampler.windows(ofEpoch: 0) != sampler.windows(ofEpoch: 1))
        #expect(sampler.windows(ofEpoch: 0) != sampler.windows(ofEpoch: 0).sorted())
    }

    @Test func aTextOfOneWindowTrains() throws {
        let sampler = try WindowSampler(recipe: Recipe(), contextLength: 8, tokenCount: 9)
        #expect(sampler.windows(ofEpoch: 0) == [0])
        #expect(sampler.stepCount == Recipe().epochs)
    }
}
