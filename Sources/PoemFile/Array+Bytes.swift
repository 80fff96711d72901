extension Array where Element: BitwiseCopyable {
    /// `withUnsafeBytes` with a typed error.
    func withStoredBytes<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let result = unsafe withUnsafeBytes { bytes -> Result<Value, Failure> in
            do throws(Failure) { return .success(unsafe try body(bytes)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// `withUnsafeMutableBytes` with a typed error.
    mutating func withMutableBytes<Value, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let result = unsafe withUnsafeMutableBytes { bytes -> Result<Value, Failure> in
            do throws(Failure) { return .success(unsafe try body(bytes)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
