//! Whatever the input: parsers read it or refuse it in words, and neither panic nor hang.
//!
//! `PROPTEST_CASES` says how many inputs each test tries; `make soak` tries a million in all.

use std::fmt::{Debug, Display};

use proptest::prelude::*;
use proptest::sample::Index;
use qscale::endpoint::{NodeAddress, RedisUrl};
use qscale::lint::{File, check};

use qscale::profile::{KedaVersion, Profile};
use qscale::sample::recording::{Recording, played};
use qscale::scaler::Formula;
use qscale::workload::{Pattern, Payload, Rate, RecordedCounts, Work};

/// Parts of all grammars, and what breaks them.
const TOKENS: &[&str] = &[
    "0",
    "-1",
    "1e308",
    "NaN",
    "∞",
    "99999999999999999999",
    "0.00000000013",
    "..",
    "..=",
    ",",
    ";",
    ":",
    "::",
    "@",
    "/",
    "//",
    "?",
    "??",
    "#",
    "%",
    "%0A",
    "%zz",
    "&",
    "*",
    "(",
    ")",
    "((((((((((",
    "[",
    "]",
    "{",
    "}",
    "{{",
    "}}",
    "'",
    "\"",
    "\"\"\"",
    "\\",
    "|",
    ">",
    "=",
    "+",
    "-",
    "- ",
    ": ",
    "!!",
    "&a ",
    "*a",
    "---",
    "...",
    "\n",
    "\r\n",
    "\t",
    " ",
    "\0",
    "\u{1b}[31m",
    "\u{9b}",
    "\u{202e}",
    "\u{feff}",
    "é",
    "😀",
    "s",
    "ms",
    "m",
    "h",
    "d",
    "repeat",
    "burst",
    "sine",
    "poisson",
    "min",
    "max",
    "waiting",
    "delayed",
    "seq",
    "text:",
    "int:",
    "redis://",
    "rediss://",
    "redis-sentinel://",
    "unix://",
    "localhost",
    "[::1]",
    "time",
    "seconds",
    "waiting,replicas",
    "null",
    "true",
    "2026-01-01T00:00:00Z",
    "1900",
    "1e3",
];

/// Changes to a text.
#[derive(Debug, Clone)]
enum Change {
    Insert(Index, &'static str),
    Remove(Index, usize),
    /// Repeats a part this many times.
    Repeat(Index, usize, usize),
    Replace(Index, u8),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        4 => (any::<Index>(), prop::sample::select(TOKENS)).prop_map(|(at, token)| Change::Insert(at, token)),
        2 => (any::<Index>(), 1..30_usize).prop_map(|(at, length)| Change::Remove(at, length)),
        1 => (any::<Index>(), 1..20_usize, 2..400_usize).prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        2 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Replace(at, byte)),
    ];
    prop::collection::vec(change, 0..8)
}

/// Texts that are nearly valid: `seeds` with some changes.
fn near(seeds: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    (prop::sample::select(seeds), changes()).prop_map(|(seed, changes)| {
        let mut bytes = seed.as_bytes().to_vec();
        for change in changes {
            let end = bytes.len();
            match change {
                Change::Insert(at, token) => drop(bytes.splice(at.index(end + 1)..at.index(end + 1), token.bytes())),
                Change::Remove(at, length) => {
                    let from = at.index(end + 1);
                    bytes.drain(from..end.min(from + length));
                }
                Change::Repeat(at, length, times) => {
                    let from = at.index(end + 1);
                    let part = bytes[from..end.min(from + length)].repeat(times);
                    bytes.splice(from..from, part);
                }
                Change::Replace(at, byte) if end > 0 => bytes[at.index(end)] = byte,
                Change::Replace(..) => {}
            }
        }
        bytes
    })
}

