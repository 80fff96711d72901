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
/// One engine belongs to one caller at a time; engines on the same ``PackedWeights`` are independent.
package final class Engine {
    /// Tokens that a row has to run next.
    package struct Input {
        /// The row's state; the tokens go to positions `cache.count ...`.
        package let cache: KVCache
        /// At least one token, each below the vocabulary's size, that fit into the cache.
        package let tokens: [TokenID]

        /// Tokens for the row that `cache` belongs to.
        package init(_ cache: KVCache, _ tokens: [TokenID]) {
            self.cache = cache
            self.tokens = tokens
        }
    }

    /// Positions of one pass through the layers: enough for the matrix kernels to run at full speed;
    /// more would only take memory.
    package static let positionsPerPass = 256

    /// The sizes of the model.
    package var configuration: ModelConfiguration { weights.configuration }

    let compute: Compute
    let weights: PackedWeights
    private let scratch: EngineScratch

    /// Makes an engine with its own threads.
    ///
    /// - Parameters:
    ///   - weights: Packed with the same kernel set.
    ///   - threads: Including the caller's.
    package init(_ weights: PackedWeights, threads: Int, kernels: KernelSet = .best) {
        self.weights = weights
        compute = Compute(threads: threads, kernels: kernels)
        scratch = EngineScratch(weights.configuration, positions: Self.positionsPerPass)
    }

    /// Packs `weights` and makes an engine.
    package convenience init(_ weights: ModelWeights, threads: Int, kernels: KernelSet = .best) {
        let compute = Compute(threads: 1, kernels: kernels)
        self.init(PackedWeights(weights, compute: compute), threads: threads, kernels: kernels)
    }

    /// An empty cache for one row.
    package func makeCache(capacity: Int? = nil) -> KVCache {
        KVCache(configuration, capacity: capacity)
    }

    /// Runs all tokens of each row and writes the logits of each row's last token.
    ///
    /// - Parameters:
    ///   - inputs: The rows, each with a cache of its own.
    ///   - logits: Overwritten, `[inputs.count, V]`: row `i` belongs to `inputs[i]`.
    package func prefill(_ inputs: [Input], into logits: Matrix) {
        precondition(
            logits.rows == inputs.count, "\(logits.rows) rows of logits for \(inputs.count) inputs")
        guard !inputs.isEmpty else { return }
        let last = scratch.lastHidden(inputs.count)
        run(inputs) { pass, hidden in
            for (i, place) in pass.places.enumerated() where place.isLast {
                last.row(place.input).copy(from: hidden.row(i))
            }
        }
        head(last, into: logits)
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

    /// Runs all tokens of each row and hands over the logits of every position, some rows at a time.
    ///
    /// - Parameter body: Gets, for each row of the logits, which token of which input it follows. The
    ///   places come in order: input by input, token by token. The logits may be overwritten.
    func allLogits(_ inputs: [Input], _ body: (ArraySlice<Place>, Matrix) -> Void) {
        run(inputs) { pass, hidden in
            var start = 0
            while start < hidden.rows {
                let end = min(hidden.rows, start + scratch.headRows)
                let logits = scratch.logits(end - start)
                head(hidden.rows(start..<end), into: logits)
                body(pass.places[start..<end], logits)
                start = end
            }
        }
    }

    /// One position of a pass: which token of which input it runs.
    struct Place {
        let input: Int
        let token: Int
        /// Whether it is the input's last token.
        let isLast: Bool
    }

    /// What goes through the layers together: at most ``positionsPerPass`` positions.
    struct Pass {
        var places: [Place] = []
        /// For each position its token, its place in the text, and its row's cache.
        var tokens: [TokenID] = []
        var positions: [Int] = []
        var caches: [KVCache] = []
    }

    /// Cuts the inputs into passes and runs them in order; `body` gets the hidden states `[n, C]`
    /// after the last block.
    private func run(_ inputs: [Input], _ body: (Pass, Matrix) -> Void) {
        var pass = Pass()
        for (i, input) in inputs.enumerated() {
            let start = input.cache.count
            check(input)
            for (t, token) in input.tokens.enumerated() {
                pass.places.append(
                    Place(input: i, token: t, isLast: t == input.tokens.count - 1))
                pass.tokens.append(token)
                pass.positions.append(start + t)
                pass.caches.append(input.cache)
                if pass.tokens.count == Self.positionsPerPass {
                    body(pass, runLayers(pass))
                    pass = Pass()
                }
            }
        }
        if !pass.tokens.isEmpty { body(pass, runLayers(pass)) }
        for input in inputs { input.cache.advance(by: input.tokens.count) }
    }

    private func check(_ input: Input) {
        let most = input.cache.capacity - input.cache.count
        precondition(
            1...max(1, most) ~= input.tokens.count && most > 0,
            "\(input.tokens.count) tokens for a cache with room for \(most)")
        precondition(
            input.tokens.allSatisfy { $0 < configuration.vocabularySize },
            "a token is outside the vocabulary of \(configuration.vocabularySize)")
    }

    /// The hidden states after the last block, `[n, C]`, of the positions of `pass`.
    private func runLayers(_ pass: Pass) -> Matrix {
        let s = scratch.views(pass.tokens.count)
        let c = configuration.modelDimension
        let counts = pass.positions.map { $0 + 1 }  // a position sees itself
        for (i, token) in pass.tokens.enumerated() {
            sum(
                weights.tokenTable.row(Int(token)), weights.positionTable.row(pass.positions[i]),
                into: s.x.row(i))
        }
        for (layer, block) in weights.blocks.enumerated() {
            norm(s.x, block.attentionNorm, s, into: s.normed)
            linear(s.normed, block.qkv, into: s.qkv)
            for (i, cache) in pass.caches.enumerated() {
                let row = s.qkv.row(i)
                cache.keys(layer).row(pass.positions[i]).copy(from: row[c..<2 * c])
                cache.values(layer).row(pass.positions[i]).copy(from: row[2 * c..<3 * c])
            }
            compute.attendCached(
                queries: s.qkv.columns(0..<c),
                caches: pass.caches.map { ($0.keys(layer), $0.values(layer)) },
                counts: counts, headCount: configuration.headCount, into: s.attended)
            linear(s.attended, block.attentionOutput, into: s.x, accumulate: true)

            norm(s.x, block.feedForwardNorm, s, into: s.normed)
            linear(s.normed, block.up, into: s.hidden)
            compute.activate(s.hidden, configuration.activation, into: s.hidden)
            linear(s.hidden, block.down, into: s.x, accumulate: true)
        }
        return s.x
    }

    /// Logits from hidden states: `[n, C]` to `[n, V]`, `n` at most ``EngineScratch/headRows`` or the
    /// number of rows of the last prefill.
    private func head(_ hidden: Matrix, into logits: Matrix) {
        var start = 0
        while start < hidden.rows {
            let end = min(hidden.rows, start + Self.positionsPerPass)
            let s = scratch.views(end - start)
            norm(hidden.rows(start..<end), weights.finalNorm, s, into: s.normed)
            linear(s.normed, weights.head, into: logits.rows(start..<end))
            start = end
        }
    }

    private func norm(
        _ x: Matrix, _ norm: PackedWeights.Norm, _ s: EngineScratch.Views, into out: Matrix
    ) {
        compute.layerNorm(
            x, gain: norm.gain, bias: norm.bias, epsilon: configuration.normEpsilon, into: out,
            mean: s.mean, inverseDeviation: s.inverseDeviation)
    }

    private func linear(
        _ x: Matrix, _ linear: PackedWeights.Linear, into out: Matrix, accumulate: Bool = false
    ) {
        compute.multiply(x, linear.weight, into: out, accumulate: accumulate, bias: linear.bias)
    }

    /// `out = a + b`, element by element.
    private func sum(_ a: Vector, _ b: Vector, into out: Vector) {
        for i in 0..<out.count { out[i] = a[i] + b[i] }
    }
}
