import Foundation

/// A variable that makes tests write their golden files anew, where it is 1.
package enum GoldenSwitch: String, Sendable {
    /// Help texts and hashes of texts, which change when someone wants them to.
    case update = "POE_UPDATE_GOLDENS"
    /// Files of a version of the format, which must be read for ever.
    case write = "POE_WRITE_GOLDENS"

    /// Whether files are to be written.
    package var isOn: Bool { ProcessInfo.processInfo.environment[rawValue] == "1" }

    /// What a test that wrote files fails with: a run that wrote what it expects has shown nothing.
    package var complaint: String { "goldens were written; run again without \(rawValue)" }
}
