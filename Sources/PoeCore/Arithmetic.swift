/// How an engine multiplies matrices.
public enum Arithmetic: String, Sendable, Hashable, CaseIterable {
    /// Weights, activations and key-value cache are f32.
    case f32
    /// Weights are the `Int8` symbols of the file (or are rounded to such, one step for each output);
    /// activations and the key-value cache are quantized to `Int8` on the fly, a scale for each row.
    case int8
}
