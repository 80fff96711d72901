package import PoeCore
package import PoeNumerics

/// A model's weights as the engine reads them: matrices packed for products, the rest copied.
///
/// Immutable once made, so any number of engines on any number of threads share one. It keeps
/// nothing of the file or the ``ModelWeights`` it was made from.
// @unchecked: every buffer is written before `init` returns.
package final class PackedWeights: @unchecked Sendable {
    /// A layer norm: gain and bias, `[C]` each.
    package struct Norm {
        package let gain: Vector
        package let bias: Vector?
    }

    /// A linear layer: `[outputs, inputs]` packed, bias `[outputs]`.
    package struct Linear<Weight> {
        package let weight: Weight
        package let bias: Vector?
    }

    /// One pre-norm block.
    package struct Block<Weight> {
        package let attentionNorm: Norm
        package let qkv: Linear<Weight>
        package let attentionOutput: Linear<Weight>
        package let feedForwardNorm: Norm
        package let up: Linear<Weight>
        package let down: Linear<Weight>
    }

    /// Everything but the tables, for weights of one kind.
    package struct Layers<Weight> {
        package let blocks: [Block<Weight>]
        package let finalNorm: Norm
        /// The output head, `[V, C]`.
        package let head: Linear<Weight>
    }

    /// The weights in the arithmetic of the products; a table has one row for each token, `[V, C]`.
    package enum Form {
        case f32(Layers<PackedMatrix>, tokenTable: Matrix)
        case int8(Layers<PackedIntegers>, tokenTable: PackedIntegers)
    }

    /// The sizes of the model.
    package let configuration: ModelConfiguration
    /// One row for each position, `[T, C]`.
    package let positionTable: Matrix
    /// The rest.
    package let form: Form

    /// How products with these weights are made.
    package var arithmetic: Arithmetic {
        switch form {
        case .f32: .f32
        case .int8: .int8
        }
    }

    /// Bytes that the parameters take, about.
    package var byteCount: Int {
        configuration.parameterCount * (arithmetic == .f32 ? MemoryLayout<Float>.size : 1)
    }

    // What views point into.
    private let floats: [String: FloatBuffer]

    /// Packs `weights` with the kernels of `compute`; engines that use it must have the same kernels.
    ///
    /// - Parameter arithmetic: With `.int8` each output's weights are rounded to 255 symbols that just
    ///   reach its largest weight. A compact file has symbols of its own:
    ///   ``load(_:arithmetic:kernels:threads:)`` takes those.
    package convenience init(
        _ weights: ModelWeights, arithmetic: Arithmetic = .f32, compute: Compute
    ) {
        let layout = weights.layout
        switch arithmetic {
        case .f32:
            let matrices = layout.parameters.filter { $0.kind == .matrix } + [layout.tokenEmbedding]
            let packed = Dictionary(
                uniqueKeysWithValues: matrices.map {
                    ($0.name, compute.pack(weights.matrix($0), transposeB: true))
                })
            let others = layout.parameters.filter { $0.kind != .matrix }
            let floats = [String: FloatBuffer].room(for: others)
            for parameter in others {
                floats.part(parameter.name).vector(count: parameter.count)
                    .copy(from: weights.vector(parameter))
            }
            self.init(
                layout, floats,
                .f32(
                    layout.layers(packed, floats),
                    tokenTable: Self.matrix(layout.tokenEmbedding, floats)))
        case .int8:
            let parameters = IntegerParameters(layout, kernels: IntegerKernels(compute.kernels))
            for parameter in layout.parameters {
                let values = weights.vector(parameter)
                unsafe parameters.fill(
                    parameter.name,
                    floats: UnsafeBufferPointer(start: values.pointer, count: values.count))
            }
            self.init(parameters)
        }
    }

    /// Takes over what was packed parameter by parameter.
    convenience init(_ parameters: IntegerParameters) {
        let layout = parameters.layout
        let table = parameters.matrix(layout.tokenEmbedding)
        self.init(
            layout, parameters.floats,
            .int8(layout.layers(parameters.matrices, parameters.floats), tokenTable: table))
    }

    private init(_ layout: ParameterLayout, _ floats: [String: FloatBuffer], _ form: Form) {
        configuration = layout.configuration
        positionTable = Self.matrix(layout.positionEmbedding, floats)
        self.form = form
        self.floats = floats
    }

    private static func matrix(_ parameter: Parameter, _ floats: [String: FloatBuffer]) -> Matrix {
        floats.part(parameter.name).matrix(rows: parameter.rows, columns: parameter.columns)
    }
}

extension ParameterLayout {
    /// Puts layers together from parts that are found by name.
    fileprivate func layers<Weight>(
        _ matrices: [String: Weight], _ floats: [String: FloatBuffer]
    ) -> PackedWeights.Layers<Weight> {
        func vector(_ parameter: Parameter) -> Vector {
            floats.part(parameter.name).vector(count: parameter.count)
        }
        func linear(_ weight: Parameter, _ bias: Parameter?) -> PackedWeights.Linear<Weight> {
            .init(weight: matrices.part(weight.name), bias: bias.map(vector))
        }
        func norm(_ gain: Parameter, _ bias: Parameter?) -> PackedWeights.Norm {
            .init(gain: vector(gain), bias: bias.map(vector))
        }
        return PackedWeights.Layers(
            blocks: blocks.map { block in
                PackedWeights.Block(
                    attentionNorm: norm(block.attentionNormGain, block.attentionNormBias),
                    qkv: linear(block.qkvWeight, block.qkvBias),
                    attentionOutput: linear(
                        block.attentionOutputWeight, block.attentionOutputBias),
                    feedForwardNorm: norm(block.feedForwardNormGain, block.feedForwardNormBias),
                    up: linear(block.upWeight, block.upBias),
                    down: linear(block.downWeight, block.downBias))
            },
            finalNorm: norm(finalNormGain, finalNormBias), head: linear(headWeight, nil))
    }
}

extension [String: FloatBuffer] {
    /// Memory of its own for each parameter.
    static func room(for parameters: [Parameter]) -> Self {
        Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, FloatBuffer(count: $0.count)) })
    }
}

extension Dictionary where Key == String {
    /// The part of a parameter that the model has.
    func part(_ name: String) -> Value {
        guard let part = self[name] else {
            preconditionFailure("\(name) is missing from the packed weights")
        }
        return part
    }
}
