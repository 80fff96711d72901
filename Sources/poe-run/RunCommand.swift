import Poe
import PoeCommand

/// `poe-run`: makes text.
struct RunCommand {
    private let options: RunOptions

    init(_ options: RunOptions) throws {
        try options.validate()
        self.options = options
    }

    func run() throws {
        let settings = options.settings
        let session = try Session(
            model: ModelLocation.find(options.model), threads: options.threads,
            output: options.output)
        if options.prompt.isInteractive {
            let corpus = try options.prompt.corpus.map(CorpusLookup.init(path:))
            var repl = REPL(session: session, settings: settings, corpus: corpus)
            try repl.run(first: options.prompt.given())
        } else {
            let texts = try session.generate(
                options.prompt.all(), settings: settings,
                seed: settings.seed ?? Session.randomSeed(),
                samples: options.samples, tellsSeed: settings.seed == nil)
            if texts.contains(where: { $0.finishReason == .interrupt }) { throw Interrupted() }
        }
    }
}
