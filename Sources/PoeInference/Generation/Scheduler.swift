import PoeCore
import PoeModel
import PoeNumerics

/// Rows that enter, run in step, and leave.
///
/// A round runs whatever each of its rows has pending, a whole prompt or one token, in the same passes.
/// Once its rows have entered, a round allocates nothing but closures where threads share its work, what
/// alternatives need, and what sorting a large vocabulary for top-p takes.
///
/// Where the key-value caches of all rows are larger than the processor's cache, rows take turns in
/// groups whose caches fit beside the weights: a group goes on for some tokens before the next does, and finds
/// its caches where it left them. (64 rows of the reference shape: 42,000 tokens a second together,
/// 50,000 in two groups.)
struct Scheduler {
    private(set) var results: [GenerationResult]
    private(set) var statistics = GenerationStatistics()

    private let engine: Engine
    private let requests: [GenerationRequest]
    private let maximumRows: Int
    private let logits: FloatBuffer
    private let clock = ContinuousClock()

    /// The rows of the group whose turn it is.
    private var rows: [Row] = []
    /// The rows of the other groups, the next one first.
    private var waiting: [[Row]]
    /// Rounds until the next group's turn.
    private var roundsLeft = Self.turn
    private let groupRows: Int
    private var nextRequest = 0
    /// Caches that no row is using.
    private var freeCaches: [KVCache]
    /// The inputs of a round: one for each row but those that share another's prompt.
    private var inputs: [Engine.Input] = []
    /// For each row, what was chosen for it in this round; nil where its logits are no numbers.
    private var chosen: [GeneratedToken?] = []

    /// Rounds of a turn: so many that fetching a group's caches does not count.
    private static let turn = 16
    /// Fewer rows would leave the matrix kernels waiting for weights.
    private static let leastGroup = 16
    /// Bytes of weights and caches that stay in a processor's last cache, of which others have their share.
    private static let cachedBytes = 20 << 20

    /// Rows for which it is worth waking the other threads to choose their tokens.
    private static let rowsChosenTogether = 4

    init(engine: Engine, requests: [GenerationRequest], maximumRows: Int) {
        self.engine = engine
        self.requests = requests
        self.maximumRows = max(1, min(maximumRows, requests.count))
        logits = FloatBuffer(count: self.maximumRows * engine.configuration.vocabularySize)
        let most = engine.configuration.contextLength
        results = requests.map { _ in GenerationResult() }
        let capacity = requests.reduce(1) { max($0, $1.positions(of: most)) }
        freeCaches = KVCache.batch(
            self.maximumRows, engine.configuration, engine.arithmetic, capacity: capacity)
        groupRows = Self.groupRows(
            of: self.maximumRows, engine: engine, cacheBytes: freeCaches[0].byteCount)
        let groups = (self.maximumRows + groupRows - 1) / groupRows
        waiting = [[Row]](repeating: [], count: groups - 1)
        inputs.reserveCapacity(self.maximumRows)
        chosen.reserveCapacity(self.maximumRows)
    }

    /// One token for every row; false when all requests are done.
    mutating func round(
        _ onToken: (GeneratedToken) -> Continuation
    ) throws(GenerationError) -> Bool {
        // Requests for no token at all leave a group empty while others go on.
        repeat {
            takeTurns()
            admit()
        } while rows.isEmpty && waiting.contains { !$0.isEmpty }
        guard !rows.isEmpty else { return false }
        let start = clock.now
        let work = run()
        choose()
        statistics.add(work, clock.now - start)
        return try tell(onToken)
    }

    /// Groups of equal size that fit the processor's cache; one group if they need not, or if the weights
    /// have to be fetched in every pass anyway.
    private static func groupRows(of rows: Int, engine: Engine, cacheBytes: Int) -> Int {
        let room = cachedBytes - engine.weights.byteCount
        let most = room / max(1, cacheBytes)
        guard most >= leastGroup, most < rows else { return rows }
        let groups = (rows + most - 1) / most
        return (rows + groups - 1) / groups
    }

    /// Makes way for the next group when this one has had its turn or is done.
    private mutating func takeTurns() {
        guard !waiting.isEmpty else { return }
        roundsLeft -= 1
        guard roundsLeft < 0 || rows.isEmpty else { return }
        roundsLeft = Self.turn - 1
        for _ in 0...waiting.count {
            waiting.append(rows)
            rows = waiting.removeFirst()
            if !rows.isEmpty || nextRequest < requests.count { return }
        }
    }

