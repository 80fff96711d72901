import Poe
import PoeCommand
import PoeInference
import PoeTokenizer

extension Completion {
    /// The object of `--jsonl`; see `formats/jsonl.md`.
    ///
    /// - Parameter promptIndex: Which prompt of the run it is, from 0.
    func json(promptIndex: Int, tokenizer: Tokenizer, hasLogProbabilities: Bool) -> JSON {
        var members: [(String, JSON)] = [
            ("prompt", .string(prompt)), ("text", .string(text)),
            ("tokens", .array(tokens.map { .integer(Int($0)) })), ("seed", .unsigned(seed)),
            ("sample", .integer(sample)), ("finish_reason", .string(finishReason.rawValue)),
            ("prompt_tokens", .integer(promptTokens)),
            ("generated_tokens", .integer(tokens.count)),
            ("prefill_tokens_per_second", .number(statistics.prefillTokensPerSecond)),
            ("decode_tokens_per_second", .number(statistics.decodeTokensPerSecond)),
            ("prompt_index", .integer(promptIndex)),
            ("warnings", .array(warnings.map { .string($0.description) })),
        ]
        if hasLogProbabilities {
            let records = zip(tokens, logProbabilities).map { token, probabilities in
                JSON.object(
                    Self.members(token, probabilities.chosen, tokenizer) + [
                        (
                            "top",
                            .array(
                                probabilities.alternatives.map {
                                    .object(Self.members($0.token, $0.logProbability, tokenizer))
                                })
                        )
                    ])
            }
            members.append(("logprobs", .array(records)))
        }
        return .object(members)
    }

    private static func members(
        _ token: TokenID, _ logProbability: Double, _ tokenizer: Tokenizer
    ) -> [(String, JSON)] {
        [
            ("token", .integer(Int(token))), ("text", .string(tokenizer.decode([token]))),
            ("logprob", .number(logProbability)),
        ]
    }
}
