//! Excerpts of messages that quote what a user has written, however long it is.

use std::borrow::Cow;

/// Longest line of a message, in characters.
const LONGEST: usize = 2_000;

/// Characters at the beginning and at the end of a longer line that are kept.
const KEPT: [usize; 2] = [1_000, 500];

/// Shortens each line of a message that is too long to be read, in its middle: what is wrong stands at either end.
pub fn shortened(message: &str) -> Cow<'_, str> {
    // Bytes are at least as many as characters.
    if message.lines().all(|line| line.len() <= LONGEST) {
        return Cow::Borrowed(message);
    }
    Cow::Owned(message.split_inclusive('\n').map(short_line).collect())
}

fn short_line(line: &str) -> Cow<'_, str> {
    let count = line.chars().count();
    if count <= LONGEST {
        return Cow::Borrowed(line);
    }
    let [first, last] = KEPT;
    let (begin, end): (String, String) =
        (line.chars().take(first).collect(), line.chars().skip(count - last).collect());
    Cow::Owned(format!("{begin} … ({} characters left out) … {end}", count - first - last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_line_keeps_both_its_ends() {
        let pattern = "é".repeat(100_000);
        let message = format!("error: `{pattern}` is no pattern\nhint: see\n");
        let short = shortened(&message);
        assert!(short.starts_with("error: `éé") && short.ends_with("é` is no pattern\nhint: see\n"), "{short}");
        assert!(short.contains("é … (98524 characters left out) … é"), "{short}");
        assert!(matches!(shortened("error: short\nhint: see"), Cow::Borrowed(_)));
    }
}
