import PoeCommand
import PoeInference
import PoeTokenizer

/// One text of one prompt, while it is made and afterwards.
struct Sample {
    /// Which prompt of the run, from 0.
    let promptIndex: Int
    /// Which text of the prompt, from 0.
    let sample: Int
    /// The prompt as it was given.
    let prompt: String
    /// The text so far.
    var assembler: TextAssembler
    /// Each token's log-probabilities, where they were asked for.
    var logProbabilities: [LogProbabilities] = []
    /// Tokens, reason and counts, once it is done.
    var result: GenerationResult?

    /// The object of `--jsonl`; see `formats/jsonl.md`.
    func json(
        seed: UInt64, statistics: GenerationStatistics, tokenizer: Tokenizer, hasAlternatives: Bool
    ) -> JSON {
        let tokens = result?.tokens ?? []
        var members: [(String, JSON)] = [
            ("prompt", .string(prompt)), ("text", .string(assembler.text)),
            ("tokens", .array(tokens.map { .integer(Int($0)) })), ("seed", .unsigned(seed)),
            ("sample", .integer(sample)),
            ("finish_reason", .string((result?.finishReason ?? .interrupt).rawValue)),
            ("prompt_tokens", .integer(result?.promptTokens ?? 0)),
            ("generated_tokens", .integer(tokens.count)),
            ("prefill_tokens_per_second", .number(statistics.prefillTokensPerSecond)),
            ("decode_tokens_per_second", .number(statistics.decodeTokensPerSecond)),
            ("prompt_index", .integer(promptIndex)),
            ("cut_prompt_tokens", .integer(result?.cutTokens ?? 0)),
        ]
        guard hasAlternatives else { return .object(members) }
        let records = zip(tokens, logProbabilities).map { token, logProbabilities in
            JSON.object([
                ("token", .integer(Int(token))), ("text", .string(tokenizer.decode([token]))),
                ("logprob", .number(logProbabilities.chosen)),
                (
                    "top",
                    .array(
                        logProbabilities.alternatives.map {
                            .object([
                                ("token", .integer(Int($0.token))),
                                ("text", .string(tokenizer.decode([$0.token]))),
                                ("logprob", .number($0.logProbability)),
                            ])
                        })
                ),
            ])
        }
        members.append(("logprobs", .array(records)))
        return .object(members)
    }
}
