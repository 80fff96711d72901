package import PoeCore

/// What happens when a row has filled the model's context and wants another token.
public enum ContextPolicy: String, Sendable, Hashable, CaseIterable {
    /// Of a full window of `T` tokens the last `T / 2` (rounded down) are prefilled again at positions
    /// 0 ..., followed by the newest token; what came before is forgotten.
    case slide
    /// The row ends with ``FinishReason/context``.
    case stop
    /// A request that could fill the context is refused before anything is generated.
    case error
}

/// Why a row ended.
public enum FinishReason: String, Sendable, Hashable, CaseIterable {
    /// It has as many tokens as were asked for.
    case length
    /// The caller recognised a stop string, or a token that ends texts.
    case stop
    /// The context is full and the policy is ``ContextPolicy/stop``.
    case context
    /// The caller gave up.
    case interrupt
}

/// One text to be continued.
package struct GenerationRequest: Sendable, Hashable {
    /// At least one token; only the last `contextLength` are used.
    package var prompt: [TokenID]
    /// Tokens to generate, at most.
    package var maxNewTokens: Int
    /// How tokens are chosen.
    package var sampling: SamplingOptions
    /// Which of several samples of a prompt this is; rows with another number draw other tokens.
    package var sample: UInt64
    /// What to do when the context is full.
    package var contextPolicy: ContextPolicy
    /// How many alternatives to report for each token; nil = no probabilities at all.
    package var alternatives: Int?

    /// A request with the defaults of `poe-run`.
    package init(
        prompt: [TokenID], maxNewTokens: Int = 100, sampling: SamplingOptions = SamplingOptions(),
        sample: UInt64 = 0, contextPolicy: ContextPolicy = .slide, alternatives: Int? = nil
    ) {
        self.prompt = prompt
        self.maxNewTokens = maxNewTokens
        self.sampling = sampling
        self.sample = sample
        self.contextPolicy = contextPolicy
        self.alternatives = alternatives
    }

    /// Positions of a cache that the request may fill, at most `contextLength`.
    package func positions(of contextLength: Int) -> Int {
        min(contextLength, min(prompt.count, contextLength) + min(maxNewTokens, contextLength))
    }
}

/// One token of one row, as soon as it is chosen.
package struct GeneratedToken: Sendable, Hashable {
    /// Index of the request.
    package let request: Int
    /// How many tokens the row generated before this one.
    package let position: Int
    /// The token.
    package let token: TokenID
    /// Probabilities, where the request asks for them.
    package let logProbabilities: LogProbabilities?
    /// Whether the row ends after this token, whatever the receiver wants.
    package let endsRow: Bool
}

/// What the receiver of a token wants next.
public enum Continuation: Sendable, Hashable {
    /// More tokens.
    case proceed
    /// This row ends here, with ``FinishReason/stop``.
    case stop
    /// This row ends here, with ``FinishReason/interrupt``.
    case interrupt
    /// Every row that has not ended ends here, with ``FinishReason/interrupt``.
    case interruptAll
}

/// What became of one request.
package struct GenerationResult: Sendable, Hashable {
    /// The generated tokens, without the prompt.
    package var tokens: [TokenID] = []
    /// Why there are no more.
    package var finishReason = FinishReason.interrupt
    /// Tokens of the prompt that were run; 0 where the request's turn did not come.
    package var promptTokens = 0
}

/// How much work was done, and how long it took.
public struct GenerationStatistics: Sendable, Hashable {
    /// Nothing done yet.
    public init() {}

    /// Tokens run in prefills: prompts (once for equal ones that begin together) and slid windows.
    public var prefillTokens = 0
    /// Time of the prefills.
    public var prefillDuration = Duration.zero
    /// Tokens run in decode steps, of all rows together.
    public var decodeTokens = 0
    /// Time of the decode steps, sampling included, what is done with the tokens not.
    public var decodeDuration = Duration.zero

    /// Prompt tokens a second; 0 where nothing was measured.
    public var prefillTokensPerSecond: Double { rate(prefillTokens, prefillDuration) }
    /// Generated tokens a second, of all rows together; 0 where nothing was measured.
    public var decodeTokensPerSecond: Double { rate(decodeTokens, decodeDuration) }

    private func rate(_ count: Int, _ duration: Duration) -> Double {
        let time = duration / .seconds(1)
        return time > 0 ? Double(count) / time : 0
    }
}

/// Why a request cannot be run, or not to its end.
package enum GenerationError: Error, Equatable, CustomStringConvertible {
    /// There is no token to start from.
    case emptyPrompt(request: Int)
    /// A prompt token is not in the vocabulary.
    case unknownToken(request: Int, token: TokenID, vocabularySize: Int)
    /// Under ``ContextPolicy/error``: prompt and new tokens need more positions than there are.
    case contextTooShort(request: Int, promptTokens: Int, newTokens: Int, contextLength: Int)
    /// A sampling option is out of range.
    case sampling(SamplingError)
    /// Logits are infinite or no numbers, so no token can be chosen at this place of the row.
    case notFinite(request: Int, position: Int)

    package var description: String {
        switch self {
        case .emptyPrompt(let request):
            "request \(request) has an empty prompt; expected at least one token"
        case .unknownToken(let request, let token, let size):
            "request \(request) has token \(token); the vocabulary has tokens 0 to \(size - 1)"
        case .contextTooShort(_, let prompt, let new, let context):
            """
            \(prompt) prompt tokens and \(new) new ones do not fit into the context of \(context); \
            ask for fewer, or choose the context policy slide or stop
            """
        case .sampling(let error):
            error.description
        case .notFinite(_, let position):
            """
            the model's logits for new token \(position + 1) are no finite numbers: its weights are \
            too large, or were not trained; take another model
            """
        }
    }
}
