/// What the operands of a product of matrices are rounded to; sums and results are f32 in any case.
package enum Precision: String, Sendable, Hashable, CaseIterable {
    /// Not rounded: 24 bits of precision.
    case f32
    /// bfloat16: the exponents of f32 with 8 bits of precision, multiplied several times as
    /// fast where the processor has tiles for it (Intel's AMX).
    case bf16

    /// What this machine multiplies the fastest: ``bf16`` where its kernels have tiles for it.
    package static var fastest: Precision { KernelSet.best == .amx ? .bf16 : .f32 }
}
