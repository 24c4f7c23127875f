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
    let range = match expected {
        "a nonzero u32" | "a nonzero u64" => "at least 1",
        "u32" | "u64" => "at least 0",
        "u16" => "from 0 to 65535",
        "u8" => "from 0 to 255",
        _ => "",
    };
    if found.starts_with("invalid value: integer") && !range.is_empty() {
        return Problem::Form(format!("must be {range}"));
    }
    let Some(found) = found.strip_prefix("invalid type: ") else { return message.into() };
    let expected = match expected {
        "a boolean" => "`true` or `false`",
        "a sequence" => "an array",
        "a string" => return Problem::Form("expected a string: quote the value".to_owned()),
        expected if expected.starts_with("struct ") => "a table",
        _ if !range.is_empty() => "an integer",
        expected => expected,
    };
    Problem::Form(format!("expected {expected}, found {}", found.trim_end_matches(" as i128")))
}

/// Returns what to do about a value or key that serde or TOML rejects, where known.
pub(super) fn hint_of(message: &str) -> Option<String> {
    let hint = match message {
        "duplicate key" => "write each key and each table once, and put all keys of a table below its name",
        _ if message.starts_with("invalid type: string") && ends_with_number(message) => {
            "write the number without quotes, in digits"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

/// Returns whether serde expected a whole number.
fn ends_with_number(message: &str) -> bool {
    let expected = message.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
    ["a nonzero u32", "a nonzero u64", "u64", "u32", "u16", "u8"].contains(&expected)
}
