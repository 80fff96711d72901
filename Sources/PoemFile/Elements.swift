import PoeCore

/// Loops over the elements of a chunk, which is in memory as it is stored.
enum Elements {
    /// Whether no element of a float type is infinite or not a number.
    static func allFinite(_ bytes: UnsafeRawBufferPointer, _ type: ElementType) -> Bool {
        switch type {
        case .f32: unsafe allFinite(bytes.bindMemory(to: UInt32.self), exponent: 0x7F80_0000)
        case .f16: unsafe allFinite(bytes.bindMemory(to: UInt16.self), exponent: 0x7C00)
        case .bf16: unsafe allFinite(bytes.bindMemory(to: UInt16.self), exponent: 0x7F80)
        case .i8: true
        }
    }

    /// An exponent of ones marks infinity and NaN.
    ///
    /// No early exit, so that the loop is vectorised.
    @inline(__always)
    private static func allFinite<Bits: FixedWidthInteger & UnsignedInteger>(
        _ values: UnsafeBufferPointer<Bits>, exponent: Bits
    ) -> Bool {
        var found: Bits = 0
        for i in values.indices {
            found |= unsafe values[i] & exponent == exponent ? 1 : 0
        }
        return found == 0
    }

    /// Converts stored elements to floats; `step` is what an i8 symbol is worth.
    static func widen(
        _ bytes: UnsafeRawBufferPointer, _ type: ElementType, step: Float,
        into output: UnsafeMutableBufferPointer<Float>
    ) {
        guard let target = output.baseAddress, let source = bytes.baseAddress else {
            return
        }
        let count = output.count
        switch type {
        case .f32:
            unsafe UnsafeMutableRawPointer(target).copyMemory(
                from: source, byteCount: bytes.count)
        case .f16:
            for i in 0..<count {
                let bits = unsafe source.load(fromByteOffset: i &* 2, as: UInt16.self)
                unsafe target[i] = float(ofHalf: bits)
            }
        case .bf16:
            for i in 0..<count {
                let bits = unsafe source.load(fromByteOffset: i * 2, as: UInt16.self)
                unsafe target[i] = BFloat16Bits.float(of: bits)
            }
        case .i8:
            for i in 0..<count {
                let symbol = unsafe source.load(fromByteOffset: i, as: Int8.self)
                unsafe target[i] = Float(symbol) * step
            }
        }
    }
}

extension Elements {
    /// As ``PoeCore/Float16Bits``, without branches, so that the loop around it is vectorised.
    @inline(__always)
    private static func float(ofHalf bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) &<< 16
        let magnitude = UInt32(bits & 0x7FFF) &<< 13
        // The exponent's bias differs by 112; the product is exact, of subnormal numbers as well.
        let finite = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
        let special = magnitude | 0x7F80_0000
        return Float(bitPattern: sign | (magnitude >= 0x0F80_0000 ? special : finite))
    }
}

/// The byte-plane transform: all first bytes of the elements, then all second bytes, and so on.
enum BytePlanes {
    /// Separates the bytes of whole elements.
    static func split(
        _ elements: UnsafeRawBufferPointer, elementSize: Int,
        into planes: UnsafeMutableRawBufferPointer
    ) {
        let count = elements.count / elementSize
        for plane in 0..<elementSize {
            for i in 0..<count {
                unsafe planes[plane * count + i] = elements[i * elementSize + plane]
            }
        }
    }

    /// Puts the bytes of each element, which has two or four, together again.
    static func join(
        _ planes: UnsafeRawBufferPointer, elementSize: Int,
        into elements: UnsafeMutableRawBufferPointer
    ) {
        let count = elements.count / elementSize
        // Whole numbers made from a byte of each plane: a loop that is vectorised.
        if elementSize == 4 {
            let output = unsafe elements.bindMemory(to: UInt32.self)
            for i in 0..<count {
                let low = unsafe UInt32(planes[i]) | UInt32(planes[count &+ i]) &<< 8
                let high =
                    unsafe UInt32(planes[2 &* count &+ i])
                    | UInt32(planes[3 &* count &+ i]) &<< 8
                unsafe output[i] = low | high &<< 16
            }
        } else {
            precondition(elementSize == 2, "elements of two or four bytes have planes")
            let output = unsafe elements.bindMemory(to: UInt16.self)
            for i in 0..<count {
                unsafe output[i] = UInt16(planes[i]) | UInt16(planes[count &+ i]) &<< 8
            }
        }
    }
}
