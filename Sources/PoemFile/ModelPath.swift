#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where a model is to be written, looked at before the work that it will hold.
package enum ModelPath {
    /// Throws if a model must not be written to `path`: a folder or a device stands there, or a file that is
    /// no model, such as a text that was meant to be read.
    package static func check(_ path: String) throws(PoemError) {
        guard try AtomicFile.resolve(path).mode != nil, !isModel(path) else { return }
        throw .cannotCreate(
            path: path, reason: "it exists and is no model file; name another, or delete it")
    }

    /// Whether a file is empty or begins as model files do; of one that cannot be read it is not known.
    private static func isModel(_ path: String) -> Bool {
        guard let file = unsafe fopen(path, "rb") else { return true }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: PoemFormat.magic.count)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        return count == 0 || bytes == PoemFormat.magic
    }
}
