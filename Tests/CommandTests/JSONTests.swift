import Foundation
import PoeCommand
import Testing

@Suite struct JSONTests {
    @Test func keepsOrderAndLeavesNoBlanks() throws {
        let value = JSON.object([
            ("b", 1), ("a", ["x", true, .null]), ("seed", .unsigned(.max)), ("n", .number(0.1)),
            ("f", .float(0.1)), ("l", .floats([1, -0.5])), ("o", .object([])),
        ])
        let text = try value.encoded()
        #expect(
            text
                == #"{"b":1,"a":["x",true,null],"seed":18446744073709551615,"n":0.1,"f":0.1,"#
                + #""l":[1.0,-0.5],"o":{}}"#)
    }

    @Test func stringsSurviveAnotherReader() throws {
        let all = String(String.UnicodeScalarView((0...0x2FF).compactMap(Unicode.Scalar.init)))
        for string in [all, "\"\\/", "a\u{2028}b\u{1F600}e\u{301}\u{FFFF}", ""] {
            let text = try JSON.array([.string(string)]).encoded()
            let parsed = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String]
            #expect(parsed?.count == 1)
            #expect(parsed?.first.map { Array($0.utf8) } == Array(string.utf8))
        }
    }

    @Test(arguments: [1e-300, 1e21, -0.0, .leastNonzeroMagnitude, 1e15, 123456789.125])
    func numbersSurviveAnotherReader(number: Double) throws {
        let text = try JSON.array([.number(number)]).encoded()
        let parsed = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [Double]
        #expect(parsed == [number])
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func refusesWhatJSONCannotExpress(number: Double) {
        let value = JSON.object([("a", .array([1, .number(number)]))])
        #expect(throws: JSON.NotFinite(place: "the value.a[1]")) { try value.encoded() }
        #expect(throws: JSON.NotFinite(place: "the value[0]")) {
            try JSON.floats([Float(number)]).encoded()
        }
    }
}
