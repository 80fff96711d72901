/// How one number of a tensor is stored.
public enum ElementType: UInt8, Sendable, CaseIterable {
    /// IEEE 754 binary32.
    case f32 = 0
    /// IEEE 754 binary16.
    case f16 = 1
    /// The upper half of a binary32.
    case bf16 = 2
    /// A signed integer: a symbol on a uniform grid, worth `symbol * step`.
    case i8 = 3

    /// Bytes of one element.
    public var byteCount: Int {
        switch self {
        case .f32: 4
        case .f16, .bf16: 2
        case .i8: 1
        }
    }
}

/// Conversions between `Float` and IEEE 754 binary16, in integers, the same on every machine.
package enum Float16Bits {
    /// The nearest binary16, ties to even; beyond 65,504 (rounded) infinity, NaN stays NaN.
    package static func bits(of value: Float) -> UInt16 {
        let x = value.bitPattern
        let sign = UInt16(x >> 16) & 0x8000
        let magnitude = x & 0x7FFF_FFFF
        if magnitude > 0x7F80_0000 { return sign | 0x7E00 }
        if magnitude >= 0x4780_0000 { return sign | 0x7C00 }
        if magnitude < 0x3880_0000 {
            // Subnormal: adding 0.5 lets the float adder round at bit 2^-24, which is binary16's last.
            let rounded = (Float(bitPattern: magnitude) + 0.5).bitPattern &- 0x3F00_0000
            return sign | UInt16(truncatingIfNeeded: rounded)
        }
        let odd = (magnitude >> 13) & 1
        let rounded = (magnitude &- 0x3800_0000 &+ 0x0FFF &+ odd) >> 13
        return sign | UInt16(truncatingIfNeeded: rounded)
    }

    /// The value of a binary16, exactly.
    package static func float(of bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let magnitude = UInt32(bits & 0x7FFF)
        if magnitude >= 0x7C00 {
            return Float(bitPattern: sign | 0x7F80_0000 | (magnitude & 0x03FF) << 13)
        }
        if magnitude < 0x0400 {
            return Float(bitPattern: sign | (Float(magnitude) * 0x1p-24).bitPattern)
        }
        return Float(bitPattern: sign | (magnitude << 13) &+ 0x3800_0000)
    }
}

/// Conversions between `Float` and bfloat16, in integers, the same on every machine.
package enum BFloat16Bits {
    /// The nearest bfloat16, ties to even; NaN stays NaN.
    package static func bits(of value: Float) -> UInt16 {
        let x = value.bitPattern
        if value.isNaN { return UInt16(truncatingIfNeeded: x >> 16) | 0x0040 }
        return UInt16(truncatingIfNeeded: (x &+ 0x7FFF &+ (x >> 16 & 1)) >> 16)
    }

    /// The value of a bfloat16, exactly.
    package static func float(of bits: UInt16) -> Float {
        Float(bitPattern: UInt32(bits) << 16)
    }
}
