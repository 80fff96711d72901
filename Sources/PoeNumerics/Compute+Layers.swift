import CPoeKernels
package import PoeCore

extension Compute {
    /// Normalizes each row to mean 0 and variance 1, then applies gain and bias.
    ///
    ///     out[r, c] = (x[r, c] - mean[r]) * inverseDeviation[r] * gain[c] + bias[c]
    ///     inverseDeviation[r] = 1 / sqrt(variance(x[r]) + epsilon)
    ///
    /// - Parameters:
    ///   - x: `[R, C]`.
    ///   - out: Overwritten, `[R, C]`; may be `x`.
    ///   - mean: Overwritten, `[R]`, kept for the backward pass; so is `inverseDeviation`.
    package func layerNorm(
        _ x: Matrix, gain: Vector, bias: Vector?, epsilon: Float, into out: Matrix, mean: Vector,
        inverseDeviation: Vector
    ) {
        times?.begin(.rows)
        defer { times?.end() }
        checkSame(x, out)
        precondition(
            gain.count == x.columns && (bias?.count ?? x.columns) == x.columns
                && mean.count == x.rows && inverseDeviation.count == x.rows,
            "layer norm of [\(x.rows), \(x.columns)]: gain \(gain.count), mean \(mean.count)")
        split(x.rows, grain: rowGrain) { range in
            let first = range.lowerBound
            unsafe table.layer_norm(
                x.pointer + first * x.stride, x.stride, gain.pointer, bias?.pointer, epsilon,
                range.count, x.columns, out.pointer + first * out.stride, out.stride,
                mean.pointer + first, inverseDeviation.pointer + first)
        }
    }

    /// The gradients of ``layerNorm(_:gain:bias:epsilon:into:mean:inverseDeviation:)``, all added
    /// to what is there; `dGain` and `dBias` sum the rows in order.
    package func layerNormBackward(
        _ dOut: Matrix, x: Matrix, mean: Vector, inverseDeviation: Vector, gain: Vector,
        accumulate dX: Matrix, dGain: Vector, dBias: Vector?
    ) {
        times?.begin(.rows)
        defer { times?.end() }
        checkSame(x, dOut)
        checkSame(x, dX)
        precondition(
            gain.count == x.columns && dGain.count == x.columns
                && (dBias?.count ?? x.columns) == x.columns && mean.count == x.rows
                && inverseDeviation.count == x.rows,
            "layer norm of [\(x.rows), \(x.columns)]: gain \(gain.count), mean \(mean.count)")
        split(x.columns, grain: columnGrain) { range in
            unsafe table.layer_norm_gradients(
                dOut.pointer, dOut.stride, x.pointer, x.stride, mean.pointer,
                inverseDeviation.pointer, x.rows, range.lowerBound, range.upperBound,
                dGain.pointer, dBias?.pointer)
        }
        split(x.rows, grain: rowGrain) { range in
            let first = range.lowerBound
            unsafe table.layer_norm_backward(
                dOut.pointer + first * dOut.stride, dOut.stride, x.pointer + first * x.stride,
                x.stride, mean.pointer + first, inverseDeviation.pointer + first, gain.pointer,
                range.count, x.columns, dX.pointer + first * dX.stride, dX.stride)
        }
    }

    /// `out = activation(x)`, element by element; `out` may be `x`.
    package func activate(_ x: Matrix, _ kind: Activation, into out: Matrix) {
        times?.begin(.rows)
        defer { times?.end() }
        checkSame(x, out)
        split(x.rows, grain: rowGrain) { range in
            let first = range.lowerBound
            unsafe table.activate(
                kind.kernelCode, x.pointer + first * x.stride, x.stride, range.count, x.columns,
                out.pointer + first * out.stride, out.stride)
        }
    }

