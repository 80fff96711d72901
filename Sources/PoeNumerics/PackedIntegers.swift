import CPoeKernels

/// Weights of a linear layer as int8, `[outputs, inputs]`, packed into the panels that products
/// read; one layout for every kernel set.
///
/// Weight `(n, k)` stands for `symbol[n, k] * steps[n]`. Owns its memory. Unchecked `Sendable`:
/// whoever packs makes sure that nobody reads meanwhile; afterwards it is only read.
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

    /// Symbols 0 and steps 1.
    ///
    /// - Precondition: `inputs` is at most 65,536, so that no sum of 32 bits overflows.
    package init(outputs: Int, inputs: Int) {
        precondition(
            outputs >= 0 && inputs >= 0 && inputs <= 65_536,
            "int8 weights of [\(outputs), \(inputs)]")
        self.outputs = outputs
        self.inputs = inputs
        let width = (outputs + 15) & ~15
        byteCount = width * ((inputs + 3) & ~3)
        unsafe bytes = allocateLines(byteCount, filledWith: 128)
            .assumingMemoryBound(to: UInt8.self)
        stepBuffer = FloatBuffer(count: width)
        stepBuffer.vector(count: width).fill(1)
    }

    deinit {
        unsafe UnsafeMutableRawPointer(bytes).deallocate()
    }
}
