import PoeCore
import PoeNumerics

/// A text that is being continued.
final class Row {
    /// Number of the request.
    let index: Int
    let request: GenerationRequest
    let cache: KVCache
    /// The prompt as far as it is used, then what was generated.
    private(set) var history: [TokenID]
    /// Tokens generated so far.
    private(set) var generated = 0
    /// Where its logits stand in this round.
    var place = 0

    private var sampler: Sampler
    /// Tokens of `history` that have been run, or that a slide has left behind.
    private var done = 0

    /// Room for new tokens that is made at once; longer texts grow.
    private static let reserve = 4_096

    init(
        _ index: Int, _ request: GenerationRequest, prompt: ArraySlice<TokenID>, cache: KVCache,
        kernels: KernelSet
    ) {
        self.index = index
        self.request = request
        self.cache = cache
        sampler = Sampler(request.sampling, sample: request.sample, kernels: kernels)
        history = []
        history.reserveCapacity(prompt.count + min(request.maxNewTokens, Self.reserve))
        history += prompt
    }

    /// What has to be run next.
    var pending: ArraySlice<TokenID> { history[done...] }
    /// Whether it runs more than the token that was generated last.
    var isPrefilled: Bool { generated == 0 || pending.count > 1 }
    /// The generated tokens.
    var tokens: [TokenID] { Array(history.suffix(generated)) }

    /// Notes that ``pending`` was run.
    func ran() { done = history.count }

    /// Chooses the next token, which becomes part of the text with ``append(_:)``; nil where the logits
    /// are no finite numbers.
    func choose(from logits: Vector) -> GeneratedToken? {
        guard let token = sampler.next(from: logits, recent: history, position: generated) else {
            return nil
        }
        return GeneratedToken(
            request: index, position: generated, token: token,
            logProbabilities: request.alternatives.map {
                LogProbabilities(logits: logits, chosen: token, alternatives: $0)
            },
            endsRow: endReason(generated: generated + 1) != nil)
    }

    func append(_ token: TokenID) {
        history.append(token)
        generated += 1
    }

    /// Why there cannot be another token.
    var endReason: FinishReason? { endReason(generated: generated) }

    private func endReason(generated: Int) -> FinishReason? {
        if generated == request.maxNewTokens { return .length }
        let isFull = cache.count == cache.contextLength
        return isFull && request.contextPolicy != .slide ? .context : nil
    }

    /// Makes room in a full cache for the newest token; see ``ContextPolicy/slide``.
    func slideIfFull() {
        guard cache.count == cache.contextLength else { return }
        cache.truncate(to: 0)
        done = history.count - (cache.contextLength / 2 + 1)
    }
}
