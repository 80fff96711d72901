import CPoeKernels

extension Compute {
    /// The sum of the squares of all elements, in double precision.
    ///
    /// Blocks of 4,096 elements are summed apart, then in order.
    package func sumOfSquares(_ x: Vector) -> Double {
        let blocks = (x.count + flatGrain - 1) / flatGrain
        if blockSums.count < blocks { blockSums = [Double](repeating: 0, count: blocks) }
        unsafe blockSums.withUnsafeMutableBufferPointer { sums in
            let sums = unsafe sums
            split(blocks, grain: 1) { range in
                for block in range {
                    let first = block * flatGrain
                    unsafe sums[block] = table.sum_of_squares(
                        x.pointer + first, min(flatGrain, x.count - first))
                }
            }
        }
        return blockSums[..<blocks].reduce(0, +)
    }

    /// One step of AdamW, element by element; the formula of `torch.optim.AdamW`.
    ///
    ///     g = gradientScale * gradient
    ///     m = beta1 m + (1 - beta1) g            v = beta2 v + (1 - beta2) g^2
    ///     w = (1 - learningRate weightDecay) w
    ///     w -= learningRate / (1 - beta1^step) m / (sqrt(v) / sqrt(1 - beta2^step) + epsilon)
    ///
    /// All vectors have one length; `weights` and both moments are updated.
    package func adamW(
        _ weights: Vector, gradient: Vector, firstMoment: Vector, secondMoment: Vector,
        _ settings: AdamWSettings
    ) {
        precondition(
            gradient.count == weights.count && firstMoment.count == weights.count
                && secondMoment.count == weights.count,
            "\(weights.count) weights, \(gradient.count) gradients,"
                + " \(firstMoment.count) and \(secondMoment.count) moments")
        let rate = Double(settings.learningRate)
        let correction1 = 1 - power(Double(settings.beta1), settings.step)
        let correction2 = 1 - power(Double(settings.beta2), settings.step)
        let constants = poe_adamw(
            gradient_scale: settings.gradientScale, beta1: settings.beta1,
            one_minus_beta1: Float(1 - Double(settings.beta1)), beta2: settings.beta2,
            one_minus_beta2: Float(1 - Double(settings.beta2)),
            decay: Float(1 - rate * Double(settings.weightDecay)),
            root_correction2: Float(correction2.squareRoot()), epsilon: settings.epsilon,
            step: Float(rate / correction1))
        unsafe withUnsafePointer(to: constants) { constants in
            split(weights.count, grain: flatGrain) { range in
                let first = range.lowerBound
                unsafe table.adamw(
                    weights.pointer + first, gradient.pointer + first, firstMoment.pointer + first,
                    secondMoment.pointer + first, range.count, constants)
            }
        }
    }

    /// `out = alpha x + beta y`; `out` may be `x` or `y`.
    package func scaleAdd(
        _ x: Vector, alpha: Float, _ y: Vector, beta: Float, into out: Vector
    ) {
        precondition(
            x.count == y.count && x.count == out.count,
            "\(x.count) and \(y.count) elements into \(out.count)")
        split(x.count, grain: flatGrain) { range in
            let first = range.lowerBound
            unsafe table.scale_add(
                x.pointer + first, alpha, y.pointer + first, beta, out.pointer + first,
                range.count)
        }
    }
}

/// `base` to the power `exponent` by squaring: the C library's `pow` differs between systems.
private func power(_ base: Double, _ exponent: Int) -> Double {
    var result = 1.0
    var square = base
    var rest = exponent
    while rest > 0 {
        if rest & 1 == 1 { result *= square }
        square *= square
        rest >>= 1
    }
    return result
}
