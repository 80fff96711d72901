import CPoeKernels
package import PoeCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `POE_KERNELS` names no kernels that this machine can run.
package struct KernelSetError: ClassifiedError, Equatable {
    /// One sentence: what was found and what was expected.
    package let description: String

    /// A setting that cannot be.
    package var failureKind: FailureKind { .usage }
}

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
    /// AVX-512 with VNNI, and the tiles of AMX for products of bfloat16.
    case amx
    /// AArch64.
    case neon

    /// The sets that this machine can run, the slowest first.
    package static var available: [KernelSet] {
        allCases.filter { unsafe poe_kernels_named($0.rawValue) != nil }
    }

    /// The set to use: the one that `POE_KERNELS` names, if this machine has it; else the fastest.
    ///
    /// Asked once: weights that were packed for a set are of no use to another.
    ///
    /// - Note: Commands refuse a `POE_KERNELS` that names none of ``available``: ``checkForced()``.
    package static let best: KernelSet = {
        if let forced, available.contains(forced) { return forced }
        return available.last ?? .scalar
    }()

    /// The set that `POE_KERNELS` names, available or not.
    package static var forced: KernelSet? { forcedName.flatMap(KernelSet.init(rawValue:)) }

    /// What `POE_KERNELS` is, if it is set.
    private static var forcedName: String? {
        guard let value = unsafe getenv("POE_KERNELS") else { return nil }
        return unsafe String(cString: value)
    }

    /// Throws if `POE_KERNELS` is set and names no set that this machine can run.
    package static func checkForced() throws(KernelSetError) {
        if let forcedName { try check(forcedName) }
    }

    /// Throws if `name` is that of no set that this machine can run; an empty one asks for none.
    package static func check(_ name: String) throws(KernelSetError) {
        let names = available.map(\.rawValue)
        guard name.isEmpty || names.contains(name) else {
            throw KernelSetError(
                description: "POE_KERNELS is '\(name)'; expected one of "
                    + "\(names.joined(separator: ", ")), which this processor can run, or nothing "
                    + "for the fastest")
        }
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
