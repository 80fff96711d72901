import CPoeKernels

/// Keys and values of one layer of one row as int8, each head and position with its own scale: a
/// view of memory of the caller's.
///
/// Unchecked `Sendable`: a view is a pointer and sizes.
@safe
package struct QuantizedCache: @unchecked Sendable {
    /// Positions that fit, a multiple of 16.
    package let capacity: Int
    /// Number of heads.
    package let heads: Int
    /// Width of a head, `D`.
    package let dimension: Int
    let pointer: UnsafeMutableRawPointer

    /// Views memory that the caller keeps alive; what it holds at first does not matter.
    ///
    /// - Parameter pointer: ``byteCount(capacity:heads:dimension:)`` bytes at a multiple of 64.
    package init(pointer: UnsafeMutableRawPointer, capacity: Int, heads: Int, dimension: Int) {
        precondition(
            capacity >= 1 && heads >= 1 && dimension >= 1,
            "a cache of \(capacity) positions, \(heads) heads of \(dimension)")
        precondition(
            UInt(bitPattern: pointer) % 64 == 0, "a cache starts at a multiple of 64 bytes")
        unsafe self.pointer = pointer
        self.capacity = (capacity + 15) & ~15
        self.heads = heads
        self.dimension = dimension
    }

    /// Bytes that a cache of at least `capacity` positions takes, a multiple of 64.
    package static func byteCount(capacity: Int, heads: Int, dimension: Int) -> Int {
        (capacity + 15) / 16 * heads * poe_integer_cache_block(dimension)
    }

    var view: poe_integer_cache {
        unsafe poe_integer_cache(
            bytes: pointer, capacity: capacity, heads: heads, dimension: dimension)
    }
}