    /// `dX = dOut * activation'(x)`; overwrites `dX`, which may be `dOut`.
    package func activateBackward(
        _ dOut: Matrix, x: Matrix, _ kind: Activation, into dX: Matrix
    ) {
        times?.begin(.rows)
        defer { times?.end() }
        checkSame(x, dOut)
        checkSame(x, dX)
        split(x.rows, grain: rowGrain) { range in
            let first = range.lowerBound
            unsafe table.activate_backward(
                kind.kernelCode, dOut.pointer + first * dOut.stride, dOut.stride,
                x.pointer + first * x.stride, x.stride, range.count, x.columns,
                dX.pointer + first * dX.stride, dX.stride)
        }
    }

    /// `sums[c] += sum over r of x[r, c]`, the rows summed from zero in order.
    package func accumulateColumnSums(_ x: Matrix, into sums: Vector) {
        times?.begin(.rows)
        defer { times?.end() }
        precondition(sums.count == x.columns, "\(x.columns) columns into \(sums.count) sums")
        split(x.columns, grain: columnGrain) { range in
            unsafe table.column_sums(
                x.pointer, x.stride, x.rows, range.lowerBound, range.upperBound, sums.pointer)
        }
    }

    /// `out = residual + dropout(branch)`, or `residual + branch` without a dropout.
    ///
    /// `out` may be `residual`.
    ///
    /// Element (r, c) is element `r * columns + c` of the mask.
    package func addResidual(
        _ branch: Matrix, to residual: Matrix, dropout: Dropout?, into out: Matrix
    ) {
        times?.begin(.rows)
        defer { times?.end() }
        checkSame(branch, residual)
        checkSame(branch, out)
        unsafe withMask(dropout) { mask in
            split(branch.rows, grain: rowGrain) { range in
                let first = range.lowerBound
                unsafe table.add_residual(
                    branch.pointer + first * branch.stride, branch.stride, mask, first,
                    range.count, branch.columns, residual.pointer + first * residual.stride,
                    residual.stride, out.pointer + first * out.stride, out.stride)
            }
        }
    }

    /// `out = x * mask / (1 - rate)`, where `out` may be `x`.
    ///
    /// With the gradient in place of `x` this is its own backward pass. Element (r, c) is element `r * columns + c` of the mask.
    package func dropout(_ x: Matrix, _ dropout: Dropout, into out: Matrix) {
        times?.begin(.rows)
        defer { times?.end() }
        checkSame(x, out)
        unsafe withMask(dropout) { mask in
            split(x.rows, grain: rowGrain) { range in
                let first = range.lowerBound
                unsafe table.dropout(
                    x.pointer + first * x.stride, x.stride, mask, first, range.count, x.columns,
                    out.pointer + first * out.stride, out.stride)
            }
        }
    }

    /// The loss of each row, and the gradient of the logits.
    ///
    ///     losses[r] = -log softmax(logits[r])[targets[r]]
    ///
    /// - Parameters:
    ///   - logits: `[R, V]`; overwritten by `gradientScale * (softmax - onehot)` where that is
    ///     given, otherwise left alone.
    ///   - targets: `R` ids below `V`.
    ///   - losses: Overwritten, `[R]`, in nats.
    package func softmaxCrossEntropy(
        _ logits: Matrix, targets: [TokenID], losses: Vector, gradientScale: Float?
    ) {
        times?.begin(.loss)
        defer { times?.end() }
        precondition(
            targets.count == logits.rows && losses.count == logits.rows,
            "\(targets.count) targets, \(logits.rows) rows of logits, \(losses.count) losses")
        checkTokens(targets, below: logits.columns)
        unsafe targets.withUnsafeBufferPointer { targets in
            guard let targets = targets.baseAddress else { return }
            unsafe withOptionalPointer(to: gradientScale) { scale in
                split(logits.rows, grain: rowGrain) { range in
                    let first = range.lowerBound
                    unsafe table.softmax_cross_entropy(
                        logits.pointer + first * logits.stride, logits.stride, targets + first,
                        range.count, logits.columns, losses.pointer + first, scale)
                }
            }
        }
    }

