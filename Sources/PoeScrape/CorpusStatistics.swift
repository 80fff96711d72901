/// Counts over works, line ends included, as a corpus's own table gives them.
package struct CorpusStatistics: Sendable, Equatable {
    /// Works of each kind, and all of them.
    package var works = 0
    /// Unicode scalars.
    package var characters = 0
    /// Runs of characters that are not blank.
    package var words = 0
    /// Different Unicode scalars.
    package var distinctCharacters = 0

    /// Counts over the works of one kind, or over all.
    package init(_ works: [GatheredWork], kind: WorkKind? = nil) {
        var distinct: Set<Unicode.Scalar> = []
        for work in works where kind == nil || work.kind == kind {
            self.works += 1
            var isInWord = false
            for scalar in work.text.unicodeScalars {
                characters += 1
                distinct.insert(scalar)
                let isBlank = scalar.properties.isWhitespace
                if !isBlank, !isInWord { words += 1 }
                isInWord = !isBlank
            }
        }
        distinctCharacters = distinct.count
    }
}
