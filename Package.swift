// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target is compiled the same way: Swift 6, memory-unsafe expressions marked, and
/// imports that stay internal unless they say otherwise (a leaked dependency is a compile error).
let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func command(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies + ["PoeCommand"], swiftSettings: swiftSettings)
}

/// A command of many parts; `poe-run` does without the general parser, which takes longer to start
/// than the rest of the program.
func parsedCommand(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    command(name, dependencies + ["PoeArguments", argumentParser])
}

/// `data` names folders that tests read in place, beside their source.
func tests(_ name: String, _ dependencies: [Target.Dependency], data: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["PoeTestSupport"], exclude: data,
        swiftSettings: swiftSettings)
}

let package = Package(
    name: "poe",
    products: [
        .library(name: "Poe", targets: ["Poe"]),
        .executable(name: "poe-run", targets: ["poe-run"]),
        .executable(name: "poe-train", targets: ["poe-train"]),
        .executable(name: "poe-model", targets: ["poe-model"]),
        .executable(name: "poe-bench", targets: ["poe-bench"]),
        .executable(name: "poe-scrape", targets: ["poe-scrape"]),
        .executable(name: "poe-gallery", targets: ["poe-gallery"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        // Layer 0: C and plain values.
        .target(name: "CPoeKernels"),
        .systemLibrary(
            name: "CZstd", pkgConfig: "libzstd",
            providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
        .systemLibrary(
            name: "CEdit", pkgConfig: "libedit",
            providers: [.apt(["libedit-dev"]), .brew(["libedit"])]),
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
        .systemLibrary(
            name: "CXML", pkgConfig: "libxml-2.0",
            providers: [.apt(["libxml2-dev"]), .brew(["libxml2"])]),
        .systemLibrary(
            name: "CMd", pkgConfig: "libmd", providers: [.apt(["libmd-dev"])]),
        library("PoeCore", []),
        // Layer 1: numbers, text and the file; none knows the others.
        library("PoeNumerics", ["CPoeKernels", "PoeCore"]),
        library("PoeTokenizer", ["PoeCore"]),
        library("PoemFile", ["CZstd", "PoeCore"]),
        // Layer 2: the model.
        library("PoeModel", ["PoeNumerics", "PoemFile", "PoeTokenizer", "PoeCore"]),
        // Layer 3: running it and training it; neither knows the other.
        library("PoeInference", ["PoeModel", "PoeNumerics", "PoeCore"]),
        library(
            "PoeTraining", ["PoeModel", "PoeNumerics", "PoeTokenizer", "PoemFile", "PoeCore"]),
        // Layer 4: what a program embeds.
        library(
            "Poe",
            ["PoeInference", "PoeModel", "PoeNumerics", "PoeTokenizer", "PoemFile", "PoeCore"]),
        // A corpus; nothing of it knows models.
        library("PoeCorpus", ["PoeCore"]),
        // Layer 5: what stands around the model.
        library("PoeSplit", ["PoeCorpus", "PoeCore"]),
        library(
            "PoeScrape",
            [
                "CCurl", "CXML", .target(name: "CMd", condition: .when(platforms: [.linux])),
                "PoemFile", "PoeCore",
            ]),
        // What the commands share.
        library("PoeCommand", ["Poe", "PoemFile", "PoeCore"]),
        // Layer 6: collections of texts with a page that shows them; the page is compiled in, so that
        // the command works wherever it is copied.
        .target(
            name: "PoeGallery",
            dependencies: [
                "PoeCommand", "PoeSplit", "PoeCorpus", "PoeTraining", "Poe", "PoeInference",
                "PoeTokenizer", "PoemFile", "PoeCore",
            ],
            resources: [
                .embedInCode("Page/index.html"), .embedInCode("Page/gallery.js"),
                .embedInCode("Page/gallery.css"),
            ],
            swiftSettings: swiftSettings),
        // The same for those whose command line the general parser reads.
        library("PoeArguments", ["PoeCommand", "PoeCore", argumentParser]),
        // Layer 7: what people type.
        command(
            "poe-run",
            [
                "PoeCorpus", "Poe", "PoeInference", "PoeModel", "PoeTokenizer", "PoemFile",
                "PoeCore", "CEdit",
            ]),
        parsedCommand(
            "poe-train",
            [
                "PoeSplit", "PoeCorpus", "PoeTraining", "PoeInference", "PoeModel", "PoeNumerics",
                "PoeTokenizer", "PoemFile", "PoeCore",
            ]),
        parsedCommand(
            "poe-model",
            [
                "PoeSplit", "PoeCorpus", "PoeTraining", "Poe", "PoeInference", "PoeModel",
                "PoeNumerics", "PoeTokenizer", "PoemFile", "PoeCore",
            ]),
        parsedCommand(
            "poe-bench",
            [
                "PoeSplit", "PoeCorpus", "PoeTraining", "PoeInference", "PoeModel", "PoeNumerics",
                "PoeTokenizer", "PoemFile", "PoeCore",
            ]),
        parsedCommand("poe-scrape", ["PoeScrape", "PoeCore"]),
        parsedCommand(
            "poe-gallery", ["PoeGallery", "PoeCorpus", "Poe", "PoeInference", "PoeCore"]),
        // Tests.
        .target(
            name: "PoeTestSupport", path: "Tests/PoeTestSupport",
            swiftSettings: swiftSettings),
        tests("PoeCoreTests", ["PoeCore"]),
        tests("PoeNumericsTests", ["PoeNumerics", "PoeCore"]),
        tests("PoeTokenizerTests", ["PoeTokenizer", "PoeCore"]),
        tests("PoemFileTests", ["PoemFile", "PoeCore"], data: ["Goldens"]),
        tests("PoeModelTests", ["PoeModel", "PoemFile", "PoeTokenizer", "PoeNumerics", "PoeCore"]),
        tests(
            "PoeInferenceTests",
            ["PoeInference", "PoeModel", "PoeNumerics", "PoeCore"]),
        tests(
            "PoeTrainingTests",
            [
                "PoeTraining", "PoeInference", "PoeModel", "PoeNumerics", "PoeTokenizer",
                "PoemFile", "PoeCore",
            ],
            data: ["Goldens"]),
        tests("PoeCorpusTests", ["PoeCorpus", "PoeCore"]),
        tests("PoeSplitTests", ["PoeSplit", "PoeCorpus"]),
        tests("PoeScrapeTests", ["PoeScrape", "PoeCore"]),
        tests(
            "PoeGalleryTests",
            [
                "PoeGallery", "PoeCorpus", "PoeCommand", "Poe", "PoeModel", "PoemFile",
                "PoeNumerics",
                "PoeTokenizer", "PoeCore",
            ]),
        tests("PoeTests", ["Poe", "PoeModel", "PoemFile", "PoeTokenizer", "PoeCore"]),
        tests(
            "CommandTests",
            [
                "PoeCommand", "PoeSplit", "PoeCorpus", "Poe", "PoeInference", "PoeModel",
                "PoemFile", "PoeNumerics", "PoeTokenizer", "PoeCore",
            ],
            data: ["Goldens"]),
    ]
)
