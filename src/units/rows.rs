//! Rows of CSV, with the numbers of their lines as an editor counts them.

use std::borrow::Cow;

use csv::{Reader, ReaderBuilder, StringRecord, Trim};

/// Rows of CSV. Blank lines and lines that begin with `#` are left out, but counted.
pub struct CsvRows<'a> {
    text: Cow<'a, str>,
    /// Offset up to which lines were counted, and the number of the line there.
    counted: (usize, u64),
    reader: Reader<std::io::Cursor<Vec<u8>>>,
}

/// A row, with the number of its line, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvRow {
    /// Number of the line, from 1.
    pub line: u64,
    /// Cells, without blanks around them.
    pub cells: StringRecord,
}

/// A line that is not CSV.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct CsvError {
    /// Number of the line, from 1.
    pub line: u64,
    /// The reason.
    pub reason: String,
}

impl<'a> CsvRows<'a> {
    /// Reads `text` with any line ending, also that of old Macs.
    pub fn new(text: &'a str) -> Self {
        let text = if text.contains('\r') {
            Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
        } else {
            Cow::Borrowed(text)
        };
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(Trim::All)
            .comment(Some(b'#'))
            .from_reader(std::io::Cursor::new(text.clone().into_owned().into_bytes()));
        Self { text, counted: (0, 1), reader }
    }

    /// Returns the number of the first line from `offset` on that is neither blank nor a comment.
    fn line(&mut self, offset: usize) -> u64 {
        let (from, mut line) = self.counted;
        let mut at = offset.max(from);
        line += self.text[from..at].matches('\n').count() as u64;
        for text in self.text[at..].split_inclusive('\n') {
            if !(text.trim().is_empty() || text.starts_with('#')) || !text.ends_with('\n') {
                break;
            }
            at += text.len();
            line += 1;
        }
        self.counted = (at, line);
        line
    }
}

impl Iterator for CsvRows<'_> {
    type Item = Result<CsvRow, CsvError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut cells = StringRecord::new();
            let offset = usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX).min(self.text.len());
            let read = self.reader.read_record(&mut cells);
            match read {
                Ok(false) => return None,
                Ok(true) if cells.get(0).is_some_and(|cell| cell.starts_with('#')) || is_blank(&cells) => {}
                Ok(true) => return Some(Ok(CsvRow { line: self.line(offset), cells })),
                Err(error) => return Some(Err(CsvError { line: self.line(offset), reason: error.to_string() })),
            }
        }
    }
}

fn is_blank(cells: &StringRecord) -> bool {
    cells.len() == 1 && cells.iter().all(str::is_empty)
}

/// Returns the name of a character that separates columns in place of a comma.
pub fn other_separator(cell: &str) -> Option<&'static str> {
    let names = [(';', "semicolons"), ('\t', "tabs"), ('|', "vertical bars")];
    names.into_iter().find_map(|(separator, name)| cell.contains(separator).then_some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(u64, String)> {
        let rows = CsvRows::new(text).map(|row| row.expect("the rows of this test are CSV"));
        rows.map(|row| (row.line, row.cells.iter().collect::<Vec<_>>().join("/"))).collect()
    }

    #[test]
    fn lines_are_counted_with_blank_ones_and_comments() {
        let text = "a,b\n\n# one, \"two\n  \n  # three\n 1 , 2\n\n\n\"3\n4\",5\n6,7";
        let expected = [(1, "a/b"), (6, "1/2"), (9, "3\n4/5"), (11, "6/7")].map(|(line, row)| (line, row.to_owned()));
        for end in ["\n", "\r\n", "\r"] {
            assert_eq!(lines(&text.replace('\n', end)), expected, "{end:?}");
        }
        assert_eq!(lines("\n\n#x\n"), []);
        assert_eq!(lines("#x"), []);
        assert_eq!(lines("# x\r\n\r\n5"), [(3, "5".to_owned())]);
    }
}
