import PoeCore
import PoeNumerics
import PoemFile

/// Room for a model's int8 matrices and its f32 vectors, filled parameter by parameter.
///
/// Different parameters may be filled by different threads at the same time.
// @unchecked: which memory belongs to which parameter is fixed in `init`.
@safe
final class IntegerParameters: @unchecked Sendable {
    let layout: ParameterLayout
    /// Linear weights and tables, `[outputs, inputs]`, by name.
    let matrices: [String: PackedIntegers]
    /// Everything else, by name.
    let floats: [String: FloatBuffer]
    private let kernels: IntegerKernels

    init(_ layout: ParameterLayout, kernels: IntegerKernels) {
        precondition(
            layout.configuration.contextLength <= PackedWeights.mostIntegerPositions,
            "int8 attention over \(layout.configuration.contextLength) positions")
        self.layout = layout
        self.kernels = kernels
        let isMatrix = { (kind: ParameterKind) in kind == .matrix || kind == .tokenEmbedding }
        let packed = layout.parameters.filter { isMatrix($0.kind) }
        let arena = MemoryArena(
            byteCount: packed.reduce(0) {
                $0 + PackedIntegers.byteCount(outputs: $1.rows, inputs: $1.columns)
            })
        matrices = Dictionary(
            uniqueKeysWithValues: packed.map {
                ($0.name, PackedIntegers(outputs: $0.rows, inputs: $0.columns, in: arena))
            })
        floats = .room(for: layout.parameters.filter { !isMatrix($0.kind) })
    }

    func matrix(_ parameter: Parameter) -> PackedIntegers { matrices.part(parameter.name) }

    /// Takes a parameter as a file stores it; the file was checked, so it has the elements.
    func fill(_ name: String, from tensor: StoredTensor) {
        switch tensor {
        case .floats(let values): unsafe fill(name, floats: values)
        case .symbols(let symbols, let steps):
            guard let matrix = matrices[name] else {
                return unsafe fill(vector: name, symbols: symbols, steps)
            }
            unsafe fill(matrix, symbols: symbols, steps)
        }
    }

    private func fill(
        _ matrix: PackedIntegers, symbols: UnsafeBufferPointer<Int8>, _ steps: StoredTensor.Steps
    ) {
        precondition(symbols.count == matrix.outputs * matrix.inputs, "a symbol for each weight")
        guard let first = symbols.baseAddress else { return }
        let places = matrix.steps
        switch steps {
        case .one(let step): places[0..<matrix.outputs].fill(step)
        case .rows(let steps): for i in 0..<matrix.outputs { places[i] = steps[i] }
        }
        unsafe kernels.pack(
            symbols: first, rowStride: matrix.inputs, panels: 0..<matrix.panels, into: matrix)
    }

    /// Gains, biases and positions are seldom symbols, but a file may store them so.
    private func fill(
        vector name: String, symbols: UnsafeBufferPointer<Int8>, _ steps: StoredTensor.Steps
    ) {
        let buffer = floats.part(name)
        precondition(symbols.count == buffer.count, "a symbol for each element")
        let rows =
            if case .rows(let steps) = steps { steps.count } else { 1 }
        let columns = max(1, buffer.count / max(1, rows))
        let vector = buffer.vector(count: buffer.count)
        for i in 0..<vector.count {
            vector[i] = unsafe Float(symbols[i]) * steps.ofRow(i / columns)
        }
    }

    /// Takes floats; those of a matrix are rounded to symbols, with a step for each output.
    ///
    /// An output with a weight that is not finite gets a step that is no number, so that logits show it.
    func fill(_ name: String, floats values: UnsafeBufferPointer<Float>) {
        guard let matrix = matrices[name] else {
            let buffer = self.floats.part(name)
            let vector = buffer.vector(count: buffer.count)
            precondition(values.count == vector.count, "\(name) has its elements")
            if let first = values.baseAddress {
                unsafe vector.pointer.update(from: first, count: vector.count)
            }
            return
        }
        precondition(values.count == matrix.outputs * matrix.inputs, "\(name) has its elements")
        let columns = matrix.inputs
        var symbols = [Int8](repeating: 0, count: values.count)
        var steps = [Float](repeating: 1, count: matrix.outputs)
        for row in 0..<matrix.outputs {
            let range = row * columns..<(row + 1) * columns
            guard range.allSatisfy({ unsafe values[$0].isFinite }) else {
                steps[row] = .nan
                continue
            }
            let largest = range.reduce(Float(0)) { unsafe max($0, values[$1].magnitude) }
            // A row of zeros, or of numbers too small to divide by, becomes zeros.
            guard largest >= .leastNormalMagnitude * Grid.largestSymbol else { continue }
            steps[row] = largest / Grid.largestSymbol
            for i in range {
                let symbol = unsafe (values[i] / steps[row]).rounded(.toNearestOrEven)
                symbols[i] = Int8(max(-Grid.largestSymbol, min(Grid.largestSymbol, symbol)))
            }
        }
        unsafe symbols.withUnsafeBufferPointer { symbols in
            unsafe fill(matrix, symbols: symbols, .rows(steps))
        }
    }
}

extension StoredTensor.Steps {
    /// The step of a row's symbols.
    fileprivate func ofRow(_ row: Int) -> Float {
        switch self {
        case .one(let step): step
        case .rows(let steps): steps[row]
        }
    }
}
