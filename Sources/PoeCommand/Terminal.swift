#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the terminal, if there is one, can show.
package struct Terminal: Sendable {
    /// A standard stream.
    package enum Stream: Int32, Sendable {
        /// Where prompts may come from.
        case input = 0
        /// Where text and results go.
        case output = 1
        /// Where everything else goes.
        case error = 2
    }

    /// Whether the stream is a terminal.
    package let isTerminal: Bool
    /// Whether colours are welcome: a terminal that has them, and `NO_COLOR` unset or empty.
    package let hasColor: Bool
    /// Whether the locale's encoding is UTF-8, so that more than ASCII can be drawn.
    package let hasUnicode: Bool
    private let stream: Stream

    /// Looks at a standard stream and at the environment.
    package init(_ stream: Stream) {
        self.stream = stream
        isTerminal = isatty(stream.rawValue) == 1
        let isPlain = Environment["NO_COLOR"]?.isEmpty == false || Environment["TERM"] == "dumb"
        hasColor = isTerminal && !isPlain
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { Environment[$0] }
            .first { !$0.isEmpty } ?? ""
        hasUnicode = ["utf-8", "utf8"].contains { locale.lowercased().hasSuffix($0) }
    }

    /// Columns of the terminal now; 80 when there is none or it does not say.
    package var width: Int {
        var size = winsize()
        let request = UInt(TIOCGWINSZ)
        guard unsafe ioctl(stream.rawValue, request, &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// The text in a style, where colours are welcome.
    package func styled(_ text: String, _ style: Style) -> String {
        hasColor ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// The few styles in use.
    package enum Style: Int, Sendable {
        /// Emphasis.
        case bold = 1
        /// What may be overlooked, such as a prompt that is repeated.
        case dim = 2
        /// Errors.
        case red = 31
        /// Warnings.
        case yellow = 33
    }
}

/// The process's environment.
package enum Environment {
    /// The value of a variable, if it is set.
    package static subscript(name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }
}
