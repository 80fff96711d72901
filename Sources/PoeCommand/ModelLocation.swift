import PoeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where a command finds the model it is to use.
package enum ModelLocation {
    /// The model that comes with the program, relative to a folder that may hold it.
    private static let bundled = "models/bpe.poem"

    /// The path given, else `$POE_MODEL`, else `models/bpe.poem` in the working folder, else
    /// `../share/poe/models/bpe.poem` beside the program.
    ///
    /// A path that someone named is returned whether or not the file is there: reading it says
    /// what is wrong with it.
    package static func find(_ argument: String?) throws(CommandFailure) -> String {
        if let argument { return argument }
        if let path = Environment["POE_MODEL"], !path.isEmpty { return path }
        if isReadable(bundled) { return bundled }
        if let folder = programFolder, let end = folder.lastIndex(of: "/") {
            let installed = folder[..<end] + "/share/poe/" + bundled
            if isReadable(installed) { return installed }
        }
        throw CommandFailure(
            .noInput,
            "no model: name a .poem file, or set POE_MODEL to one, or work in a folder with "
                + "\(bundled); `poe-train FOLDER -o NAME.poem` makes one from text files")
    }

    /// The path of another program of this package, if it stands beside the running one.
    package static func sibling(_ name: String) -> String? {
        programFolder.map { $0 + "/" + name }.flatMap { unsafe access($0, X_OK) == 0 ? $0 : nil }
    }

    private static func isReadable(_ path: String) -> Bool {
        unsafe access(path, R_OK) == 0
    }

    /// The folder of the running program's file, links resolved.
    private static var programFolder: String? {
        #if os(Linux)
            let path: String? = "/proc/self/exe"
        #else
            let path = CommandLine.arguments.first
        #endif
        guard let path, let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        let program = unsafe String(cString: resolved)
        return program.lastIndex(of: "/").map { String(program[..<$0]) }
    }
}
