public import ArgumentParser
public import PoeCore

extension Arithmetic: ExpressibleByArgument {}
