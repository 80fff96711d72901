import PoeCore
package import PoeModel
import PoeNumerics

/// Finished models whose predictions a training learns from beside the text (distillation; Hinton,
/// Vinyals and Dean, 2015).
///
/// With a share `s`, what a student is to predict at a place is
///
///     (1 - s) [the token that follows] + s mean over the teachers of softmax(logits)
///
/// The teachers read the same windows without dropout and never change.
package final class Teachers {
    private let networks: [Network]
    private let share: Float
    private let compute: Compute

    /// Teachers of the student's vocabulary and context length, at least one.
    package init(_ models: [ModelWeights], share: Float, shardWindows: Int, of student: Network) {
        self.share = share
        compute = student.compute
        networks = models.map {
            Network(
                weights: $0, shardWindows: shardWindows, compute: student.compute,
                precision: student.precision)
        }
        for network in networks { network.fixWeights() }
    }

    /// From `scale (softmax - [target])`, the gradient against the text alone, `[R, V]`, makes the
    /// gradient against the mixture.
    func soften(
        _ gradient: Matrix, inputs: [TokenID], targets: [TokenID], scale: Float
    ) {
        let weight = -share / Float(networks.count)
        for network in networks {
            // Their own errors hold the same targets, which cancel.
            let errors = network.errors(inputs: inputs, targets: targets, scale: scale)
            compute.scaleAdd(
                gradient.flat, alpha: 1, errors.flat, beta: weight, into: gradient.flat)
        }
    }
}