fn near_text(seeds: &'static [&'static str]) -> impl Strategy<Value = String> {
    near(seeds).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Requires that a refusal is in words.
fn refused_in_words<T, E: Display>(result: Result<T, E>) -> Result<(), TestCaseError> {
    let Err(error) = result else { return Ok(()) };
    let text = error.to_string();
    for debug in ["Error {", "Err(", "Some(", "{ kind:", "ParseIntError"] {
        prop_assert!(!text.contains(debug), "{text}");
    }
    Ok(())
}

fn parsed<T>(text: &str) -> Result<(), TestCaseError>
where
    T: std::str::FromStr<Err: Display + Debug>,
{
    refused_in_words(text.parse::<T>())
}

const PROFILES: &[&str] = &[
    include_str!("../../config/demo.toml"),
    include_str!("../../config/events.toml"),
    include_str!("../../config/managed-redis.toml"),
    include_str!("../../config/tuned.toml"),
];

const MANIFESTS: &[&str] = &[
    include_str!("../../k8s/demo.yaml"),
    include_str!("../../k8s/events.yaml"),
    include_str!("../../k8s/managed-redis.yaml"),
    include_str!("../../k8s/tuned.yaml"),
];

const RECORDINGS: &[&str] = &[
    "seconds,waiting,replicas,desired\n0,0,0,0\n5,40,1,8\n10,20,8,8\n15,0,8,8\n",
    "time,waiting,busy,delayed,replicas,desired\n2026-01-01T00:00:00Z,0,0,0,0,0\n2026-01-01T00:00:05Z,9,1,0,1,2\n",
    "{\"time\":\"2026-01-01T00:00:00Z\",\"waiting\":3,\"replicas\":{\"current\":0,\"desired\":1}}\n{\"time\":\"2026-01-01T00:00:02Z\",\"waiting\":9}\n",
    "{\"seconds\":0,\"waiting\":3,\"current\":0,\"desired\":1}\n{\"seconds\":5,\"waiting\":null,\"current\":1,\"desired\":1}\n",
];

const COUNTS: &[&str] = &[
    "5\n7\n0\n",
    "time,count\n0,5\n60,9\n",
    "timestamp,count,requests\n2026-01-01T00:00:00Z,5,0.5\n2026-01-01T01:00:00Z,7,1.5\n",
    "day;count\n0;5\n1;6\n",
];

const PATTERNS: &[&str] =
    &["10s@5, 20s@5..50, burst 100, 30s@sine(10,5,10s), repeat", "1m@poisson(20/m)", "5m@0.5/s", "burst 1"];

const TEMPLATES: &[&str] =
    &["{\"id\":{seq},\"n\":{int:1..9},\"t\":\"{text:10}\",\"at\":{timestamp}}", "message-{seq}", "{{{seq}}}"];

const URLS: &[&str] = &[
    "redis://user:s3cret@localhost:6379/2",
    "rediss://:s3cret@[::1]:6380/0",
    "redis-sentinel://user:s3cret@a:26379,b:26379/mymaster/0",
    "redis-cluster://a:7000,b:7001?timeout=5s",
    "unix:///run/redis.sock?db=1",
];

const FORMULAS: &[&str] = &[
    "max(waiting + busy * 20, delayed / 2)",
    "waiting > 5 ? waiting : busy ?? 0",
    "float(waiting) ** 2 - min(busy, 1)",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn profile_is_read_or_refused(text in near_text(PROFILES)) {
        refused_in_words(Profile::parse("q.toml", &text))?;
    }

    #[test]
    fn manifest_is_checked(text in near_text(MANIFESTS)) {
        for finding in check(&[File::read("x.yaml", &text)], KedaVersion::NEWEST) {
            prop_assert!(!finding.to_string().is_empty());
        }
    }

    #[test]
    fn recording_is_read_or_refused(bytes in near(RECORDINGS)) {
        refused_in_words(Recording::parse("r.csv", &bytes, &["requests"]))?;
        refused_in_words(played("r.csv", &bytes))?;
    }

    #[test]
    fn counts_are_read_or_refused(bytes in near(COUNTS)) {
        refused_in_words(RecordedCounts::read(&bytes, &["requests"]))?;
    }

    #[test]
    fn pattern_is_read_or_refused(text in near_text(PATTERNS)) {
        parsed::<Pattern>(&text)?;
        if let Ok(pattern) = text.parse::<Pattern>() {
            // Not all of them: a pattern may have no end.
            prop_assert!(pattern.arrivals(1).take(100).is_sorted_by_key(|arrival| arrival.at));
        }
    }

    #[test]
    fn template_is_read_or_refused(text in near_text(TEMPLATES)) {
        parsed::<Payload>(&text)?;
    }

    #[test]
    fn work_and_rate_are_read_or_refused(text in near_text(&["1s..2s", "none", "field:seconds", "1500ms", "p50=1s,p99=9s", "5/s", "300/m"])) {
        parsed::<Work>(&text)?;
        parsed::<Rate>(&text)?;
    }

    #[test]
    fn url_is_read_or_refused_and_its_password_is_hidden(text in near_text(URLS)) {
        if let Err(error) = RedisUrl::parse(&text) {
            prop_assert!(!error.contains("s3cret"), "{text:?}: {error}");
            refused_in_words(Err::<(), _>(error))?;
        }
        parsed::<NodeAddress>(&text)?;
    }

    #[test]
    fn formula_is_read_or_refused(text in near_text(FORMULAS)) {
        let formula = Formula::parse(&text, &["waiting", "busy", "delayed"]);
        if let Ok(formula) = &formula {
            let _ = formula.value(&|name| (name != "busy").then_some(7.0));
        }
        refused_in_words(formula)?;
    }
}
