package import PoeCore

/// The worth of an i8 symbol.
package enum Quantization: Sendable, Hashable {
    /// The symbol times one step for the whole tensor.
    case perTensor(step: Float)
    /// The symbol times the step of its row: one for each index of the first dimension.
    case perRow(steps: [Float])
}

/// A tensor's elements as they are stored, row-major.
package enum TensorData: Sendable, Hashable {
    /// Single precision.
    case f32([Float])
    /// Half precision, as bits (``Float16Bits``).
    case f16([UInt16])
    /// The upper halves of floats, as bits (``BFloat16Bits``).
    case bf16([UInt16])
    /// Symbols on a uniform grid.
    case i8([Int8], Quantization)

    /// Number of elements.
    package var count: Int {
        switch self {
        case .f32(let values): values.count
        case .f16(let values), .bf16(let values): values.count
        case .i8(let values, _): values.count
        }
    }

    /// How one element is stored.
    package var elementType: ElementType {
        switch self {
        case .f32: .f32
        case .f16: .f16
        case .bf16: .bf16
        case .i8: .i8
        }
    }
}

/// How a writer stores a tensor; what is decoded does not depend on it.
package struct TensorStorage: Sendable, Hashable {
    /// What is tried for each chunk.
    package enum Effort: Sendable, Hashable {
        /// Nothing: bytes as they are, to be used in place or written fast.
        case raw
        /// zstd level 1.
        case fast
        /// zstd levels 1 and 19; on quantized weights those between waste space.
        case smallest
    }

    /// What is tried; a chunk that does not become smaller is stored raw.
    package var effort: Effort
    /// Whether the first bytes of all elements of a chunk stand before all second bytes, and so on,
    /// which lets zstd see the exponents of floats.
    ///
    /// Without effect on i8.
    package var separatesBytePlanes: Bool

    /// Makes a way of storing.
    package init(_ effort: Effort, separatesBytePlanes: Bool = false) {
        self.effort = effort
        self.separatesBytePlanes = separatesBytePlanes
    }

    /// As they are in memory: checkpoints, and models that are used in place.
    package static let raw = TensorStorage(.raw)
    /// Quantized weights.
    package static let smallest = TensorStorage(.smallest)
    /// Floats that must stay exact.
    package static let smallestFloats = TensorStorage(.smallest, separatesBytePlanes: true)
}

/// One tensor to be written, or read back whole.
package struct TensorRecord: Sendable, Hashable {
    /// The name, as in `ParameterLayout`; 1 to 255 of `[A-Za-z0-9._-]`.
    package var name: String
    /// Dimensions, slowest first, 1 to 4 of them.
    package var shape: [Int]
    /// The elements.
    package var data: TensorData
    /// How they are to be stored.
    package var storage: TensorStorage

    /// Makes a record; the writer checks it.
    package init(
        name: String, shape: [Int], data: TensorData, storage: TensorStorage = .smallest
    ) {
        self.name = name
        self.shape = shape
        self.data = data
        self.storage = storage
    }
}
