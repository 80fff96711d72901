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
    ///   - maximumRows: Rows at a time; memory grows by ``KVCache/bytes(_:)`` for each.
    ///   - onToken: Told of every token in order of position within a row; rows that run side by side
    ///     take turns, in the order of the requests.
    /// - Returns: One result for each request, in order, and the work done for all of them.
    package func generate(
        _ requests: [GenerationRequest], maximumRows: Int = 32,
        onToken: (GeneratedToken) -> Continuation = { _ in .proceed }
    ) throws(GenerationError) -> (results: [GenerationResult], statistics: GenerationStatistics) {
        for (i, request) in requests.enumerated() { try check(request, i) }
        var scheduler = Scheduler(engine: self, requests: requests, maximumRows: maximumRows)
        while scheduler.round(onToken) {}
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

/// A row that is running.
private final class Row {
    let index: Int
    let request: GenerationRequest
    let cache: KVCache
    var sampler: Sampler
    /// The prompt as far as it was used, then what was generated.
    var history: [TokenID]
    /// Tokens at the end of `history` that have not been run.
    var pending: [TokenID]
    var generated = 0

    init(_ index: Int, _ request: GenerationRequest, prompt: [TokenID], cache: KVCache) {
        self.index = index
        self.request = request
        self.cache = cache
        sampler = Sampler(request.sampling, sample: request.sample)
        history = prompt
        pending = prompt
    }

    /// Makes room for the newest token in a full cache; see ``ContextPolicy/slide``.
    func slide(contextLength: Int) {
        cache.truncate(to: 0)
        pending = Array(history.suffix(contextLength / 2 + 1))
    }
}

/// Rows that enter, run in step, and leave.
private struct Scheduler {
    let engine: Engine
    let requests: [GenerationRequest]
    let maximumRows: Int
    var results: [GenerationResult]
    var statistics = GenerationStatistics()

    private var rows: [Row] = []
    private var nextRequest = 0
    private let logits: FloatBuffer
    private let clock = ContinuousClock()
    private var contextLength: Int { engine.configuration.contextLength }

    init(engine: Engine, requests: [GenerationRequest], maximumRows: Int) {
        self.engine = engine
        self.requests = requests
        self.maximumRows = max(1, min(maximumRows, requests.count))
        logits = FloatBuffer(count: self.maximumRows * engine.configuration.vocabularySize)
        let most = engine.configuration.contextLength
        results = requests.map {
            GenerationResult(
                promptTokens: min($0.prompt.count, most), cutTokens: max(0, $0.prompt.count - most))
        }
    }

    /// One token for every row; false when all requests are done.
    mutating func round(_ onToken: (GeneratedToken) -> Continuation) -> Bool {
        admit()
        guard !rows.isEmpty else { return false }
        // Rows with several tokens to run come first, so that each kind has its rows of the logits.
        let prefilled = rows.filter { $0.pending.count > 1 || $0.generated == 0 }
        let stepped = rows.filter { $0.pending.count == 1 && $0.generated > 0 }

        let start = clock.now
        prefill(prefilled, logits: view(0..<prefilled.count))
        let middle = clock.now
        if !stepped.isEmpty {
            engine.step(
                stepped.map(\.cache), tokens: stepped.map { $0.pending[0] },
                into: view(prefilled.count..<rows.count))
            statistics.decodeTokens += stepped.count
        }
        let goesOn = choose(prefilled + stepped, onToken)
        statistics.prefillDuration += middle - start
        if !stepped.isEmpty { statistics.decodeDuration += clock.now - middle }
        return goesOn
    }

    private func view(_ range: Range<Int>) -> Matrix {
        logits.matrix(rows: maximumRows, columns: engine.configuration.vocabularySize).rows(range)
    }

    /// Fills free places with the next requests.
    private mutating func admit() {
        while rows.count < maximumRows, nextRequest < requests.count {
            let request = requests[nextRequest]
            if request.maxNewTokens > 0 {
                let prompt = Array(request.prompt.suffix(contextLength))
                let capacity = prompt.count + min(request.maxNewTokens, contextLength)
                rows.append(
                    Row(
                        nextRequest, request, prompt: prompt,
                        cache: engine.makeCache(capacity: capacity)))
            } else {
                results[nextRequest].finishReason = .length
            }
            nextRequest += 1
        }
    }

    /// Runs the rows' pending tokens; equal prompts that begin together (samples) are run once.
    private mutating func prefill(_ rows: [Row], logits: Matrix) {
        var first: [[TokenID]: Int] = [:]
        var unique: [Row] = []
        let places = rows.map { row in
            if row.generated == 0, let place = first[row.pending] { return place }
            if row.generated == 0 { first[row.pending] = unique.count }
            unique.append(row)
            return unique.count - 1
        }
        statistics.prefillTokens += unique.reduce(0) { $0 + $1.pending.count }
        engine.prefill(
            unique.map { Engine.Input($0.cache, $0.pending) }, into: logits.rows(0..<unique.count))
        // From the back, so that no logits are overwritten before they are copied.
        for i in rows.indices.reversed() where places[i] != i {
            logits.row(i).copy(from: logits.row(places[i]))
        }
        for (row, place) in zip(rows, places) where row !== unique[place] {
            row.cache.copy(from: unique[place].cache)
        }
    }

    /// Chooses each row's next token, row `i` of `order` having logits `i`.
    ///
    /// - Returns: False when everything is interrupted.
    private mutating func choose(
        _ order: [Row], _ onToken: (GeneratedToken) -> Continuation
    ) -> Bool {
        let places = Dictionary(
            uniqueKeysWithValues: order.enumerated().map { ($1.index, $0) })
        var ended: Set<Int> = []
        for row in rows {
            guard let place = places[row.index] else { continue }
            let token = choose(row, view(place..<place + 1).row(0))
            switch onToken(token) {
            case .interruptAll: return false
            case .stop: end(row, .stop, &ended)
            case .interrupt: end(row, .interrupt, &ended)
            case .proceed: advance(row, &ended)
            }
        }
        rows.removeAll { ended.contains($0.index) }
        return true
    }

    private mutating func choose(_ row: Row, _ logits: Vector) -> GeneratedToken {
        let token = row.sampler.next(
            from: logits, recent: row.history, position: row.generated)
        let event = GeneratedToken(
            request: row.index, position: row.generated, token: token,
            logProbabilities: row.request.alternatives.map {
                LogProbabilities(logits: logits, chosen: token, alternatives: $0)
            },
            endsRow: endReason(row, generated: row.generated + 1) != nil)
        row.history.append(token)
        row.generated += 1
        row.pending = [token]
        results[row.index].tokens.append(token)
        return event
    }

    /// Ends a row that has all its tokens or no room; else prepares its next token.
    private mutating func advance(_ row: Row, _ ended: inout Set<Int>) {
        if let reason = endReason(row, generated: row.generated) {
            end(row, reason, &ended)
        } else if row.cache.count == contextLength {
            row.slide(contextLength: contextLength)
        }
    }

    /// Why a row that has generated this many tokens cannot have another.
    private func endReason(_ row: Row, generated: Int) -> FinishReason? {
        if generated == row.request.maxNewTokens { return .length }
        let isFull = row.cache.count == contextLength
        return isFull && row.request.contextPolicy != .slide ? .context : nil
    }

    private mutating func end(_ row: Row, _ reason: FinishReason, _ ended: inout Set<Int>) {
        results[row.index].finishReason = reason
        ended.insert(row.index)
    }
}
