import PoeCore
import Testing

@Suite struct ModelConfigurationTests {
    @Test(arguments: [(146, 4_809_216), (512, 4_902_912)])
    func parametersOfTheReferenceModel(vocabulary: Int, expected: Int) {
        #expect(ModelConfiguration(vocabularySize: vocabulary).parameterCount == expected)
    }

    /// GPT-2 small has 124,439,808 parameters; an untied head adds another table.
    @Test func parametersOfGPT2() {
        var gpt2 = ModelConfiguration(
            vocabularySize: 50_257, contextLength: 1024, layerCount: 12, headCount: 12,
            modelDimension: 768)
        #expect(gpt2.parameterCount == 124_439_808)
        #expect(gpt2.headDimension == 64)
        #expect(gpt2.feedForwardDimension == 3072)
        gpt2.tiesOutputHead = false
        #expect(gpt2.parameterCount == 124_439_808 + 50_257 * 768)
    }

    /// By hand: the tables (3 + 2) * 4; one block of two gains, four squares of 4 x 4 and two
    /// rectangles of 4 x 5; the last gain.
    @Test func parametersWithoutBiases() {
        let tiny = ModelConfiguration(
            vocabularySize: 3, contextLength: 2, layerCount: 1, headCount: 2, modelDimension: 4,
            feedForwardDimension: 5, hasBiases: false)
        #expect(tiny.parameterCount == 20 + (2 * 4 + 4 * 16 + 2 * 20) + 4)
    }

    @Test func smallestAndLargestShapesAreValid() throws {
        try ModelConfiguration(
            vocabularySize: 1, contextLength: 1, layerCount: 1, headCount: 1, modelDimension: 1,
            feedForwardDimension: 1
        ).validate()
        try ModelConfiguration(
            vocabularySize: 262_144, contextLength: 1_048_576, layerCount: 1_024, headCount: 1_024,
            modelDimension: 65_536, feedForwardDimension: 262_144
        ).validate()
    }

    struct Size: Sendable {
        var field: String
        var path: any WritableKeyPath<ModelConfiguration, Int> & Sendable
        var limit: Int
    }

    static let sizes = [
        Size(field: "vocabularySize", path: \.vocabularySize, limit: 262_144),
        Size(field: "contextLength", path: \.contextLength, limit: 1_048_576),
        Size(field: "layerCount", path: \.layerCount, limit: 1_024),
        Size(field: "headCount", path: \.headCount, limit: 1_024),
        Size(field: "modelDimension", path: \.modelDimension, limit: 65_536),
        Size(field: "feedForwardDimension", path: \.feedForwardDimension, limit: 262_144),
    ]

    @Test(arguments: sizes)
    func sizesAreBounded(size: Size) {
        for value in [Int.min, -1, 0, size.limit + 1, Int.max] {
            var configuration = ModelConfiguration(vocabularySize: 100)
            configuration[keyPath: size.path] = value
            let error = #expect(throws: ConfigurationError.self) { try configuration.validate() }
            #expect(error?.field == size.field)
            #expect(
                error?.description == "\(size.field) is \(value); expected 1 to \(size.limit)")
        }
    }

    @Test func headsDivideTheDimension() {
        var configuration = ModelConfiguration(vocabularySize: 100)
        configuration.headCount = 7
        let error = #expect(throws: ConfigurationError.self) { try configuration.validate() }
        #expect(error?.field == "modelDimension")
        #expect(error?.description == "modelDimension 256 is not a multiple of headCount 7")
    }

    @Test(arguments: [0, -1e-5, 1, .nan, .infinity] as [Float])
    func epsilonIsASmallPositiveNumber(epsilon: Float) {
        var configuration = ModelConfiguration(vocabularySize: 100)
        configuration.normEpsilon = epsilon
        let error = #expect(throws: ConfigurationError.self) { try configuration.validate() }
        #expect(error?.field == "normEpsilon")
    }

    /// What `validate()` would refuse has sizes that mean nothing, and no trap.
    @Test func sizesOfAnInvalidConfigurationDoNotTrap() {
        for value in [Int.min, -1, 0, Int.max] {
            let broken = ModelConfiguration(
                vocabularySize: value, contextLength: value, layerCount: value, headCount: value,
                modelDimension: value, feedForwardDimension: value, tiesOutputHead: false)
            _ = broken.parameterCount
            #expect(broken.headDimension == (value == .max ? 1 : 0))
        }
    }
}