    /// `out[i] = tokenTable[tokens[i]] + positionTable[i % contextLength]`.
    package func embed(
        _ tokens: [TokenID], tokenTable: Matrix, positionTable: Matrix, contextLength: Int,
        into out: Matrix
    ) {
        times?.begin(.embeddings)
        defer { times?.end() }
        checkEmbedding(
            tokens, tokenTable, positionTable, contextLength: contextLength, rows: out)
        unsafe tokens.withUnsafeBufferPointer { tokens in
            guard let tokens = tokens.baseAddress else { return }
            split(out.rows, grain: rowGrain) { range in
                let first = range.lowerBound
                unsafe table.embed(
                    tokens + first, first, range.count, tokenTable.pointer, tokenTable.stride,
                    positionTable.pointer, positionTable.stride, contextLength, out.columns,
                    out.pointer + first * out.stride, out.stride)
            }
        }
    }

    /// Adds the rows of `dOut` to the rows of the tables that they came from, in order of `i`.
    package func embedBackward(
        _ dOut: Matrix, _ tokens: [TokenID], contextLength: Int, dTokenTable: Matrix,
        dPositionTable: Matrix
    ) {
        times?.begin(.embeddings)
        defer { times?.end() }
        checkEmbedding(
            tokens, dTokenTable, dPositionTable, contextLength: contextLength, rows: dOut)
        unsafe tokens.withUnsafeBufferPointer { tokens in
            guard let tokens = tokens.baseAddress else { return }
            split(dOut.columns, grain: columnGrain) { range in
                unsafe table.embed_backward(
                    dOut.pointer, dOut.stride, tokens, dOut.rows, contextLength, range.lowerBound,
                    range.upperBound, dTokenTable.pointer, dTokenTable.stride,
                    dPositionTable.pointer, dPositionTable.stride)
            }
        }
    }

    private func checkEmbedding(
        _ tokens: [TokenID], _ table: Matrix, _ positions: Matrix, contextLength: Int, rows: Matrix
    ) {
        precondition(
            tokens.count == rows.rows && table.columns == rows.columns
                && positions.columns == rows.columns && contextLength >= 1
                && positions.rows >= min(contextLength, tokens.count),
            "\(tokens.count) tokens of width \(table.columns) and \(positions.rows) positions"
                + " for [\(rows.rows), \(rows.columns)], context \(contextLength)")
        checkTokens(tokens, below: table.rows)
    }

    private func checkTokens(_ tokens: [TokenID], below bound: Int) {
        for token in tokens { precondition(Int(token) < bound, "token \(token) of \(bound)") }
    }

    func checkSame(_ a: Matrix, _ b: Matrix) {
        precondition(
            a.rows == b.rows && a.columns == b.columns,
            "[\(a.rows), \(a.columns)] and [\(b.rows), \(b.columns)] should have one shape")
    }

    /// Calls `body` with the mask as the kernels take it.
    func withMask(
        _ dropout: Dropout?, _ body: (UnsafePointer<poe_dropout>?) -> Void
    ) {
        let mask = dropout.map { dropout in
            let key = dropout.mixedKey
            return poe_dropout(
                key_low: UInt32(truncatingIfNeeded: key),
                key_high: UInt32(truncatingIfNeeded: key >> 32), keep: dropout.threshold,
                scale: dropout.scale)
        }
        unsafe withOptionalPointer(to: mask, body)
    }
}

/// Calls `body` with a pointer to the value, or with nil where there is none.
private func withOptionalPointer<Value>(
    to value: Value?, _ body: (UnsafePointer<Value>?) -> Void
) {
    guard let value else {
        body(nil)
        return
    }
    unsafe withUnsafePointer(to: value) { unsafe body($0) }
}

extension Activation {
    var kernelCode: Int32 {
        switch self {
        case .gelu: 0
        case .geluTanh: 1
        }
    }
}
