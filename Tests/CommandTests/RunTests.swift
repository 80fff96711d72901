import Foundation
import Poe
import PoeModel
import Testing

@Suite struct RunTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    @Test func promptAndTextGoToStandardOutput() throws {
        let run = try place.generate("-p", "The quick", "-n", "10", "--seed", "1")
        #expect(run.status == 0)
        #expect(run.text.hasPrefix("The quick"))
        #expect(run.text.hasSuffix("\n"))
        #expect(run.errors.contains("10 written"))
    }

    @Test func sameSeedSameBytes() throws {
        let first = try place.generate("-p", "The quick", "--seed", "1", "-t", "1")
        for threads in ["1", "2", "3"] {
            let run = try place.generate("-p", "The quick", "--seed", "1", "-t", threads)
            #expect(run.output == first.output)
        }
        let other = try place.generate("-p", "The quick", "--seed", "2")
        #expect(other.output != first.output)
    }

    @Test func toldSeedGivesTheSameTextAgain() throws {
        let first = try place.generate("-p", "The")
        let line = try #require(first.errors.split(separator: "\n").first { $0.hasPrefix("seed ") })
        let again = try place.generate("-p", "The", "--seed", String(line.dropFirst(5)))
        #expect(again.output == first.output)
    }

    @Test func textIsTheLibrarysText() throws {
        var generator = TextGenerator(try LanguageModel(contentsOf: place.model))
        generator.options.seed = 7
        generator.options.maxNewTokens = 30
        generator.options.topP = 0.9
        let completion = try generator.generate("The quick")
        let run = try place.generate(
            "-p", "The quick", "-s", "7", "-n", "30", "--top-p", "0.9", "--no-display-prompt")
        #expect(run.text == completion.text + (completion.text.hasSuffix("\n") ? "" : "\n"))
    }

    @Test func promptComesFromAFileOrStandardInput() throws {
        let expected = try place.generate("-p", "The fox", "--seed", "1").text
        let path = try place.folder.write("The fox\n", to: "prompt.txt")
        #expect(try place.generate("-f", path, "--seed", "1").text == expected)
        #expect(try place.generate("--seed", "1", input: "The fox\n").text == expected)
        #expect(try place.generate("--seed", "1", input: "The fox\r\n").text == expected)
    }

    @Test func emptyPromptStartsFromALineBreak() throws {
        let expected = try place.generate("-p", "\n", "--seed", "1", "--no-display-prompt").text
        #expect(try place.generate("-p", "", "--seed", "1", "--no-display-prompt").text == expected)
        #expect(try place.generate("--seed", "1").text == expected)
    }

    @Test func stopTextsEndTheTextAndAreNotShown() throws {
        let whole = try place.generate(
            "-p", "The", "--seed", "3", "--no-display-prompt", "--jsonl"
        ).json()
        let text = try #require(whole["text"] as? String)
        let stop = String(text.dropFirst(20).prefix(3))
        let run = try place.generate(
            "-p", "The", "--seed", "3", "--stop", stop, "--stop", "never this", "--jsonl")
        let object = try run.json()
        let expected = text.range(of: stop).map { String(text[..<$0.lowerBound]) }
        #expect(object["text"] as? String == expected)
        #expect(object["finish_reason"] as? String == "stop")
    }

    @Test func quietSaysNothing() throws {
        let run = try place.generate("-p", "ж", "--quiet", "-n", "3")
        #expect(run.status == 0)
        #expect(run.errors.isEmpty)
    }

    @Test func warnsOnceOfUnknownCharacters() throws {
        let run = try place.generate("-p", "жжш The ж", "-n", "1", "--samples", "3")
        #expect(run.errors.components(separatedBy: "warning:").count == 2)
        #expect(run.errors.contains("“ж” (U+0436), “ш” (U+0448)"))
    }

    @Test func warnsOfACutPrompt() throws {
        let prompt = String(repeating: "The fox ", count: 30)
        let run = try place.generate("-p", prompt, "-n", "1")
        #expect(run.status == 0)
        #expect(run.errors.contains("warning: the prompt is longer than the model's context"))
    }

    @Test func samplesStandApart() throws {
        let run = try place.generate(
            "-p", "The", "-n", "5", "--seed", "4", "--samples", "3", "--no-display-prompt")
        let headings = run.text.split(separator: "\n").filter { $0.hasPrefix("--- ") }
        #expect(headings == (1...3).map { "--- sample \($0) of 3, seed 4 ---" })
    }
}

