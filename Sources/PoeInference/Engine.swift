package import PoeCore
package import PoeModel
package import PoeNumerics

/// Runs the model on token ids: tokens in, logits out, for many rows at once.
///
/// A *row* is one text in progress; its state is its ``KVCache``. Rows enter and leave at any call. In
/// each layer the tokens of all rows go through one matrix product. The logits of a row are the same
/// bits whatever the other rows, their number, the thread count and the kernel set, and whether its
/// tokens came in one prefill, in several, or one by one.
///
/// One engine belongs to one caller at a time; engines on the same ``PoeModel/PackedWeights`` are
/// independent. Once its scratch memory has grown to the largest pass, ``prefill(_:into:)`` allocates
/// nothing, except in f32 a closure for each operation that threads share.
package final class Engine {
    /// Tokens that a row has to run next.
    package struct Input {
        /// The row's state; the tokens go to positions `cache.count ...`.
        package let cache: KVCache
        /// At least one token, each below the vocabulary's size, that fit into the cache.
        package let tokens: ArraySlice<TokenID>

        /// Tokens for the row that `cache` belongs to.
        package init(_ cache: KVCache, _ tokens: ArraySlice<TokenID>) {
            self.cache = cache
            self.tokens = tokens
        }

        /// Tokens for the row that `cache` belongs to.
        package init(_ cache: KVCache, _ tokens: [TokenID]) { self.init(cache, tokens[...]) }
    }

    /// Positions of one pass through the layers: enough for the matrix kernels to run at full speed;
    /// more would only take memory.
    package static let positionsPerPass = 256

    /// The sizes of the model.
    package var configuration: ModelConfiguration { weights.configuration }
    /// How its products are made.
    package var arithmetic: Arithmetic { weights.arithmetic }

    let compute: Compute
    let weights: PackedWeights
    private let forward: any Forward
    private let pass = Pass(capacity: Engine.positionsPerPass)
    /// Logits held at a time when every position's are asked for.
    private var allLogits: FloatBuffer?

    /// Most bytes of ``allLogits``: 32 MiB.
    private static let allLogitsCount = 1 << 23

    /// Makes an engine with its own threads.
    ///
    /// - Parameters:
    ///   - weights: Packed with the same kernel set.
    ///   - threads: Including the caller's.
    package init(_ weights: PackedWeights, threads: Int, kernels: KernelSet = .best) {
        self.weights = weights
        compute = Compute(threads: threads, kernels: kernels)
        switch weights.form {
        case .f32(let layers, let table):
            forward = FloatForward(
                weights, layers, tokenTable: table, compute: compute,
                positions: Self.positionsPerPass)
        case .int8(let layers, let table):
            forward = IntegerForward(
                weights, layers, tokenTable: table, compute: compute,
                positions: Self.positionsPerPass)
        }
    }

    /// Packs `weights` and makes an engine.
    package convenience init(
        _ weights: ModelWeights, arithmetic: Arithmetic = .f32, threads: Int,
        kernels: KernelSet = .best
    ) {
        let compute = Compute(threads: 1, kernels: kernels)
        self.init(
            PackedWeights(weights, arithmetic: arithmetic, compute: compute), threads: threads,
            kernels: kernels)
    }

    /// An empty cache for one row.
    package func makeCache(capacity: Int? = nil) -> KVCache {
        KVCache(configuration, arithmetic: arithmetic, capacity: capacity)
    }

    /// Runs all tokens of each row and writes the logits of each row's last token.
    ///
    /// - Parameters:
    ///   - inputs: The rows, each with a cache of its own.
    ///   - logits: Overwritten, `[inputs.count, V]`: row `i` belongs to `inputs[i]`.
    package func prefill(_ inputs: [Input], into logits: Matrix) {
        precondition(
            logits.rows == inputs.count, "\(logits.rows) rows of logits for \(inputs.count) inputs")
        var done = 0
        for input in inputs {
            check(input)
            for i in input.tokens.indices {
                append(input, i, isWanted: i == input.tokens.endIndex - 1)
                if pass.count == pass.capacity { runPass(into: logits, &done) }
            }
        }
        runPass(into: logits, &done)
        for input in inputs { input.cache.advance(by: input.tokens.count) }
    }

    /// Runs one more token of each row: `tokens[i]` after what `caches[i]` holds.
    ///
    /// - Parameter logits: Overwritten, `[tokens.count, V]`.
    package func step(_ caches: [KVCache], tokens: [TokenID], into logits: Matrix) {
        precondition(caches.count == tokens.count, "\(caches.count) rows, \(tokens.count) tokens")
        prefill(zip(caches, tokens).map { Input($0, [$1]) }, into: logits)
    }

    /// The logits of every position of one text: `[T, V]`, at most the context length of tokens.
    package func logits(_ tokens: [TokenID]) -> [[Float]] {
        var rows: [[Float]] = []
        allLogits([Input(makeCache(capacity: tokens.count), tokens)]) { _, logits in
            for r in 0..<logits.rows {
                rows.append((0..<logits.columns).map { logits[r, $0] })
            }
        }
        return rows
    }

    /// One position of ``allLogits(_:_:)``: which token of which input it runs.
    struct Place {
        let input: Int
        let token: Int
    }

    /// Runs all tokens of each row and hands over the logits of every position, some at a time.
    ///
    /// - Parameter body: Gets, for each row of the logits, which token of which input it follows. The
    ///   places come in order: input by input, token by token. The logits may be overwritten.
    func allLogits(_ inputs: [Input], _ body: ([Place], Matrix) -> Void) {
        let size = configuration.vocabularySize
        let most = max(1, min(pass.capacity, Self.allLogitsCount / size))
        let buffer = allLogits ?? FloatBuffer(count: most * size)
        allLogits = buffer
        var places: [Place] = []
        func run() {
            let logits = buffer.matrix(rows: places.count, columns: size)
            var done = 0
            runPass(into: logits, &done)
            body(places, logits)
            places.removeAll(keepingCapacity: true)
        }
        for (number, input) in inputs.enumerated() {
            check(input)
            for i in input.tokens.indices {
                append(input, i, isWanted: true)
                places.append(Place(input: number, token: i - input.tokens.startIndex))
                if places.count == most { run() }
            }
        }
        if !places.isEmpty { run() }
        for input in inputs { input.cache.advance(by: input.tokens.count) }
    }

    private func check(_ input: Input) {
        let room = input.cache.capacity - input.cache.count
        precondition(
            !input.tokens.isEmpty && input.tokens.count <= room,
            "\(input.tokens.count) tokens for a cache with room for \(room)")
        precondition(
            input.cache.arithmetic == arithmetic,
            "a cache in \(input.cache.arithmetic) for an engine in \(arithmetic)")
    }

    private func append(_ input: Input, _ i: Int, isWanted: Bool) {
        let token = input.tokens[i]
        precondition(
            token < configuration.vocabularySize,
            "token \(token) is outside the vocabulary of \(configuration.vocabularySize)")
        pass.append(
            token, at: input.cache.count + i - input.tokens.startIndex, of: input.cache,
            isWanted: isWanted)
    }

    /// Runs the positions that are waiting; their logits follow the first `done` rows.
    private func runPass(into logits: Matrix, _ done: inout Int) {
        guard pass.count > 0 else { return }
        let end = done + pass.wantedCount
        forward.run(pass, into: logits.rows(done..<end))
        done = end
        pass.removeAll()
    }
}
