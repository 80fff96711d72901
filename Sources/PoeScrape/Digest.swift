#if canImport(CryptoKit)
    internal import CryptoKit
#else
    internal import CMd
#endif

/// SHA-256, by the system's own library.
enum Digest {
    /// The 32 bytes of the hash.
    static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        #if canImport(CryptoKit)
            return Array(CryptoKit.SHA256.hash(data: bytes))
        #else
            var context = SHA2_CTX()
            var digest = [UInt8](repeating: 0, count: 32)
            unsafe SHA256Init(&context)
            unsafe bytes.withUnsafeBufferPointer { region in
                unsafe SHA256Update(&context, region.baseAddress, region.count)
            }
            unsafe SHA256Final(&digest, &context)
            return digest
        #endif
    }

    /// The hash in 64 hexadecimal digits.
    static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return String(sha256(bytes).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
