import Poe

/// A setting that a person gave and that cannot be.
struct SettingError: Error, CustomStringConvertible {
    /// One sentence: what was found and what was expected.
    let description: String
}

/// The options that a flag and, in the REPL, `/set` give.
extension GenerationOptions {
    /// Throws for the first value that is out of range; names are the flags' without dashes.
    func checkSettings() throws(SettingError) {
        try check("predict", "\(maxNewTokens)", maxNewTokens >= 0, "a whole number from 0 up")
        try check(
            "temp", "\(temperature)", temperature >= 0 && temperature.isFinite,
            "a number from 0 up (0 = always the most probable token)")
        try check("top-k", "\(topK)", topK >= 0, "a whole number from 0 up (0 = off)")
        try check(
            "top-p", "\(topP)", topP > 0 && topP <= 1, "a number above 0, at most 1 (1 = off)")
        try check("min-p", "\(minP)", minP >= 0 && minP <= 1, "a number from 0 to 1 (0 = off)")
        try check(
            "repeat-penalty", "\(repeatPenalty)", repeatPenalty > 0 && repeatPenalty.isFinite,
            "a number above 0 (1 = off)")
        try check(
            "stop", "empty", stopStrings.allSatisfy { !$0.isEmpty },
            "a text of one character or more")
    }

    private func check(
        _ name: String, _ value: String, _ isInRange: Bool, _ expected: String
    ) throws(SettingError) {
        guard isInRange else {
            throw SettingError(description: "\(name) is \(value); expected \(expected)")
        }
    }
}

/// The same by name, as `/set` takes them and `/show` shows them.
extension GenerationOptions {
    /// The names, in the order in which they are shown.
    static let settingNames = [
        "predict", "temp", "top-k", "top-p", "min-p", "repeat-penalty", "seed", "stop",
        "context-policy", "unknown",
    ]

    /// The words that a setting takes, where it takes words.
    static func settingWords(for name: String) -> [String] {
        switch name {
        case "seed": ["random"]
        case "stop": ["none"]
        case "context-policy": ContextPolicy.allCases.map(\.rawValue)
        case "unknown": UnknownPolicy.allCases.map(\.name) + ["default"]
        default: []
        }
    }

    /// Gives a setting a value, or leaves all as it is and throws.
    mutating func set(_ name: String, to text: String) throws(SettingError) {
        var new = self
        switch name {
        case "predict", "n": new.maxNewTokens = try Self.parse(name, text, "a whole number")
        case "temp": new.temperature = try Self.parse(name, text, "a number")
        case "top-k": new.topK = try Self.parse(name, text, "a whole number")
        case "top-p": new.topP = try Self.parse(name, text, "a number")
        case "min-p": new.minP = try Self.parse(name, text, "a number")
        case "repeat-penalty": new.repeatPenalty = try Self.parse(name, text, "a number")
        case "seed" where text == "random": new.seed = nil
        case "seed": new.seed = try Self.parse(name, text, "a whole number from 0 up, or random")
        case "stop": new.stopStrings = try Self.parseStops(text)
        case "context-policy":
            guard let policy = ContextPolicy(rawValue: text) else {
                throw Self.unknownWord(name, text)
            }
            new.contextPolicy = policy
        case "unknown" where text == "default": new.unknown = nil
        case "unknown":
            guard let policy = UnknownPolicy(name: text) else {
                throw Self.unknownWord(name, text)
            }
            new.unknown = policy
        default:
            throw SettingError(
                description: "there is no setting \(name); the settings are "
                    + Self.settingNames.joined(separator: ", "))
        }
        try new.checkSettings()
        self = new
    }

    /// The value of a setting, as ``set(_:to:)`` takes it.
    func text(of name: String) -> String {
        switch name {
        case "predict": "\(maxNewTokens)"
        case "temp": Self.short(temperature)
        case "top-k": "\(topK)"
        case "top-p": Self.short(topP)
        case "min-p": Self.short(minP)
        case "repeat-penalty": Self.short(repeatPenalty)
        case "seed": seed.map { "\($0)" } ?? "random"
        case "stop":
            stopStrings.isEmpty ? "none" : stopStrings.map(Self.quoted).joined(separator: " ")
        case "context-policy": contextPolicy.rawValue
        case "unknown": unknown?.name ?? "default"
        default: ""
        }
    }

    private static func short(_ value: Float) -> String {
        let text = "\(value)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private static func parse<Value: LosslessStringConvertible>(
        _ name: String, _ text: String, _ expected: String
    ) throws(SettingError) -> Value {
        guard let value = Value(text) else {
            throw SettingError(
                description: "\(name) is \(text.isEmpty ? "empty" : text); expected \(expected)")
        }
        return value
    }

    private static func unknownWord(_ name: String, _ text: String) -> SettingError {
        let expected = settingWords(for: name).joined(separator: ", ")
        return SettingError(
            description: "\(name) is \(text.isEmpty ? "empty" : text); expected one of \(expected)")
    }

    /// Texts in quotation marks, or one without; `\n`, `\t`, `\"` and `\\` stand for what they say.
    private static func parseStops(_ text: String) throws(SettingError) -> [String] {
        if text.isEmpty || text == "none" { return [] }
        guard text.hasPrefix("\"") else { return [unescaped(text)] }
        var stops: [String] = []
        var current: String?
        var isEscaped = false
        for (place, character) in zip(text.unicodeScalars.indices, text.unicodeScalars) {
            guard var stop = current else {
                if character == "\"" { current = "" }
                guard character == "\"" || character == " " else {
                    let rest = String(text.unicodeScalars[place...])
                    throw SettingError(
                        description: "stop has \(rest) outside of quotation marks; expected texts "
                            + "in quotation marks alone, such as \"a\" \"b\"")
                }
                continue
            }
            if character == "\"", !isEscaped {
                stops.append(unescaped(stop))
                current = nil
                continue
            }
            stop.unicodeScalars.append(character)
            isEscaped = character == "\\" && !isEscaped
            current = stop
        }
        guard current == nil else {
            throw SettingError(description: "stop has no closing quotation mark")
        }
        return stops
    }

    /// A text with `\n`, `\t`, `\"` and `\\` as what they stand for.
    static func unescaped(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if isEscaped {
                result.append(scalar == "n" ? "\n" : scalar == "t" ? "\t" : scalar)
                isEscaped = false
            } else if scalar == "\\" {
                isEscaped = true
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\"", "\\": result += "\\\(scalar)"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
