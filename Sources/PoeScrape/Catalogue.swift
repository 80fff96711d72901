internal import Foundation

/// What kind of text a work is.
package enum WorkKind: String, Sendable, CaseIterable {
    /// A story.
    case tale
    /// Verse.
    case poem
    /// An essay.
    case essay

    /// A kind by its name, or by one of the other names in use.
    package init?(name: String) {
        switch name.lowercased() {
        case "tale", "story", "stories", "tales": self = .tale
        case "poem", "poems", "poetry": self = .poem
        case "essay", "essays": self = .essay
        default: return nil
        }
    }
}

/// The works that are known by title: kind, year of the first printing, part of the split.
///
/// Pages and volumes seldom give years and never say what validates.
struct Catalogue {
    /// What is known of a title.
    struct Entry: Equatable {
        /// The title as it is usually printed.
        var title: String
        var kind: WorkKind
        var year: Int
        var validates: Bool
    }

    private static let entries: [String: Entry] = {
        var entries: [String: Entry] = [:]
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 2)
            guard fields.count == 3, let year = Int(fields[0]) else { continue }
            let validates = fields[1].hasSuffix("*")
            guard let kind = kinds[fields[1].first ?? " "] else { continue }
            let titles = fields[2].split(separator: "|").map(String.init)
            for title in titles {
                entries[key(title)] = Entry(
                    title: titles[0], kind: kind, year: year, validates: validates)
            }
        }
        return entries
    }()

    private static let kinds: [Character: WorkKind] = ["t": .tale, "p": .poem, "e": .essay]

    /// What is known of a title, however it is spelt and marked.
    static func entry(_ title: String) -> Entry? { entries[key(title)] }

    /// What of a title counts: letters and digits without accents, no leading article.
    static func key(_ title: String) -> String {
        let plain = title.replacing("æ", with: "ae").replacing("Æ", with: "ae")
            .folding(options: [.diacriticInsensitive, .caseInsensitive], locale: nil)
        var words = plain.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        if words.count > 1, ["the", "a", "an"].contains(words[0]) { words.removeFirst() }
        return words.joined()
    }

    /// Year; t(ale), p(oem) or e(ssay), with a star if it validates; titles.
    private static let table = """
        1831 e Letter to Mr. B——|Letter to B
        1836 e Maelzel's Chess-Player
        1846 e Marginalia
        1844 e* Morning on the Wissahiccon|The Elk
        1845 e Old English Poetry
        1840 e Philosophy of Furniture
        1846 e The Philosophy of Composition
        1850 e The Poetic Principle
        1849 p A Dream Within a Dream
        1827 p A Dream
        1831 p A Paean
        1849 p A Valentine
        1829 p Al Aaraaf
        1829 p Alone
        1848 p An Enigma
        1849 p Annabel Lee
        1837 p Bridal Ballad|To —— (Bridal Ballad)
        1844 p Dreamland|Dream-Land
        1827 p Dreams
        1849 p Eldorado
        1827 p Evening Star
        1829 p Fairyland|Fairy-Land
        1849 p For Annie
        1827 p Hymn to Aristogeiton and Harmodius
        1835 p Hymn|A Catholic Hymn
        1827 p Imitation
        1827 p In Youth I Have Known One|Stanzas
        1831 p Israfel
        1843 p* Lenore
        1829 p Romance
        1835 p* Scenes from "Politian"|Politian|An Unpublished Drama
        1840 p Silence|Sonnet—Silence
        1827 p Song|Song: I saw thee on thy bridal day
        1829 p* Sonnet—To Science|To Science
        1827 p Spirits of the Dead
        1827 p Tamerlane
        1849 p The Bells
        1831 p The City in the Sea
        1833 p The Coliseum
        1843 p The Conqueror Worm
        1827 p* The Happiest Day|The Happiest Day, the Happiest Hour
        1839 p The Haunted Palace
        1827 p The Lake|The Lake —— To ——
        1845 p The Raven
        1831 p The Sleeper
        1831 p The Valley of Unrest
        1835 p To F——
        1845 p To Frances S. Osgood|To F——s S. O——d
        1831 p To Helen
        1848 p To Helen (1848)
        1829 p To the River ——|To the River
        1847 p To Marie Louise (Shew)|To M. L. S.|To M. L. S——
        1849 p* To My Mother
        1834 p To One in Paradise
        1833 p To Elizabeth
        1837 p To Zante|Sonnet—To Zante
        1847 p Ulalume|Ulalume: A Ballad
        1841 t A Descent into the Maelstrom
        1838 t A Predicament
        1832 t A Tale of Jerusalem
        1844 t A Tale of the Ragged Mountains
        1832 t Bon-Bon
        1843 t Diddling|Diddling Considered as One of the Exact Sciences
        1841 t Eleonora
        1836 t Four Beasts in One—The Homo-Cameleopard|Four Beasts in One
        1838 t* How to Write a Blackwood Article
        1849 t Hop-Frog
        1835 t King Pest|King Pest the First
        1849 t Landor's Cottage
        1842 t The Landscape Garden
        1838 t Ligeia
        1835 t Lionizing
        1832 t Loss of Breath
        1849 t Mellonta Tauta
        1844 t Mesmeric Revelation
        1832 t Metzengerstein
        1835 t* Morella
        1835 t Berenice
        1833 t MS. Found in a Bottle|Ms Found in a Bottle
        1837 t Mystification
        1841 t Never Bet the Devil Your Head
        1835 t Shadow—A Parable|Shadow
        1838 t Silence—A Fable
        1845 t Some Words with a Mummy
        1844 t The Angel of the Odd
        1834 t The Assignation
        1844 t The Balloon-Hoax
        1843 t The Black Cat
        1840 t The Business Man
        1846 t The Cask of Amontillado
        1841 t The Colloquy of Monos and Una
        1839 t The Conversation of Eiros and Charmion
        1839 t The Devil in the Belfry
        1847 t* The Domain of Arnheim
        1832 t The Duc de L'Omelette
        1845 t The Facts in the Case of M. Valdemar
        1839 t The Fall of the House of Usher
        1843 t The Gold-Bug
        1845 t* The Imp of the Perverse
        1841 t The Island of the Fay
        1840 t The Journal of Julius Rodman
        1844 t The Literary Life of Thingum Bob, Esq.|Literary Life of Thingum Bob
        1840 t The Man of the Crowd
        1839 t* The Man That Was Used Up
        1842 t The Masque of the Red Death
        1841 t* The Murders in the Rue Morgue
        1842 t The Mystery of Marie Roget
        1838 t The Narrative of Arthur Gordon Pym of Nantucket|Narrative of A. Gordon Pym
        1844 t The Oblong Box
        1842 t The Oval Portrait
        1842 t The Pit and the Pendulum
        1845 t The Power of Words
        1844 t The Premature Burial
        1844 t The Purloined Letter
        1846 t The Sphinx
        1849 t Von Kempelen and His Discovery
        1844 t The Spectacles
        1845 t The System of Doctor Tarr and Professor Fether|System of Dr. Tarr and Prof. Fether
        1843 t The Tell-Tale Heart
        1845 t The Thousand-and-Second Tale of Scheherazade
        1841 t Three Sundays in a Week
        1835 t The Unparalleled Adventure of One Hans Pfaall|The Unparalleled Adventures of One Hans Pfaal|Hans Pfaall
        1844 t Thou Art the Man
        1840 t Why the Little Frenchman Wears His Hand in a Sling
        1839 t William Wilson
        1849 t X-ing a Paragrab
        """
}
