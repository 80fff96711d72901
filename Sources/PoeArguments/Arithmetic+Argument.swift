public import ArgumentParser
public import PoeCore

/// `f32` or `int8`.
extension Arithmetic: ExpressibleByArgument {}
