import CPoeKernels

/// Finds the largest of many numbers without sorting them; its memory is kept from call to call.
@safe
package struct LargestLogits {
    /// What the last call found: ids, ascending.
    package private(set) var ids: [UInt32] = []

    private let functions: UnsafePointer<poe_kernels>
    private var scratch: [Int32] = []

    /// - Precondition: This machine has `kernels` (``KernelSet/available``).
    package init(_ kernels: KernelSet = .best) {
        unsafe functions = kernelTable(kernels)
    }

    /// The ids of the `count` largest logits, of equal ones the lowest; all if there are not so many.
    ///
    /// The order is that of IEEE 754's total order, but that -0 equals 0.
    ///
    /// - Complexity: O(V), whatever `count`: some 40 passes over the logits, 16 at a time.
    package mutating func select(_ count: Int, of logits: [Float]) {
        precondition(count >= 0, "\(count) of the largest logits")
        let most = min(count, logits.count)
        if ids.count != most { ids = [UInt32](repeating: 0, count: most) }
        let room = (logits.count + 15) & ~15
        if scratch.count < room { scratch = [Int32](repeating: 0, count: room) }
        guard most > 0 else { return }
        unsafe ids.withUnsafeMutableBufferPointer { ids in
            unsafe scratch.withUnsafeMutableBufferPointer { scratch in
                unsafe logits.withUnsafeBufferPointer { logits in
                    _ = unsafe functions.pointee.select_largest(
                        logits.baseAddress, logits.count, most, ids.baseAddress,
                        scratch.baseAddress)
                }
            }
        }
    }
}
