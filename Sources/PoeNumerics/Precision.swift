/// What the operands of a product of matrices are rounded to; sums and results are f32 in any case.
package enum Precision: String, Sendable, Hashable, CaseIterable {
    /// Not rounded: 24 bits of precision.
    case f32
    /// bfloat16: the exponents of f32 with 8 bits of precision, at several times the speed where the
    /// processor has tiles for it (Intel's AMX).
    case bf16
}
