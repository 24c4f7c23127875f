//! Answers of a process: one line of JSON per item.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;

use crate::handler::Disposition;
use crate::units::{HumanDuration, visible};

/// Characters of a reason that are kept.
const LONGEST_REASON: usize = 1000;

/// Characters of a line that is not an answer that are shown.
const SHOWN: usize = 100;

/// Answer of a process.
#[derive(Debug)]
pub(super) enum HandlerAnswer<'a> {
    /// The process can take items.
    Ready,
    /// The process has finished an item.
    Finished {
        /// `None` for all items of a batch.
        id: Option<Cow<'a, str>>,
        outcome: AnsweredOutcome,
    },
}

/// Outcome of an item, as its answer gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AnsweredOutcome {
    Ack,
    Retry {
        reason: String,
        /// True if an attempt is spent.
        spend: bool,
        after: Option<Duration>,
    },
    Dead(String),
}

/// Text of an answer, copied only if it holds what JSON escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Line as it is written. Fields that say nothing here are ignored.
#[derive(Deserialize)]
#[serde(expecting = "an answer such as {\"id\":\"…\",\"ack\":true}")]
struct AnswerLine<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    ready: Option<bool>,
    ack: Option<bool>,
    retry: Option<Said<'a>>,
    fail: Option<Said<'a>>,
    dead: Option<Said<'a>>,
    reason: Option<Cow<'a, str>>,
    after: Option<HumanDuration>,
}

/// `true`, or a text: the reason, or the time until a retry.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected true, or a string such as a reason or `30s`")]
enum Said<'a> {
    Plain(bool),
    #[serde(borrow)]
    Text(Cow<'a, str>),
}

impl<'a> Said<'a> {
    /// Returns the text; `None` if there is none.
    fn text(self) -> Result<Option<Cow<'a, str>>, String> {
        match self {
            Self::Plain(true) => Ok(None),
            Self::Plain(false) => Err("false is not an outcome".to_owned()),
            Self::Text(text) => Ok(Some(text)),
        }
    }
}

impl<'a> HandlerAnswer<'a> {
    /// Reads a line and passes on what it is: an answer, or an array of them. Answers have an id, unless they may be about a
    /// `batch`.
    ///
    /// # Errors
    ///
    /// Fails with the reason when the line is not an answer, and as `each` does.
    pub(super) fn parse(
        line: &'a [u8],
        batch: bool,
        mut each: impl FnMut(Self) -> Result<(), String>,
    ) -> Result<(), String> {
        let wrong = |reason: String| {
            let shown: String = String::from_utf8_lossy(line).chars().take(SHOWN).collect();
            format!("wrote what is not an answer: `{}`: {}", visible(&shown), visible(&reason))
        };
        if !line.trim_ascii_start().starts_with(b"[") {
            if !line.trim_ascii_start().starts_with(b"{") {
                return Err(wrong("expected a JSON object".to_owned()));
            }
            let answer: AnswerLine = serde_json::from_slice(line).map_err(|error| wrong(error.to_string()))?;
            return each(answer.read(batch).map_err(wrong)?);
        }
        let answers: Vec<AnswerLine> = serde_json::from_slice(line).map_err(|error| wrong(error.to_string()))?;
        if answers.is_empty() {
            return Err(wrong("expected at least one answer".to_owned()));
        }
        let answers = answers.into_iter().map(|answer| answer.read(batch)).collect::<Result<Vec<_>, _>>();
        answers.map_err(wrong)?.into_iter().try_for_each(each)
    }
}

