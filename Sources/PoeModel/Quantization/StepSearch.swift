import PoeCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds the largest steps, so the smallest `compact` file, whose loss stays within a budget.
///
/// A step `s` adds noise of variance `s^2 / 12`. While it is small, the loss grows by `a s^2`, with `a`
/// the sensitivity of the tensors of one role; their size falls by `n log2(s)` bits, `n` their number
/// of weights. The least size for a given loss has `a s^2 / n` equal for all roles (set the derivatives
/// in proportion), so each role's `k = standardDeviation / s` is a common factor times `sqrt(a / n)`,
/// `a` being taken in units of the standard deviation.
///
/// The search measures `a` for each role by itself at a coarse step, then bisects the common factor.
/// Everything is measured, nothing assumed: the result is the smallest of the settings tried that
/// kept within the budget.
package struct StepSearch {
    /// Loss that may be added, in nats per token.
    package var budget = 0.002
    /// The coarse `k` at which sensitivities are measured, far enough above the noise of the measure.
    package var probeK = 2.5
    /// Halvings of the interval of the common factor.
    package var bisections = 7

    /// A search with the budget of the shipped files.
    package init() {}

    /// One setting that was measured.
    package struct Trial: Sendable, Hashable {
        /// The setting.
        package let settings: CompactSettings
        /// Loss added to that of the exact weights, in nats per token; can be below zero.
        package let lossAdded: Double
        /// About how many bytes the tensors take.
        package let estimatedBytes: Double
    }

    /// What was found.
    package struct Result: Sendable, Hashable {
        /// Loss of the exact weights, in nats per token.
        package let exactLoss: Double
        /// The smallest setting within the budget, or the finest tried if none is.
        package let best: Trial
        /// Loss added by each role alone at `probeK`, in nats per token.
        package let sensitivities: [String: Double]
        /// Every setting tried, in order.
        package let trials: [Trial]
        /// Whether `best` keeps within the budget.
        package let isWithinBudget: Bool
    }

    /// Runs the search: one measurement for the exact weights, one for each role, `bisections + 1` or
    /// a few more for the factor.
    ///
    /// - Parameters:
    ///   - weights: The exact weights; not changed.
    ///   - measure: The loss of weights on some text, in nats per token. The same text each time: only
    ///     differences count.
    package func run<Failure: Error>(
        _ weights: ModelWeights, measure: (ModelWeights) throws(Failure) -> Double
    ) throws(Failure) -> Result {
        let exactLoss = try measure(weights)
        var sensitivities: [String: Double] = [:]
        for role in Self.roles(of: weights.layout) {
            let rounded = Self.rounding(role, of: weights, k: probeK)
            sensitivities[role] = try measure(rounded) - exactLoss
        }
        let shape = proportions(sensitivities, weights.layout)

        var trials: [Trial] = []
        func attempt(_ factor: Double) throws(Failure) -> Bool {
            let settings = CompactSettings(overrides: shape.mapValues { $0 * factor })
            let loss = try measure(settings.rounded(weights)) - exactLoss
            trials.append(
                Trial(
                    settings: settings, lossAdded: loss,
                    estimatedBytes: settings.estimatedBytes(weights)))
            return loss <= budget
        }
        // Double the factor until the budget holds, then close in on the smallest that does.
        var high = 4.0
        while try !attempt(high), high < 64 { high *= 2 }
        var low = high == 4 ? 1 : high / 2
        for _ in 0..<bisections {
            let middle = (low * high).squareRoot()
            if try attempt(middle) { high = middle } else { low = middle }
        }

        let within = trials.filter { $0.lossAdded <= budget }
        let smallest = within.min { $0.estimatedBytes < $1.estimatedBytes }
        let finest = trials.max { $0.estimatedBytes < $1.estimatedBytes }
        guard let best = smallest ?? finest else { preconditionFailure("a setting was tried") }
        return Result(
            exactLoss: exactLoss, best: best, sensitivities: sensitivities, trials: trials,
            isWithinBudget: smallest != nil)
    }

    /// The roles of all tensors on a grid, in the order of the layout.
    static func roles(of layout: ParameterLayout) -> [String] {
        var roles: [String] = []
        for parameter in layout.parameters where isOnGrid(parameter) {
            let role = CompactSettings.role(of: parameter)
            if !roles.contains(role) { roles.append(role) }
        }
        return roles
    }

    private static func isOnGrid(_ parameter: Parameter) -> Bool {
        parameter.kind == .matrix || parameter.kind == .tokenEmbedding
    }

    /// The exact weights with the tensors of one role rounded.
    private static func rounding(
        _ role: String, of weights: ModelWeights, k: Double
    ) -> ModelWeights {
        let result = weights.copy()
        for parameter in weights.layout.parameters
        where CompactSettings.role(of: parameter) == role {
            let values = weights.floats(parameter)
            let step = Grid.step(for: values, k: k)
            result.set(parameter, to: Grid.values(Grid.symbols(values, step: step), step: step))
        }
        return result
    }

    /// `sqrt(a / n)` of each role, scaled so that their mean over the weights is 1.
    private func proportions(
        _ sensitivities: [String: Double], _ layout: ParameterLayout
    ) -> [String: Double] {
        var counts: [String: Int] = [:]
        for parameter in layout.parameters where Self.isOnGrid(parameter) {
            counts[CompactSettings.role(of: parameter), default: 0] += parameter.count
        }
        // A role whose loss drowns in the noise is taken for a fortieth of the most sensitive one:
        // its steps stay within a factor of about six of the others.
        let largest = sensitivities.values.reduce(1e-12, max)
        let raw = counts.map { role, count in
            let sensitivity = max(sensitivities[role] ?? 0, largest / 40)
            return (role, (sensitivity / Double(count)).squareRoot(), Double(count))
        }.sorted { $0.0 < $1.0 }
        let total = raw.reduce(0) { $0 + $1.2 }
        let mean = raw.reduce(0) { $0 + $1.1 * $1.2 } / total
        return Dictionary(uniqueKeysWithValues: raw.map { ($0.0, $0.1 / mean) })
    }
}
