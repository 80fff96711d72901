import PoeCore
import PoemFile

/// How a model's weights are stored; one reader serves all.
package enum Profile: Sendable, Hashable {
    /// f32, bit for bit, byte planes apart and compressed where that is smaller.
    case lossless
    /// What is shipped: matrices as `Int8` symbols on a uniform grid, entropy-coded.
    case compact(CompactSettings)
    /// f32, bit for bit, uncompressed and aligned: the fastest to open and to write.
    case mapped

    /// The profile's name on the command line and in documents.
    package var name: String {
        switch self {
        case .lossless: "lossless"
        case .compact: "compact"
        case .mapped: "mapped"
        }
    }

    /// The record of one parameter with these values.
    func record(of parameter: Parameter, values: [Float]) -> TensorRecord {
        let (data, storage): (TensorData, TensorStorage) =
            switch self {
            case .lossless: (.f32(values), .smallestFloats)
            case .mapped: (.f32(values), .raw)
            case .compact(let settings): settings.data(of: parameter, values: values)
            }
        return TensorRecord(
            name: parameter.name, shape: parameter.shape, data: data, storage: storage)
    }
}

extension CompactSettings {
    /// What is written for one parameter with these values.
    func data(of parameter: Parameter, values: [Float]) -> (TensorData, TensorStorage) {
        switch storage(of: parameter, values: values) {
        case .f32:
            (.f32(values), .smallestFloats)
        case .f16:
            (.f16(values.map { Float16Bits.bits(of: $0) }), .smallestFloats)
        case .grid(let step):
            (.i8(Grid.symbols(values, step: step), .perTensor(step: step)), .smallest)
        }
    }
}
