import CPoeKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One table of C kernels per instruction set; all give the same bits.
package enum KernelSet: String, CaseIterable, Sendable {
    /// Baseline instructions only: slow, everywhere.
    case scalar
    /// x86-64 with AVX2 and FMA.
    case avx2
    /// x86-64 with AVX-512 F, BW, DQ and VL.
    case avx512
    /// AVX-512 with VNNI, which multiplies bytes.
    case avx512vnni
    /// AVX-512 with VNNI and products of bfloat16.
    case avx512bf16
    /// AArch64.
    case neon

    /// The sets that this machine can run, the slowest first.
    package static var available: [KernelSet] {
        allCases.filter { unsafe poe_kernels_named($0.rawValue) != nil }
    }

    /// The set to use: the one that `POE_KERNELS` names, if this machine has it; else the fastest.
    ///
    /// - Note: A command that wants to refuse a wrong `POE_KERNELS` compares it with ``available``.
    package static var best: KernelSet {
        if let forced, available.contains(forced) { return forced }
        let paysBF16 = poe_bf16_pays() != 0
        return available.last { $0 != .avx512bf16 || paysBF16 } ?? .scalar
    }

    /// The set that `POE_KERNELS` names, available or not.
    package static var forced: KernelSet? {
        guard let value = unsafe getenv("POE_KERNELS") else { return nil }
        return KernelSet(rawValue: unsafe String(cString: value))
    }
}

/// The functions of `set`; traps where this machine does not have it.
func kernelTable(_ set: KernelSet) -> UnsafePointer<poe_kernels> {
    guard let table = unsafe poe_kernels_named(set.rawValue) else {
        preconditionFailure(
            "this machine cannot run the \(set.rawValue) kernels; it has "
                + KernelSet.available.map(\.rawValue).joined(separator: ", "))
    }
    return unsafe table
}
