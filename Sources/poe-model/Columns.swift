/// Text in columns, two blanks apart.
enum Columns {
    /// One line for each row; the columns named in `alignRight` end flush.
    static func text(_ rows: [[String]], alignRight: Set<Int> = []) -> String {
        var widths: [Int] = []
        for row in rows {
            for (index, cell) in row.enumerated() {
                if index == widths.count { widths.append(0) }
                widths[index] = max(widths[index], cell.count)
            }
        }
        return rows.map { row in
            var line = ""
            for (index, cell) in row.enumerated() {
                let blanks = String(repeating: " ", count: widths[index] - cell.count)
                let isLast = index == row.count - 1
                line += alignRight.contains(index) ? blanks + cell : cell + (isLast ? "" : blanks)
                if !isLast { line += "  " }
            }
            return line + "\n"
        }.joined()
    }
}
