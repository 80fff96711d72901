import PoeNumerics

extension TextGenerator {
    /// Throws if `POE_KERNELS` asks for kernels that this machine cannot run.
    ///
    /// Commands ask before they begin; a program that embeds the library gets the fastest instead.
    package static func checkKernels() throws(PoeError) {
        do {
            try KernelSet.checkForced()
        } catch {
            throw PoeError(.invalidOption, error.description)
        }
    }
}
