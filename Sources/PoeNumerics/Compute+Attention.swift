import CPoeKernels

extension Compute {
    /// Causal attention of `batch` windows of `T` positions, `H` heads of width `D = C / H`.
    ///
    ///     out[t] = sum over s <= t of dropout(softmax_s(q[t] . k[s] / sqrt(D))) v[s]
    ///
    /// - Parameters:
    ///   - qkv: `[batch * T, 3 C]`: queries, keys and values, in each the heads side by side.
    ///   - out: Overwritten, `[batch * T, C]`.
    ///   - logSumExp: Overwritten, `[batch * H * T]`, kept for the backward pass.
    ///   - precision: What the operands of both products are rounded to; the softmax is f32.
    ///   - dropout: Of the probabilities; element `((b * H + h) * T + t) * T + s` of its mask.
    package func attention(
        qkv: Matrix, batch: Int, headCount: Int, into out: Matrix, logSumExp: Vector,
        dropout: Dropout?, precision: Precision = .f32
    ) {
        times?.begin(.attention)
        defer { times?.end() }
        unsafe withMask(dropout) { mask in
            var arguments = unsafe attentionArguments(
                qkv, out, logSumExp, batch: batch, headCount: headCount, precision)
            unsafe arguments.dropout = mask
            let length = unsafe arguments.length
            let scratch = unsafe jobScratch(
                table.attention_scratch(length, arguments.dimension))
            let attend = unsafe table.attention
            unsafe withUnsafePointer(to: arguments) { arguments in
                unsafe forEachJob(batch * headCount, scratch) { job, memory in
                    unsafe attend?(arguments, job, memory)
                }
            }
        }
    }

    /// The gradient of ``attention(qkv:batch:headCount:into:logSumExp:dropout:precision:)`` by qkv; the
    /// probabilities are computed again from `logSumExp`.
    ///
    /// - Parameters:
    ///   - dOut: `[batch * T, C]`.
    ///   - out: What the forward pass wrote.
    ///   - dQKV: Overwritten, `[batch * T, 3 C]`.
    ///   - precision: As in the forward pass.
    package func attentionBackward(
        dOut: Matrix, qkv: Matrix, out: Matrix, logSumExp: Vector, batch: Int, headCount: Int,
        dropout: Dropout?, into dQKV: Matrix, precision: Precision = .f32
    ) {
        times?.begin(.attention)
        defer { times?.end() }
        checkSame(dOut, out)
        checkSame(dQKV, qkv)
        unsafe withMask(dropout) { mask in
            var arguments = unsafe attentionArguments(
                qkv, out, logSumExp, batch: batch, headCount: headCount, precision)
            unsafe arguments.dropout = mask
            unsafe arguments.d_out = UnsafePointer(dOut.pointer)
            unsafe arguments.d_out_row = dOut.stride
            unsafe arguments.d_qkv = dQKV.pointer
            unsafe arguments.d_qkv_row = dQKV.stride
            let length = unsafe arguments.length
            let scratch = unsafe jobScratch(
                table.attention_scratch(length, arguments.dimension))
            let attend = unsafe table.attention_backward
            unsafe withUnsafePointer(to: arguments) { arguments in
                unsafe forEachJob(batch * headCount, scratch) { job, memory in
                    unsafe attend?(arguments, job, memory)
                }
            }
        }
    }

    /// Attention of single queries over cached keys and values, for decoding.
    ///
    /// The same bits for a row whatever the batch it stands in; within 1e-5 of what
    /// ``attention(qkv:batch:headCount:into:logSumExp:dropout:precision:)`` gives.
    ///
    /// - Parameters:
    ///   - queries: `[R, C]`.
    ///   - caches: Keys and values of each row, `[capacity, C]`, heads side by side; rows may share.
    ///   - counts: How many cached positions, from the first, each row sees; at least 1.
    ///   - out: Overwritten, `[R, C]`.
    package func attendCached(
        queries: Matrix, caches: [(keys: Matrix, values: Matrix)], counts: [Int], headCount: Int,
        into out: Matrix
    ) {
        checkSame(queries, out)
        precondition(
            caches.count == queries.rows && counts.count == queries.rows && headCount >= 1
                && queries.columns % headCount == 0,
            "\(queries.rows) queries of width \(queries.columns), \(headCount) heads,"
                + " \(caches.count) caches, \(counts.count) counts")
        for (cache, count) in zip(caches, counts) {
            precondition(
                count >= 1 && count <= cache.keys.rows && count <= cache.values.rows
                    && cache.keys.columns == queries.columns
                    && cache.values.columns == queries.columns,
                "\(count) positions of a cache of \(cache.keys.rows)")
        }
        let dimension = queries.columns / headCount
        let scale = 1 / Float(dimension).squareRoot()
        let scratch = unsafe jobScratch((counts.max() ?? 0) + 16)
        unsafe forEachJob(queries.rows * headCount, scratch, pieces: 1) { job, memory in
            let (row, head) = job.quotientAndRemainder(dividingBy: headCount)
            let (keys, values) = caches[row]
            let lane = head * dimension
            unsafe table.attend_cached(
                queries.pointer + row * queries.stride + lane, keys.pointer + lane, keys.stride,
                values.pointer + lane, values.stride, counts[row], dimension, scale,
                out.pointer + row * out.stride + lane, memory)
        }
    }

    /// Runs the jobs, each with its thread's scratch memory.
    private func forEachJob(
        _ count: Int, _ scratch: (pointer: UnsafeMutablePointer<Float>, distance: Int),
        pieces: Int = piecesOfPart,
        _ body: (_ job: Int, _ memory: UnsafeMutablePointer<Float>) -> Void
    ) {
        splitParts(count, grain: 1, pieces: pieces) { part, jobs in
            let memory = unsafe scratch.pointer + part * scratch.distance
            for job in jobs { unsafe body(job, memory) }
        }
    }

    private func attentionArguments(
        _ qkv: Matrix, _ out: Matrix, _ logSumExp: Vector, batch: Int, headCount: Int,
        _ precision: Precision
    ) -> poe_attention {
        precondition(
            batch >= 1 && qkv.rows % batch == 0 && out.rows == qkv.rows
                && qkv.columns == 3 * out.columns && headCount >= 1
                && out.columns % headCount == 0 && logSumExp.count == headCount * qkv.rows,
            "attention of [\(qkv.rows), \(qkv.columns)] into [\(out.rows), \(out.columns)]:"
                + " \(batch) windows, \(headCount) heads, \(logSumExp.count) sums")
        let dimension = out.columns / headCount
        return unsafe poe_attention(
            qkv: qkv.pointer, qkv_row: qkv.stride, out: out.pointer, out_row: out.stride,
            log_sum_exp: logSumExp.pointer, d_out: nil, d_out_row: 0, d_qkv: nil, d_qkv_row: 0,
            length: qkv.rows / batch, heads: headCount, dimension: dimension,
            score_scale: 1 / Float(dimension).squareRoot(), dropout: nil,
            bf16: precision == .bf16 ? 1 : 0)
    }
}
