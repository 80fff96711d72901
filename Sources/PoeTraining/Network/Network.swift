package import PoeCore
package import PoeModel
package import PoeNumerics

/// The transformer as training sees it: forward with saved activations, and the gradient by hand.
///
/// One call handles one shard: some windows of `T` tokens, one after another. Shapes: `R` rows
/// (tokens of the shard), `C` model dimension, `F` feed-forward dimension, `V` vocabulary, `H` heads.
package final class Network {
    let configuration: ModelConfiguration
    let layout: ParameterLayout
    let weights: ModelWeights
    let compute: Compute
    /// What training rounds the operands of its products to; without gradients all is f32.
    let precision: Precision
    /// The blocks that are run, in order; the others are passed by.
    package var blocks: [Int]
    private let activations: Activations
    private let panels: WeightPanels
    private let embeddingTable: Matrix
    private let positionTable: Matrix

    /// A network over `weights`, with room for `shardWindows` windows at a time.
    package init(
        weights: ModelWeights, shardWindows: Int, compute: Compute, precision: Precision = .f32
    ) {
        self.weights = weights
        self.compute = compute
        self.precision = precision
        configuration = weights.configuration
        layout = weights.layout
        blocks = Array(layout.blocks.indices)
        activations = Activations(
            configuration: configuration, capacity: shardWindows * configuration.contextLength)
        panels = WeightPanels(weights: weights, precision: precision, compute: compute)
        embeddingTable = weights.matrix(layout.tokenEmbedding)
        positionTable = weights.matrix(layout.positionEmbedding)
    }

    /// Runs `body`, all of whose losses with gradients are of the weights as they are now.
    ///
    /// The weights are packed for products once, and not in each call of `loss`.
    package func withWeightsFixed<Value, Failure: Error>(
        _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        panels.pack(blocks, forGradients: true)
        defer { panels.discard() }
        return try body()
    }

    /// Packs the weights for good: they never change, and nobody asks for their gradients.
    func fixWeights() { panels.pack(blocks, forGradients: false) }

    /// Sum of the losses, in nats, of predicting each of `targets` from the `inputs` before it.
    ///
    /// Both hold whole windows of the context length (`windowLength` when one shorter window is
    /// scored). With `gradients` the activations are kept and, when the loss is known, the gradient of
    /// `gradientScale` times the sum is added to them; with `teachers`, that of the loss against what
    /// they predict too.
    package func loss(
        inputs: [TokenID], targets: [TokenID], windowLength: Int? = nil,
        dropout: DropoutKeys? = nil, gradients: ModelWeights? = nil, gradientScale: Float = 1,
        teachers: Teachers? = nil
    ) -> Double {
        let pass = pass(
            inputs, windowLength: windowLength, dropout: dropout,
            precision: gradients == nil ? .f32 : precision)
        precondition(inputs.count == targets.count)
        forward(inputs, pass)
        compute.softmaxCrossEntropy(
            pass.use(activations.logits), targets: targets, losses: pass.use(activations.losses),
            gradientScale: gradients == nil ? nil : gradientScale)
        if let gradients {
            teachers?.soften(
                pass.use(activations.logits), inputs: inputs, targets: targets,
                scale: gradientScale)
            backward(inputs, pass, gradients)
        }
        return sumOfLosses(pass)
    }

    /// What the last norm reads of `inputs`, `[R, C]`; valid until the next call.
    func stream(of inputs: [TokenID], windowLength: Int) -> Matrix {
        let pass = pass(inputs, windowLength: windowLength)
        forwardBlocks(inputs, pass)
        return pass.use(activations.finalInput)
    }

    /// The loss of ``loss(inputs:targets:windowLength:dropout:gradients:gradientScale:teachers:)`` without gradients,
    /// where the `stream` that the last norm reads is known.
    func loss(stream: Matrix, targets: [TokenID]) -> Double {
        let pass = pass(targets, windowLength: targets.count)
        pass.use(activations.finalInput).flat.copy(from: stream.flat)
        forwardHead(pass)
        compute.softmaxCrossEntropy(
            pass.use(activations.logits), targets: targets, losses: pass.use(activations.losses),
            gradientScale: nil)
        return sumOfLosses(pass)
    }

    private func sumOfLosses(_ pass: Pass) -> Double {
        var sum = 0.0
        for row in 0..<pass.rows { sum += Double(activations.losses[row]) }
        return sum
    }

    /// `scale (softmax(logits) - [target])` of whole windows without dropout, `[R, V]`; valid until
    /// the next call.
    func errors(inputs: [TokenID], targets: [TokenID], scale: Float) -> Matrix {
        let pass = pass(inputs, precision: precision)
        forward(inputs, pass)
        let logits = pass.use(activations.logits)
        compute.softmaxCrossEntropy(
            logits, targets: targets, losses: pass.use(activations.losses), gradientScale: scale)
        return logits
    }

    /// The logits of the last call to ``loss(inputs:targets:windowLength:dropout:gradients:gradientScale:teachers:)``
    /// without gradients, `[R, V]`; valid until the next call.
    package func lastLogits(rows: Int) -> Matrix { activations.logits.rows(0..<rows) }

    /// What the parts of one pass share.
    private struct Pass {
        let rows: Int
        let batch: Int
        let windowLength: Int
        let dropout: DropoutKeys?
        let precision: Precision

        func use(_ matrix: Matrix) -> Matrix { matrix.rows(0..<rows) }
        func use(_ vector: Vector) -> Vector { vector[0..<rows] }
    }

    private func pass(
        _ inputs: [TokenID], windowLength: Int? = nil, dropout: DropoutKeys? = nil,
        precision: Precision = .f32
    ) -> Pass {
        let length = windowLength ?? configuration.contextLength
        precondition(inputs.count <= activations.capacity && inputs.count % length == 0)
        return Pass(
            rows: inputs.count, batch: inputs.count / length, windowLength: length,
            dropout: dropout, precision: precision)
    }

    // MARK: Forward

    private func forward(_ inputs: [TokenID], _ pass: Pass) {
        forwardBlocks(inputs, pass)
        forwardHead(pass)
    }

    private func forwardBlocks(_ inputs: [TokenID], _ pass: Pass) {
        let first = pass.use(input(at: 0))
        compute.embed(
            inputs, tokenTable: embeddingTable, positionTable: positionTable,
            contextLength: pass.windowLength, into: first)
        if let mask = pass.dropout?.at(.embedding) {
            compute.dropout(first, mask, into: first)
        }
        for place in blocks.indices { forwardBlock(place, pass) }
    }

    /// The last norm and the logits.
    private func forwardHead(_ pass: Pass) {
        let final = pass.use(activations.finalNorm)
        compute.layerNorm(
            pass.use(activations.finalInput), gain: weights.vector(layout.finalNormGain),
            bias: layout.finalNormBias.map(weights.vector), epsilon: configuration.normEpsilon,
            into: final, mean: pass.use(activations.finalMean),
            inverseDeviation: pass.use(activations.finalInverseDeviation))
        linear(final, layout.headWeight, nil, pass.use(activations.logits), pass)
    }

    /// What the block at a place of `blocks` reads from the stream; after the last one, the head.
    private func input(at place: Int) -> Matrix {
        place < blocks.count
            ? activations.blocks[blocks[place]].attentionInput : activations.finalInput
    }

    private func forwardBlock(_ place: Int, _ pass: Pass) {
        let index = blocks[place]
        let (block, kept) = (layout.blocks[index], activations.blocks[index])
        let input = pass.use(kept.attentionInput)
        let middle = pass.use(kept.feedForwardInput)
        let output = pass.use(self.input(at: place + 1))
        let branch = pass.use(activations.dBranch)  // Free until the backward pass.

        compute.layerNorm(
            input, gain: weights.vector(block.attentionNormGain),
            bias: block.attentionNormBias.map(weights.vector), epsilon: configuration.normEpsilon,
            into: pass.use(kept.attentionNorm), mean: pass.use(kept.attentionMean),
            inverseDeviation: pass.use(kept.attentionInverseDeviation))
        linear(
            pass.use(kept.attentionNorm), block.qkvWeight, block.qkvBias, pass.use(kept.qkv), pass)
        compute.attention(
            qkv: pass.use(kept.qkv), batch: pass.batch, headCount: configuration.headCount,
            into: pass.use(kept.attended),
            logSumExp: kept.logSumExp[0..<pass.rows * configuration.headCount],
            dropout: pass.dropout?.at(.attention(block: index)), precision: pass.precision)
        linear(
            pass.use(kept.attended), block.attentionOutputWeight, block.attentionOutputBias, branch,
            pass)
        compute.addResidual(
            branch, to: input, dropout: pass.dropout?.at(.attentionBranch(block: index)),
            into: middle)

        compute.layerNorm(
            middle, gain: weights.vector(block.feedForwardNormGain),
            bias: block.feedForwardNormBias.map(weights.vector),
            epsilon: configuration.normEpsilon,
            into: pass.use(kept.feedForwardNorm), mean: pass.use(kept.feedForwardMean),
            inverseDeviation: pass.use(kept.feedForwardInverseDeviation))
        linear(
            pass.use(kept.feedForwardNorm), block.upWeight, block.upBias, pass.use(kept.up),
            pass)
        compute.activate(
            pass.use(kept.up), configuration.activation, into: pass.use(kept.activated))
        linear(pass.use(kept.activated), block.downWeight, block.downBias, branch, pass)
        compute.addResidual(
            branch, to: middle, dropout: pass.dropout?.at(.feedForwardBranch(block: index)),
            into: output)
    }

    /// A linear layer, `out = x W^T + b`.
    private func linear(
        _ x: Matrix, _ weight: Parameter, _ bias: Parameter?, _ out: Matrix, _ pass: Pass
    ) {
        let bias = bias.map(weights.vector)
        if pass.precision == precision, let panels = panels.forward(weight) {
            compute.multiply(x, panels, into: out, bias: bias)
        } else {
            compute.multiply(
                x, weights.matrix(weight), transposeB: true, into: out, bias: bias,
                precision: pass.precision)
        }
    }

    // MARK: Backward

    private func backward(_ inputs: [TokenID], _ pass: Pass, _ gradients: ModelWeights) {
        let dLogits = pass.use(activations.logits)
        let dFinal = pass.use(activations.dNorm)
        let dResidual = pass.use(activations.dResidual)
        linearBackward(
            dLogits, x: pass.use(activations.finalNorm), layout.headWeight, nil, dX: dFinal,
            gradients)
        dResidual.fill(0)
        compute.layerNormBackward(
            dFinal, x: pass.use(activations.finalInput), mean: pass.use(activations.finalMean),
            inverseDeviation: pass.use(activations.finalInverseDeviation),
            gain: weights.vector(layout.finalNormGain), accumulate: dResidual,
            dGain: gradients.vector(layout.finalNormGain),
            dBias: layout.finalNormBias.map(gradients.vector))
        for index in blocks.reversed() { backwardBlock(index, pass, gradients) }
        if let mask = pass.dropout?.at(.embedding) {
            compute.dropout(dResidual, mask, into: dResidual)
        }
        compute.embedBackward(
            dResidual, inputs, contextLength: pass.windowLength,
            dTokenTable: gradients.matrix(layout.tokenEmbedding),
            dPositionTable: gradients.matrix(layout.positionEmbedding))
    }

    private func backwardBlock(_ index: Int, _ pass: Pass, _ gradients: ModelWeights) {
        let (block, kept) = (layout.blocks[index], activations.blocks[index])
        let dResidual = pass.use(activations.dResidual)
        let dNorm = pass.use(activations.dNorm)
        let dHidden = pass.use(activations.dHidden)
        let dQKV = pass.use(activations.dQKV)

        let dDown = branchGradient(pass, pass.dropout?.at(.feedForwardBranch(block: index)))
        linearBackward(
            dDown, x: pass.use(kept.activated), block.downWeight, block.downBias, dX: dHidden,
            gradients)
        compute.activateBackward(
            dHidden, x: pass.use(kept.up), configuration.activation, into: dHidden)
        linearBackward(
            dHidden, x: pass.use(kept.feedForwardNorm), block.upWeight, block.upBias, dX: dNorm,
            gradients)
        compute.layerNormBackward(
            dNorm, x: pass.use(kept.feedForwardInput), mean: pass.use(kept.feedForwardMean),
            inverseDeviation: pass.use(kept.feedForwardInverseDeviation),
            gain: weights.vector(block.feedForwardNormGain), accumulate: dResidual,
            dGain: gradients.vector(block.feedForwardNormGain),
            dBias: block.feedForwardNormBias.map(gradients.vector))

        let dProjected = branchGradient(pass, pass.dropout?.at(.attentionBranch(block: index)))
        linearBackward(
            dProjected, x: pass.use(kept.attended), block.attentionOutputWeight,
            block.attentionOutputBias, dX: dNorm, gradients)
        compute.attentionBackward(
            dOut: dNorm, qkv: pass.use(kept.qkv), out: pass.use(kept.attended),
            logSumExp: kept.logSumExp[0..<pass.rows * configuration.headCount],
            batch: pass.batch, headCount: configuration.headCount,
            dropout: pass.dropout?.at(.attention(block: index)), into: dQKV,
            precision: precision)
        linearBackward(
            dQKV, x: pass.use(kept.attentionNorm), block.qkvWeight, block.qkvBias, dX: dNorm,
            gradients)
        compute.layerNormBackward(
            dNorm, x: pass.use(kept.attentionInput), mean: pass.use(kept.attentionMean),
            inverseDeviation: pass.use(kept.attentionInverseDeviation),
            gain: weights.vector(block.attentionNormGain), accumulate: dResidual,
            dGain: gradients.vector(block.attentionNormGain),
            dBias: block.attentionNormBias.map(gradients.vector))
    }

    /// The residual's gradient as it enters a branch: the same, through the branch's mask.
    private func branchGradient(_ pass: Pass, _ mask: Dropout?) -> Matrix {
        let dResidual = pass.use(activations.dResidual)
        guard let mask else { return dResidual }
        let dBranch = pass.use(activations.dBranch)
        compute.dropout(dResidual, mask, into: dBranch)
        return dBranch
    }

    /// For `y = x W^T + b`: `dW += dY^T x`, `db +=` column sums of `dY`, `dX = dY W`.
    private func linearBackward(
        _ dY: Matrix, x: Matrix, _ weight: Parameter, _ bias: Parameter?, dX: Matrix,
        _ gradients: ModelWeights
    ) {
        compute.multiply(
            dY, transposeA: true, x, into: gradients.matrix(weight), accumulate: true,
            precision: precision)
        if let bias { compute.accumulateColumnSums(dY, into: gradients.vector(bias)) }
        if let panels = panels.backward(weight) {
            compute.multiply(dY, panels, into: dX)
        } else {
            compute.multiply(dY, weights.matrix(weight), into: dX, precision: precision)
        }
    }
}