impl<'a> AnswerLine<'a> {
    fn read(self, batch: bool) -> Result<HandlerAnswer<'a>, String> {
        let Self { id, ready, ack, retry, fail, dead, reason, after } = self;
        let reason = |said: Option<Cow<str>>, otherwise: &str| {
            // An exception without a text says nothing about it.
            let text = said.or(reason).filter(|text| !text.trim().is_empty()).unwrap_or(Cow::Borrowed(otherwise));
            text.chars().take(LONGEST_REASON).collect::<String>()
        };
        let after = after.map(|after| after.0);
        let id = id.map(|id| id.0);
        let (id, outcome) = match (id, ready, ack, retry, fail, dead) {
            (None, Some(true), None, None, None, None) => return Ok(HandlerAnswer::Ready),
            (id, None, Some(true), None, None, None) => (id, AnsweredOutcome::Ack),
            (id, None, None, Some(retry), None, None) => {
                let said = retry.text()?.map(|text| text.parse::<HumanDuration>());
                let said = said.transpose().map_err(|error| error.to_string())?.map(|after| after.0);
                let reason = reason(None, "handler asked for a retry");
                (id, AnsweredOutcome::Retry { reason, spend: false, after: said.or(after) })
            }
            (id, None, None, None, Some(fail), None) => {
                let reason = reason(fail.text()?, "handler reported a failure");
                (id, AnsweredOutcome::Retry { reason, spend: true, after })
            }
            (id, None, None, None, None, Some(dead)) => {
                (id, AnsweredOutcome::Dead(reason(dead.text()?, "handler reported that it can never be processed")))
            }
            _ => return Err("expected exactly one of ack, retry, fail and dead".to_owned()),
        };
        if id.is_none() && !batch {
            return Err("expected an id".to_owned());
        }
        Ok(HandlerAnswer::Finished { id, outcome })
    }
}

impl AnsweredOutcome {
    /// Returns true if the end of stderr is kept with the item.
    pub(super) fn keeps_stderr(&self) -> bool {
        !matches!(self, Self::Ack)
    }

    pub(super) fn disposition(self, stderr: Vec<u8>) -> Disposition {
        match self {
            Self::Ack => Disposition::Ack,
            Self::Retry { reason, spend, after } => Disposition::Retry { reason, stderr, spend, after },
            Self::Dead(reason) => Disposition::DeadLetter { reason, stderr },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::units::is_hidden;

    /// Parts of answers, and what breaks them.
    const PARTS: [&str; 24] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"id\":",
        "\"a:c1:1\"",
        "\"ack\":true",
        "\"retry\":",
        "\"fail\":",
        "\"dead\":",
        "\"ready\":true",
        "\"after\":",
        "\"reason\":",
        "\"30s\"",
        "\"\u{1b}]52;c;eA==\u{7}\"",
        "\"\\u001b[2J\\u202e\"",
        "true",
        "false",
        "null",
        "1e999",
        "[[[[[[[[[[[[[[[[",
    ];

    fn parse(line: &[u8], batch: bool) -> Result<Vec<HandlerAnswer<'_>>, String> {
        let mut answers = Vec::new();
        HandlerAnswer::parse(line, batch, |answer| {
            answers.push(answer);
            Ok(())
        })?;
        Ok(answers)
    }

    fn outcome(line: &str) -> AnsweredOutcome {
        let mut answers = parse(line.as_bytes(), false).unwrap();
        let Some(HandlerAnswer::Finished { id, outcome }) = answers.pop() else { panic!("{line}") };
        assert_eq!((id.as_deref(), answers.len()), (Some("a:c1:1"), 0));
        outcome
    }

    fn retry(reason: &str, spend: bool, after: Option<u64>) -> AnsweredOutcome {
        AnsweredOutcome::Retry { reason: reason.to_owned(), spend, after: after.map(Duration::from_secs) }
    }

