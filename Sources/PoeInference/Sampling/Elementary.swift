/// Exponential and logarithm in `Double`, from additions, multiplications and one division.
///
/// Whatever decides which token is chosen must give the same bits on every machine. The C library's
/// `exp` and `log` differ from one system to the next; these do not, because IEEE 754 fixes the
/// result of each operation and Swift contracts none of them into fused ones.
package enum Elementary {
    /// `e` to the power of `x`, to a relative error below 1e-15; 0 below -708, infinite above 709.
    ///
    /// `x = n ln 2 + r` with `|r| <= ln 2 / 2`; then `2^n` times the Taylor series of `e^r`, whose
    /// first term left out is below 1e-17.
    package static func exp(_ x: Double) -> Double {
        guard x >= -708 else { return x.isNaN ? x : 0 }
        guard x <= 709 else { return .infinity }
        let n = (x * 0x1.71547652b82fep0).rounded(.toNearestOrEven)  // x / ln 2
        // ln 2 in two parts; the first has its low bits zero, so that n times it is exact.
        let r = (x - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33
        var sum = 0x1.93974a8c07c9dp-37  // 1 / 14!
        sum = 0x1.6124613a86d09p-33 + sum * r
        sum = 0x1.1eed8eff8d898p-29 + sum * r
        sum = 0x1.ae64567f544e4p-26 + sum * r
        sum = 0x1.27e4fb7789f5cp-22 + sum * r  // 1 / 10!
        sum = 0x1.71de3a556c734p-19 + sum * r
        sum = 0x1.a01a01a01a01ap-16 + sum * r
        sum = 0x1.a01a01a01a01ap-13 + sum * r
        sum = 0x1.6c16c16c16c17p-10 + sum * r
        sum = 0x1.1111111111111p-7 + sum * r  // 1 / 5!
        sum = 0x1.5555555555555p-5 + sum * r
        sum = 0x1.5555555555555p-3 + sum * r
        sum = 0.5 + sum * r
        sum = 1 + sum * r
        sum = 1 + sum * r
        return Double(sign: .plus, exponent: Int(n), significand: sum)
    }

    /// The natural logarithm of a positive, finite `x`, to an absolute error below 1e-15 times the
    /// larger of 1 and the result.
    ///
    /// `x = 2^n m` with `m` between `sqrt(1/2)` and `sqrt(2)`; `log m = 2 artanh((m - 1) / (m + 1))`.
    package static func log(_ x: Double) -> Double {
        var n = Double(x.exponent)
        var m = x.significand
        if m > 0x1.6a09e667f3bcdp0 {  // sqrt(2)
            m /= 2
            n += 1
        }
        let f = (m - 1) / (m + 1)
        let square = f * f
        var sum = 0.0
        for k in stride(from: 23, to: 0, by: -2) {
            sum = 1 / Double(k) + sum * square
        }
        return n * 0x1.62e42feep-1 + (2 * f * sum + n * 0x1.a39ef35793c76p-33)
    }
}
