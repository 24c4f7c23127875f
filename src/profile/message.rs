//! Messages of the TOML parser, in the terms of profiles.

use super::error::Problem;

/// Parses serde's "unknown field `a`, expected one of `b`, `c`" into the unknown and the known keys.
pub(super) fn unknown_field(message: &str) -> Option<(&str, Vec<&str>)> {
    let mut quoted = message.strip_prefix("unknown field ")?.split('`').skip(1).step_by(2);
    let unknown = quoted.next()?;
    Some((unknown, quoted.collect()))
}

/// Rewrites serde's message about a value in the terms of TOML; errors of our own types are left as they are.
pub(super) fn problem_of(message: &str) -> Problem {
    if let Some(key) = message.strip_prefix("missing field ") {
        return Problem::Form(format!("missing key {key}"));
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        return Problem::Form(format!("unknown value {rest}"));
    }
    if message.starts_with("recursion limit") {
        // Source: `toml_parser`, which does not say its limit.
        return "is nested more than 80 levels deep, the limit".into();
    }
    let Some((found, expected)) = message.rsplit_once(", expected ") else { return message.into() };
    let is_integer = found.starts_with("invalid value: integer");
    if is_integer && ["a nonzero u32", "u32"].contains(&expected) && !found.contains("`-") && !found.contains("`0`") {
        return "must be at most 4294967295".into();
    }
    let range = match expected {
        "a nonzero u32" | "a nonzero u64" => "at least 1",
        "u32" | "u64" => "at least 0",
        "u16" => "from 0 to 65535",
        "u8" => "from 0 to 255",
        _ => "",
    };
    if is_integer && !range.is_empty() {
        return Problem::Form(format!("must be {range}"));
    }
    let Some(found) = found.strip_prefix("invalid type: ") else { return message.into() };
    let expected = match expected {
        "a boolean" => "`true` or `false`",
        "a sequence" => "an array",
        "a map" => "a table",
        "a string" => return Problem::Form("expected a string: quote the value".to_owned()),
        expected if expected.starts_with("struct ") => "a table",
        _ if !range.is_empty() => "an integer",
        expected => expected,
    };
    let found = match found {
        "sequence" => "an array",
        "map" => "a table",
        found => found.trim_end_matches(" as i128"),
    };
    Problem::Form(format!("expected {expected}, found {found}"))
}

/// Returns what to do about a value or key that serde or TOML rejects, where known.
pub(super) fn hint_of(message: &str) -> Option<String> {
    if message == "duplicate key" {
        return Some("write each key and each table once, and put all keys of a table below its name".to_owned());
    }
    let (found, expected) = message.strip_prefix("invalid type: ")?.rsplit_once(", expected ")?;
    let text = found.strip_prefix("string \"").and_then(|text| text.strip_suffix('"'));
    let number = found.strip_prefix("integer `").and_then(|number| number.strip_suffix('`'));
    match (text, number) {
        (Some(_), _) if ends_with_number(message) => Some("write the number without quotes, in digits".to_owned()),
        (Some(text), _) if expected == "a sequence" => Some(array_of(text)),
        (Some(_), _) if expected.starts_with("struct ") => {
            Some("write the name of the table in brackets, and its keys below".to_owned())
        }
        (_, Some(number)) if expected.ends_with("s\"") => Some(format!("write \"{number}s\" for seconds")),
        _ if expected == "a map" => Some("write names and texts: { NAME = \"text\" }".to_owned()),
        _ => None,
    }
}

/// Returns the hint to write the words of a text as an array; only plain ones are shown.
fn array_of(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " ._-/,+".contains(c);
    if text.trim().is_empty() || !text.chars().all(is_plain) {
        return "write an array of texts: [\"sh\", \"-c\", \"…\"] runs a line of a shell".to_owned();
    }
    let words: Vec<_> = text.split_whitespace().map(|word| format!("\"{word}\"")).collect();
    format!("write [{}]", words.join(", "))
}

/// Returns whether serde expected a whole number.
fn ends_with_number(message: &str) -> bool {
    let expected = message.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
    ["a nonzero u32", "a nonzero u64", "u64", "u32", "u16", "u8"].contains(&expected)
}