@Suite struct RunBatchTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    @Test func linesOfJSONHaveTheKeysOfTheContract() throws {
        let run = try place.generate(
            "-p", "The", "-n", "5", "--seed", "18446744073709551615", "--samples", "2", "--jsonl",
            "--logprobs", "3")
        let lines = try run.jsonLines()
        #expect(lines.count == 2)
        for (index, line) in lines.enumerated() {
            #expect(line["prompt"] as? String == "The")
            #expect(line["seed"] as? UInt64 == .max)
            #expect(line["sample"] as? Int == index)
            #expect(line["finish_reason"] as? String == "length")
            #expect(line["generated_tokens"] as? Int == 5)
            #expect((line["tokens"] as? [Int])?.count == 5)
            #expect((line["prompt_tokens"] as? Int).map { $0 > 0 } == true)
            #expect(line["prefill_tokens_per_second"] is Double)
            #expect(line["decode_tokens_per_second"] is Double)
            #expect(line["text"] is String)
            let tokens = try #require(line["logprobs"] as? [[String: Any]])
            #expect(tokens.compactMap { $0["token"] as? Int } == line["tokens"] as? [Int])
            for token in tokens {
                let top = try #require(token["top"] as? [[String: Any]])
                let values = top.compactMap { $0["logprob"] as? Double }
                #expect(values.count == 3)
                #expect(values == values.sorted(by: >))
                #expect((token["logprob"] as? Double).map { $0 <= values[0] } == true)
            }
        }
        #expect(!run.text.contains("logprobs\":[]"))
    }

    @Test func batchKeepsTheOrderOfLinesAndTheirTexts() throws {
        let prompts = ["The quick", "", "jumps over the lazy dog, and so on", "fox", "ж", "The"]
        let path = try place.folder.write(prompts.joined(separator: "\n") + "\n", to: "prompts.txt")
        let run = try place.generate("--batch", path, "-n", "20", "--seed", "5", "--jsonl")
        let lines = try run.jsonLines()
        #expect(lines.map { $0["prompt"] as? String } == prompts)
        #expect(lines.map { $0["prompt_index"] as? Int } == Array(prompts.indices))
        for (line, prompt) in zip(lines, prompts) {
            let alone = try place.generate("-p", prompt, "-n", "20", "--seed", "5", "--jsonl")
                .json()
            #expect(line["text"] as? String == alone["text"] as? String)
        }
        let piped = try place.generate(
            "--batch", "-", "-n", "20", "--seed", "5",
            input: prompts.joined(separator: "\n"))
        let headings = piped.text.split(separator: "\n").filter { $0.hasPrefix("--- ") }
        #expect(headings == (1...6).map { "--- prompt \($0) of 6, seed 5 ---" })
    }

    @Test func printsManyTextsInOrder() throws {
        // More texts than rows at a time, ending at different moments.
        let run = try place.generate(
            "-p", "The", "--samples", "70", "--seed", "1", "--stop", "e", "--stop", "o", "-n", "30",
            "--no-display-prompt")
        let objects = try place.generate(
            "-p", "The", "--samples", "70", "--seed", "1", "--stop", "e", "--stop", "o", "-n", "30",
            "--jsonl"
        ).jsonLines()
        var expected = ""
        for (index, object) in objects.enumerated() {
            let text = try #require(object["text"] as? String)
            expected += (index > 0 ? "\n" : "") + "--- sample \(index + 1) of 70, seed 1 ---\n"
            expected += text + (text.hasSuffix("\n") || text.isEmpty ? "" : "\n")
        }
        #expect(run.text == expected)
    }

    @Test func emptyBatchIsNoInput() throws {
        let path = try place.folder.write("\n", to: "empty.txt")
        #expect(try place.generate("--batch", path).status == 66)
        #expect(try place.generate("--batch", "-").status == 66)
    }
}
