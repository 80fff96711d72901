/// Numbers as people read them; the same in every locale.
package enum Format {
    /// With a comma between thousands: `4,902,912`.
    package static func count(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return value < 0 ? "-" + text : text
    }

    /// With its noun in the singular or, with an s, in the plural: `1 token`, `2 tokens`.
    package static func count(_ value: Int, _ noun: String) -> String {
        count(value) + " " + noun + (value == 1 ? "" : "s")
    }

    /// With a fixed number of decimals: `1.340`.
    package static func fixed(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = (value.magnitude * scale).rounded()
        guard scaled < 9e18 else { return "\(value)" }
        let digits = String(UInt64(scaled))
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return sign + padded }
        return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
    }

    /// With a fixed number of decimals and an exponent: `1.50e-03`.
    package static func scientific(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite, value != 0 else { return fixed(value, decimals) }
        var (mantissa, exponent) = (value.magnitude, 0)
        while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
        var text = fixed(mantissa, decimals)
        if text.hasPrefix("10") {
            text = fixed(1, decimals)
            exponent += 1
        }
        let power = String(exponent.magnitude)
        return (value < 0 ? "-" : "") + text + (exponent < 0 ? "e-" : "e+")
            + (power.count < 2 ? "0" : "") + power
    }

    /// Three significant digits and a decimal unit: `2.79 MB`, `512 bytes`.
    package static func bytes(_ value: Int) -> String {
        guard value.magnitude >= 1_000 else { return "\(value) bytes" }
        var (scaled, unit) = (Double(value) / 1e3, 0)
        let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
        while scaled.magnitude >= 999.5, unit < units.count - 1 {
            (scaled, unit) = (scaled / 1e3, unit + 1)
        }
        return significant(scaled) + " " + units[unit]
    }

    /// At least three significant digits, thousands apart: `0.0312`, `2.79`, `31.2`, `1,250`.
    package static func significant(_ value: Double) -> String {
        let size = value.magnitude
        guard size < 1e15 else { return "\(value)" }
        if size >= 99.95 { return count(Int(value.rounded())) }
        if size >= 9.995 { return fixed(value, 1) }
        return fixed(value, size >= 0.9995 || size == 0 ? 2 : size >= 0.09995 ? 3 : 4)
    }

    /// A duration in two units at most: `4.1ms`, `0.42s`, `8.1s`, `43s`, `12m 03s`, `3h 07m`.
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e12 else { return "unknown" }
        let seconds = max(0, seconds)
        if seconds < 0.0995 { return fixed(seconds * 1e3, seconds < 0.00995 ? 1 : 0) + "ms" }
        if seconds < 0.995 { return fixed(seconds, 2) + "s" }
        if seconds < 9.95 { return fixed(seconds, 1) + "s" }
        let total = Int(seconds.rounded())
        if total < 60 { return "\(total)s" }
        if total < 3_600 { return "\(total / 60)m \(twoDigits(total % 60))s" }
        if total < 86_400 { return "\(total / 3_600)h \(twoDigits(total % 3_600 / 60))m" }
        return "\(total / 86_400)d \(twoDigits(total % 86_400 / 3_600))h"
    }

    /// A duration; see ``duration(_:)-(Double)``.
    package static func duration(_ duration: Duration) -> String {
        self.duration(duration / .seconds(1))
    }

    private static func twoDigits(_ value: Int) -> String {
        value < 10 ? "0\(value)" : "\(value)"
    }
}
