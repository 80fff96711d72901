/// A priority queue: the element that comes first by `<` is taken first.
struct BinaryHeap<Element: Comparable> {
    private var elements: [Element]

    /// Orders `elements` in linear time.
    init(_ elements: [Element] = []) {
        self.elements = elements
        for i in stride(from: elements.count / 2 - 1, through: 0, by: -1) { sink(i) }
    }

    mutating func insert(_ element: Element) {
        elements.append(element)
        var i = elements.count - 1
        while i > 0 {
            let parent = (i - 1) / 2
            guard element < elements[parent] else { break }
            elements[i] = elements[parent]
            i = parent
        }
        elements[i] = element
    }

    mutating func popFirst() -> Element? {
        guard let first = elements.first, let last = elements.popLast() else { return nil }
        if !elements.isEmpty {
            elements[0] = last
            sink(0)
        }
        return first
    }

    private mutating func sink(_ start: Int) {
        let element = elements[start]
        var i = start
        while true {
            var child = 2 * i + 1
            guard child < elements.count else { break }
            if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
            guard elements[child] < element else { break }
            elements[i] = elements[child]
            i = child
        }
        elements[i] = element
    }
}