    #[test]
    fn answers_say_what_becomes_of_an_item() {
        for (line, expected) in [
            (r#"{"id":"a:c1:1","ack":true}"#, AnsweredOutcome::Ack),
            (r#"{"id":"a:c1:1","ack":true,"took":12}"#, AnsweredOutcome::Ack),
            (r#"{"id":"a:c1:1","retry":"30s","reason":"busy"}"#, retry("busy", false, Some(30))),
            (r#"{"id":"a:c1:1","retry":true}"#, retry("handler asked for a retry", false, None)),
            (r#"{"id":"a:c1:1","fail":"no \"route\""}"#, retry("no \"route\"", true, None)),
            (r#"{"id":"a:c1:1","fail":true,"reason":"late","after":"2m"}"#, retry("late", true, Some(120))),
            (r#"{"id":"a:c1:1","fail":" "}"#, retry("handler reported a failure", true, None)),
            (r#"{"id":"a:c1:1","dead":"not an order"}"#, AnsweredOutcome::Dead("not an order".to_owned())),
        ] {
            assert_eq!(outcome(line), expected, "{line}");
        }
        let ready = parse(br#"{"ready":true}"#, false).unwrap();
        assert!(matches!(ready[..], [HandlerAnswer::Ready]));
    }

    #[test]
    fn answer_about_a_batch_is_an_array_or_has_no_id() {
        let ids = |line: &str, batch| {
            let answers = parse(line.as_bytes(), batch)?;
            let ids = answers.into_iter().map(|answer| match answer {
                HandlerAnswer::Finished { id, .. } => id.map(Cow::into_owned),
                HandlerAnswer::Ready => panic!("{line}"),
            });
            Ok::<_, String>(ids.collect::<Vec<_>>())
        };
        let [a, b] = ["a", "b"].map(|id| Some(id.to_owned()));
        assert_eq!(ids(r#"[{"id":"a","ack":true},{"id":"b","fail":"x"}]"#, true), Ok(vec![a, b]));
        assert_eq!(ids(r#"{"ack":true}"#, true), Ok(vec![None]));
        assert!(ids("[]", true).is_err());
        assert!(ids(r#"[{"id":"a"}]"#, true).is_err());
    }

    #[test]
    fn lines_that_are_no_answer_are_shown_with_the_reason() {
        for line in [
            "processed 3 orders",
            "{}",
            r#"{"id":"a:c1:1"}"#,
            r#"{"id":17,"ack":true}"#,
            r#"{"id":"a:c1:1","ack":false}"#,
            r#"{"id":"a:c1:1","ack":true,"dead":"x"}"#,
            r#"{"id":"a:c1:1","retry":"soon"}"#,
            r#"{"ack":true}"#,
            r#"{"ready":false}"#,
        ] {
            let error = parse(line.as_bytes(), false).expect_err(line);
            assert!(error.starts_with("wrote what is not an answer: `"), "{error}");
        }
        for (line, reason) in [
            ("processed 3 orders", "expected a JSON object"),
            ("{'id': 'a', 'ack': True}", "answer: `{'id': 'a', 'ack': True}`: key must be a string"),
            ("17", "expected a JSON object"),
            ("[17]", "expected an answer such as {\"id\":\"…\",\"ack\":true}"),
            (r#"{"id":"a:c1:1","retry":30}"#, "expected true, or a string such as a reason or `30s`"),
            (r#"{"id":"a:c1:1","fail":{"code":7}}"#, "expected true, or a string such as a reason or `30s`"),
        ] {
            let error = parse(line.as_bytes(), false).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
        let long = parse(&[0x1b; 5000], false).unwrap_err();
        assert!(long.len() < 1000 && !long.contains('\x1b'), "{long}");
    }

    proptest! {
        #[test]
        fn any_line_is_an_answer_or_refused_in_words(
            parts in prop::collection::vec(prop_oneof![
                4 => prop::sample::select(&PARTS[..]).prop_map(|part| part.as_bytes().to_vec()),
                1 => prop::collection::vec(any::<u8>(), 0..4),
            ], 0..12),
            batch: bool,
        ) {
            if let Err(reason) = parse(&parts.concat(), batch) {
                prop_assert!(!reason.contains(is_hidden) && reason.len() < 2000, "{reason}");
            }
        }
    }
}
