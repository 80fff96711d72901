import ArgumentParser
package import PoeSplit

extension CorpusPart: ExpressibleByArgument {}