    /// Fills the group's free places with the next requests.
    private mutating func admit() {
        while rows.count < groupRows, nextRequest < requests.count, let cache = freeCaches.last {
            let request = requests[nextRequest]
            if request.maxNewTokens > 0 {
                freeCaches.removeLast()
                let prompt = request.prompt.suffix(engine.configuration.contextLength)
                results[nextRequest].promptTokens = prompt.count
                rows.append(
                    Row(
                        nextRequest, request, prompt: prompt, cache: cache,
                        kernels: engine.compute.kernels))
            } else {
                results[nextRequest].finishReason = .length
            }
            nextRequest += 1
        }
    }

    /// Runs the rows' pending tokens; equal prompts that begin together (samples) are run once.
    private mutating func run() -> GenerationStatistics.Work {
        var work = GenerationStatistics.Work()
        for i in rows.indices {
            let row = rows[i]
            if row.generated == 0, let twin = twin(of: row, before: i) {
                row.place = twin.place
                continue
            }
            row.place = inputs.count
            inputs.append(Engine.Input(row.cache, row.pending))
            if row.isPrefilled { work.prefill += row.pending.count } else { work.decode += 1 }
        }
        engine.prefill(inputs, into: view(inputs.count))
        // Before the rows change their tokens: what is still referred to would be copied.
        inputs.removeAll(keepingCapacity: true)
        for i in rows.indices {
            let row = rows[i]
            if row.cache.count == 0, let twin = twin(of: row, before: i) {
                row.cache.copy(from: twin.cache)
            }
            row.ran()
        }
        return work
    }

    /// An earlier row that begins with the same tokens in this round.
    private func twin(of row: Row, before end: Int) -> Row? {
        rows[..<end].first { $0.generated == 0 && $0.history == row.history }
    }

    private func view(_ count: Int) -> Matrix {
        logits.matrix(rows: count, columns: engine.configuration.vocabularySize)
    }

    /// Chooses each row's next token.
    private mutating func choose() {
        chosen.removeAll(keepingCapacity: true)
        let logits = view(maximumRows)
        guard rows.count >= Self.rowsChosenTogether else {
            for row in rows { chosen.append(row.choose(from: logits.row(row.place))) }
            return
        }
        let rows = rows
        let pool = engine.compute.pool
        let parts = min(pool.threads, rows.count)
        for _ in rows { chosen.append(nil) }
        unsafe chosen.withUnsafeMutableBufferPointer { chosen in
            let chosen = unsafe chosen
            pool.run(parts) { part in
                for i in rows.count * part / parts..<rows.count * (part + 1) / parts {
                    unsafe chosen[i] = rows[i].choose(from: logits.row(rows[i].place))
                }
            }
        }
    }

    /// Tells of the chosen tokens, row by row, and lets go of rows that end.
    ///
    /// - Returns: False when everything is interrupted.
    private mutating func tell(
        _ onToken: (GeneratedToken) -> Continuation
    ) throws(GenerationError) -> Bool {
        var kept = 0
        for i in rows.indices {
            let row = rows[i]
            guard let token = chosen[i] else {
                throw .notFinite(request: row.index, position: row.generated)
            }
            row.append(token.token)
            let reason: FinishReason?
            switch onToken(token) {
            case .interruptAll:
                for other in [rows[..<kept], rows[i...]].joined() { end(other, .interrupt) }
                for other in waiting.joined() { end(other, .interrupt) }
                return false
            case .stop: reason = .stop
            case .interrupt: reason = .interrupt
            case .proceed: reason = row.endReason
            }
            if let reason {
                end(row, reason)
            } else {
                row.slideIfFull()
                rows[kept] = row
                kept += 1
            }
        }
        rows.removeLast(rows.count - kept)
        return true
    }

    private mutating func end(_ row: Row, _ reason: FinishReason) {
        results[row.index].tokens = row.tokens
        results[row.index].finishReason = reason
        row.cache.truncate(to: 0)
        freeCaches.append(row.cache)
    }
}

extension GenerationStatistics {
    /// Tokens that one round runs.
    struct Work {
        var prefill = 0
        var decode = 0
    }

    /// Counts a round; its time is shared out by tokens.
    mutating func add(_ work: Work, _ time: Duration) {
        let prefillTime = time * work.prefill / max(1, work.prefill + work.decode)
        prefillTokens += work.prefill
        decodeTokens += work.decode
        prefillDuration += prefillTime
        decodeDuration += time - prefillTime
    }
}
