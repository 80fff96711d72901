/// The version of the programs.
package enum Version {
    /// As `--version` prints it; see `CHANGELOG.md`.
    package static let text = "0.1.0"
}
