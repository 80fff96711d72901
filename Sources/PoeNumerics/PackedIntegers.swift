import CPoeKernels

/// Weights of a linear layer as int8, `[outputs, inputs]`, packed into the panels that products
/// read; one layout for every kernel set.
///
/// Weight `(n, k)` stands for `symbol[n, k] * steps[n]`. Keeps its memory alive. Unchecked
/// `Sendable`: whoever packs makes sure that nobody reads meanwhile; afterwards it is only read.
@safe
package final class PackedIntegers: @unchecked Sendable {
    /// Outputs of a panel; the last one has as many as are left, rounded up to 16.
    package static let panelWidth = Int(POE_INTEGER_PANEL)
    /// Columns of the products, `N`.
    package let outputs: Int
    /// Inner dimension of the products, `K`.
    package let inputs: Int
    /// Number of panels.
    package var panels: Int { (outputs + Self.panelWidth - 1) / Self.panelWidth }
    /// Bytes of the packed symbols, which a product of one row reads.
    package let byteCount: Int
    /// What a symbol of each output stands for: `outputs` rounded up to 16 of them.
    package var steps: Vector { stepBuffer.vector(count: stepBuffer.count) }

    let bytes: UnsafeMutablePointer<UInt8>
    private let stepBuffer: FloatBuffer
    private let arena: MemoryArena

    /// Inputs of which no sum of 32 bits overflows: 65,536 x 127 x 255 is below 2^31.
    package static let mostInputs = 65_536

    /// Symbols 0 and steps 1, in memory of its own.
    ///
    /// - Precondition: `inputs` is at most ``mostInputs``.
    package convenience init(outputs: Int, inputs: Int) {
        let byteCount = Self.byteCount(outputs: outputs, inputs: inputs)
        self.init(outputs: outputs, inputs: inputs, in: MemoryArena(byteCount: byteCount))
        unsafe bytes.update(repeating: 128, count: byteCount)
    }

    /// Takes memory of an arena, which it keeps; until all panels are packed, its symbols mean nothing.
    ///
    /// - Precondition: As above, and the arena has ``byteCount(outputs:inputs:)`` bytes left.
    package init(outputs: Int, inputs: Int, in arena: MemoryArena) {
        precondition(
            outputs >= 0 && inputs >= 0 && inputs <= Self.mostInputs,
            "int8 weights of [\(outputs), \(inputs)]")
        self.outputs = outputs
        self.inputs = inputs
        self.arena = arena
        byteCount = Self.byteCount(outputs: outputs, inputs: inputs)
        unsafe bytes = arena.take(byteCount).assumingMemoryBound(to: UInt8.self)
        let width = (outputs + 15) & ~15
        stepBuffer = FloatBuffer(count: width)
        stepBuffer.vector(count: width).fill(1)
    }

    /// Bytes that packed weights take, a multiple of 64.
    package static func byteCount(outputs: Int, inputs: Int) -> Int {
        ((outputs + 15) & ~15) * ((inputs + 3) & ~3)
    }
}
