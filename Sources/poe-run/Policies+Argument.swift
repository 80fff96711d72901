public import ArgumentParser
public import PoeCore
package import PoeInference

extension ContextPolicy: ExpressibleByArgument {
    /// What they do, for the help text.
    package static var allValueDescriptions: [String: String] {
        [
            "slide": "forget the older half, and go on",
            "stop": "end the text",
            "error": "refuse what might not fit",
        ]
    }
}

extension UnknownPolicy: ExpressibleByArgument {
    /// The policy of that name.
    public init?(argument: String) { self.init(name: argument) }
    /// The policy as it is typed.
    public var defaultValueDescription: String { name }
    /// What they do, for the help text.
    public static var allValueDescriptions: [String: String] {
        [
            "replace": "another character stands in",
            "skip": "they are left out",
            "error": "the prompt is refused",
        ]
    }
    /// All policies as they are typed.
    public static var allValueStrings: [String] { allCases.map(\.name) }
}

extension UnknownPolicy {
    /// The policy as flags and settings spell it.
    var name: String { "\(self)" }

    /// The policy of that name.
    init?(name: String) {
        guard let policy = UnknownPolicy.allCases.first(where: { $0.name == name }) else {
            return nil
        }
        self = policy
    }
}
