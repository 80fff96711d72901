import PoeCommand
import PoeCore
import PoemFile

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Gallery {
    /// Writes files into a folder, which is made; the index last, so that it names nothing that is
    /// not there.
    ///
    /// Then texts of models that an earlier gallery in the folder had are removed.
    package static func write(_ files: [File], to folder: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw CommandFailure(.cannotCreate, "\(folder): no folder can be made there")
        }
        for file in files.filter({ !$0.name.hasPrefix("index.") })
            + files.filter({ $0.name.hasPrefix("index.") })
        {
            try TextFile.write(file.text, to: folder + "/" + file.name)
        }
        for path in try leftOver(files, in: folder) {
            do {
                try FileManager.default.removeItem(atPath: path)
            } catch {
                throw CommandFailure(
                    .inputOutput, "\(path): is of an earlier gallery and cannot be removed")
            }
        }
    }

    /// Compares a folder with files that were made anew.
    ///
    /// - Returns: One sentence about the first difference; nil if there is none.
    package static func difference(_ files: [File], from folder: String) throws -> String? {
        // JSON first: there a difference has a name.
        let ordered =
            files.filter { $0.name.hasSuffix(".json") }
            + files.filter { !$0.name.hasSuffix(".json") }
        for file in ordered {
            let path = folder + "/" + file.name
            guard let found = try? InputText.bytes(of: path) else { return "\(path): is missing" }
            guard found != Array(file.text.utf8) else { continue }
            return "\(path): " + difference(Array(file.text.utf8), found)
        }
        return try leftOver(files, in: folder).first.map { "\($0): is not part of the gallery" }
    }

    /// The paths of texts that an earlier gallery in the folder had and that are none of `files`, sorted.
    private static func leftOver(
        _ files: [File], in folder: String
    ) throws(CommandFailure) -> [String] {
        guard let found = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw CommandFailure(.inputOutput, "\(folder): its files cannot be listed")
        }
        // On some disks `model-A.json` is `model-a.json`, under whichever name it had first.
        let names = Set(files.map { $0.name.lowercased() })
        return found.filter { !names.contains($0.lowercased()) && isOfModel($0, in: folder) }
            .map { folder + "/" + $0 }.sorted()
    }

    /// Whether a file is what a gallery writes of a model, by its beginning: people may keep files of
    /// their own beside a gallery, whatever their names.
    private static func isOfModel(_ name: String, in folder: String) -> Bool {
        let isScript = name.hasSuffix(".js")
        guard name.hasPrefix("model-"), isScript || name.hasSuffix(".json") else { return false }
        let stem = String(name.dropLast(isScript ? ".js".count : ".json".count))
        let id = stem.dropFirst("model-".count)
        let members = "{\n\"format\":\"poe-gallery\",\n\"model\":\"\(id)\",\n"
        let start = isScript ? call(stem) + members : members
        let path = folder + "/" + name
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard attributes?[.type] as? FileAttributeType == .typeRegular,
            let bytes = try? InputText.bytes(of: path)
        else { return false }
        return bytes.starts(with: start.utf8)
    }

    private static func difference(_ expected: [UInt8], _ found: [UInt8]) -> String {
        let decoder = JSONDecoder()
        if let new = try? decoder.decode(JSONTree.self, from: Data(expected)) {
            guard let old = try? decoder.decode(JSONTree.self, from: Data(found)) else {
                return "is not valid JSON"
            }
            if let difference = new.difference(from: old, at: "") { return difference }
        }
        let place = zip(expected, found).prefix { $0 == $1 }.count
        return "differs from byte \(place) on (the same inputs make another file)"
    }

    /// Where the texts of a gallery were looked up.
    package enum Lookup {
        /// Nowhere; in all works of a corpus; in those of a corpus that train, by a split.
        case none, corpus, split
    }

    /// The inputs that a gallery in a folder was made from; its corpus is not among them.
    ///
    /// - Returns: The description, and where its texts were looked up.
    package static func inputs(of folder: String) throws -> (gallery: Gallery, lookup: Lookup) {
        let path = folder + "/index.json"
        let index: StoredIndex
        do {
            index = try JSONDecoder().decode(
                StoredIndex.self, from: Data(try InputText.bytes(of: path)))
        } catch let error as CommandFailure {
            throw error
        } catch {
            throw CommandFailure(.malformed, "\(path): not the index of a gallery")
        }
        var recipe = GalleryRecipe()
        recipe.prompts = index.prompts
        recipe.temperatures = index.settings.temperatures
        recipe.samples = index.settings.samples
        recipe.seed = index.settings.seed
        recipe.predict = index.settings.predict
        recipe.topK = index.settings.topK
        recipe.alternatives = index.settings.alternatives
        try recipe.validate(path)
        let paths = Dictionary(index.models.map { ($0.id, $0.path) }) { first, _ in first }
        let ladders = index.ladders.map { ladder in
            Ladder(name: ladder.name, paths: ladder.models.compactMap { paths[$0] })
        }
        return (
            Gallery(models: index.models.map(\.path), ladders: ladders, recipe: recipe),
            index.corpus.map { $0.baseline == nil ? .corpus : .split } ?? .none
        )
    }
}

extension GalleryRecipe {
    /// Refuses what no gallery can have been made from.
    fileprivate func validate(_ path: String) throws(CommandFailure) {
        let isSane =
            (1...10_000).contains(prompts.count) && (1...1_000).contains(temperatures.count)
            && (1...10_000).contains(samples) && (0...1_000_000).contains(predict) && topK >= 0
            && (0...1_000).contains(alternatives)
        guard isSane else {
            throw CommandFailure(.malformed, "\(path): its settings are out of range")
        }
    }
}

/// What is read back of an index.
private struct StoredIndex: Decodable {
    struct Settings: Decodable {
        var alternatives: Int
        var predict: Int
        var samples: Int
        var seed: UInt64
        var temperatures: [Float]
        var topK: Int

        enum CodingKeys: String, CodingKey {
            case alternatives, predict, samples, seed, temperatures
            case topK = "top_k"
        }
    }

    struct Model: Decodable {
        var id: String
        var path: String
    }

    struct Ladder: Decodable {
        var models: [String]
        var name: String
    }

    struct Corpus: Decodable {
        struct Baseline: Decodable {
            var works: Int
        }

        var baseline: Baseline?
    }

    var corpus: Corpus?
    var ladders: [Ladder]
    var models: [Model]
    var prompts: [String]
    var settings: Settings
}
