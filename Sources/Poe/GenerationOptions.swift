public import PoeCore
public import PoeInference

/// How a text is continued.
///
/// The sampling options apply in the order repeat penalty, top-k, top-p and min-p, temperature.
public struct GenerationOptions: Sendable, Hashable {
    /// Tokens to generate, at most.
    public var maxNewTokens = 100
    /// Below 1 safer, above 1 wilder; 0 takes the likeliest token always.
    public var temperature: Float = 0.8
    /// Only this many of the likeliest tokens are drawn from; 0 = all.
    public var topK = 40
    /// Only the likeliest tokens that together reach this probability are drawn from; 1 = all.
    public var topP: Float = 1
    /// Only tokens with this share of the largest probability are drawn from; 0 = all.
    public var minP: Float = 0
    /// Above 1, tokens among the last 64 become less likely; 1 = off.
    public var repeatPenalty: Float = 1
    /// Names the random numbers: equal seeds give equal texts.
    ///
    /// Where it is nil, one is chosen; ``Completion/seed`` reports it.
    public var seed: UInt64?
    /// The text ends before the first of these to be complete; none is empty.
    ///
    /// Each is also looked for as prompts are folded: `--` where the model writes a dash.
    public var stopStrings: [String] = []
    /// What happens when the model's context is full.
    public var contextPolicy = ContextPolicy.slide
    /// What happens to characters of a prompt that the model does not know; as the file says if nil.
    public var unknown: UnknownPolicy?
    /// How many alternatives to report for each token; nil = no probabilities.
    public var alternatives: Int?

    /// The defaults; set what is to differ.
    public init() {}

    func sampling(seed: UInt64) -> SamplingOptions {
        SamplingOptions(
            temperature: temperature, topK: topK, topP: topP, minP: minP,
            repeatPenalty: repeatPenalty, seed: seed)
    }

    func validate() throws(PoeError) {
        do {
            try sampling(seed: 0).validate()
        } catch {
            throw PoeError(.invalidOption, error.description)
        }
        guard maxNewTokens >= 0 else {
            throw PoeError(
                .invalidOption, "maxNewTokens is \(maxNewTokens); expected a number from 0 up")
        }
        guard stopStrings.allSatisfy({ !$0.isEmpty }) else {
            throw PoeError(.invalidOption, "a stop string is empty; expected at least a character")
        }
        guard alternatives ?? 0 >= 0 else {
            throw PoeError(
                .invalidOption, "alternatives is \(alternatives ?? 0); expected a number from 0 up")
        }
    }
}
