import PoeCore
import PoeNumerics

extension Engine {
    /// Continues many texts at once.
    ///
    /// Up to `maximumRows` rows run side by side; when one ends, the next request takes its place. A
    /// row's tokens depend on its own request alone: not on the others, their order, or `maximumRows`.
    ///
    /// - Parameters:
    ///   - requests: The texts.
    ///   - maximumRows: Rows at a time; memory grows by ``KVCache/bytes(_:_:)`` for each.
    ///   - onToken: Told of every token in order of position within a row; rows that run side by side
    ///     take turns, in the order of the requests.
    /// - Returns: One result for each request, in order, and the work done for all of them.
    package func generate(
        _ requests: [GenerationRequest], maximumRows: Int = 32,
        onToken: (GeneratedToken) -> Continuation = { _ in .proceed }
    ) throws(GenerationError) -> (results: [GenerationResult], statistics: GenerationStatistics) {
        for (i, request) in requests.enumerated() { try check(request, i) }
        var scheduler = Scheduler(engine: self, requests: requests, maximumRows: maximumRows)
        while try scheduler.round(onToken) {}
        return (scheduler.results, scheduler.statistics)
    }

    private func check(_ request: GenerationRequest, _ index: Int) throws(GenerationError) {
        do { try request.sampling.validate() } catch { throw .sampling(error) }
        guard !request.prompt.isEmpty else { throw .emptyPrompt(request: index) }
        let size = configuration.vocabularySize
        if let token = request.prompt.first(where: { $0 >= size }) {
            throw .unknownToken(request: index, token: token, vocabularySize: size)
        }
        guard request.contextPolicy == .error else { return }
        // The last token is not run, so it needs no position.
        let room = configuration.contextLength - request.prompt.count + 1
        guard request.maxNewTokens <= max(0, room), room > 0 else {
            throw .contextTooShort(
                request: index, promptTokens: request.prompt.count,
                newTokens: request.maxNewTokens, contextLength: configuration.contextLength)
        }
    }
}
