//! Splitting of a stream into lines, and the end of a stream.

/// Longest line in bytes; a longer one is split.
const LONGEST: usize = 64 * 1024;

/// Length of the kept end of a stream, in bytes.
const TAIL: usize = 4 * 1024;

/// Splits a stream into lines. Joined, they are the stream again.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Beginning of a line whose end has not been read; at most [`LONGEST`].
    begun: Vec<u8>,
}

impl Lines {
    /// Passes each line that `chunk` completes to `each`, without its newline; a line that is too long in pieces.
    pub(super) fn push(&mut self, chunk: &[u8], mut each: impl FnMut(&[u8])) {
        for part in chunk.split_inclusive(|byte| *byte == b'\n') {
            let (line, ended) = part.strip_suffix(b"\n").map_or((part, false), |line| (line, true));
            self.begin(line, &mut each);
            if ended {
                each(&self.begun);
                self.begun.clear();
            }
        }
    }

    /// Passes the last line to `each` if it did not end with a newline.
    pub(super) fn finish(&mut self, mut each: impl FnMut(&[u8])) {
        if !self.begun.is_empty() {
            each(&self.begun);
            self.begun.clear();
        }
    }

    fn begin(&mut self, mut line: &[u8], each: &mut impl FnMut(&[u8])) {
        while self.begun.len() + line.len() > LONGEST {
            let (fits, rest) = line.split_at(LONGEST - self.begun.len());
            self.begun.extend_from_slice(fits);
            let cut = whole_characters(&self.begun);
            each(&self.begun[..cut]);
            self.begun.drain(..cut);
            line = rest;
        }
        self.begun.extend_from_slice(line);
    }
}

/// Returns the number of `bytes` before a character whose end is missing; all of them if they are not UTF-8.
fn whole_characters(bytes: &[u8]) -> usize {
    let last = bytes.len().saturating_sub(4);
    let unended = bytes[last..].utf8_chunks().last().map_or(0, |chunk| {
        let width = match chunk.invalid().first() {
            Some(0xc2..=0xdf) => 2,
            Some(0xe0..=0xef) => 3,
            Some(0xf0..=0xf4) => 4,
            _ => 0,
        };
        if chunk.invalid().len() < width { chunk.invalid().len() } else { 0 }
    });
    bytes.len() - unended
}

/// End of a stream.
#[derive(Debug, Default)]
pub(super) struct Tail(Vec<u8>);

impl Tail {
    /// Appends `chunk`, and keeps only the end.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        let chunk = &chunk[chunk.len().saturating_sub(TAIL)..];
        self.0.drain(..(self.0.len() + chunk.len()).saturating_sub(TAIL));
        self.0.extend_from_slice(chunk);
    }

    /// Returns the last 4 KiB, or the whole stream if it was shorter.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let (mut lines, mut all) = (Lines::default(), Vec::new());
        for chunk in chunks {
            lines.push(chunk, |line| all.push(line.to_vec()));
        }
        lines.finish(|line| all.push(line.to_vec()));
        all
    }

    #[test]
    fn lines_are_independent_of_chunks() {
        assert_eq!(lines(&[b"on", b"e\ntw", b"o\n\nthree"]), [&b"one"[..], b"two", b"", b"three"]);
        assert_eq!(lines(&[b"one\n"]), [b"one"]);
        assert!(lines(&[]).is_empty());
    }

    #[test]
    fn lines_that_are_too_long_are_split() {
        let long = vec![b'x'; 2 * LONGEST + 3];
        let pieces: Vec<usize> = lines(&[&long, b"\n"]).iter().map(Vec::len).collect();
        assert_eq!(pieces, [LONGEST, LONGEST, 3]);
        assert_eq!(lines(&[&long[..LONGEST], b"\nx"]), [&long[..LONGEST], b"x"]);
    }

    #[test]
    fn lines_are_split_between_characters() {
        for (character, before) in [("ß", 1), ("€", 1), ("€", 2), ("🦀", 1), ("🦀", 3)] {
            let mut long = vec![b'x'; LONGEST - before];
            long.extend_from_slice(character.as_bytes());
            let pieces = lines(&[&long]);
            assert_eq!(pieces, [&long[..LONGEST - before], character.as_bytes()], "{character}");
        }
    }

    proptest! {
        #[test]
        fn any_lines_joined_are_the_stream(
            stream in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..300),
            repeat in 1_usize..600,
            cut in 1_usize..5000,
        ) {
            let stream = stream.repeat(repeat);
            let chunks: Vec<&[u8]> = stream.chunks(cut).collect();
            let without = |bytes: Vec<u8>| bytes.into_iter().filter(|byte| *byte != b'\n').collect::<Vec<u8>>();
            let all = lines(&chunks);
            prop_assert!(all.iter().all(|line| line.len() <= LONGEST && !line.contains(&b'\n')));
            prop_assert!(all.concat() == without(stream));
        }

        #[test]
        fn any_tail_is_the_end_of_the_stream(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..6000), 0..5)) {
            let mut tail = Tail::default();
            for chunk in &chunks {
                tail.push(chunk);
            }
            let all = chunks.concat();
            prop_assert!(tail.bytes() == all[all.len().saturating_sub(TAIL)..]);
        }
    }
}
