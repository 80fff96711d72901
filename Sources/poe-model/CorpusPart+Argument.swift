import ArgumentParser
package import PoeCorpus

extension CorpusPart: ExpressibleByArgument {}
