//! Dead letters: items given up, each with its history.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::delivery::history::History;
use crate::delivery::item::Item;
use crate::units::redis_time;

/// Reason of an item whose consumer crashed, as `redeliver.lua` sets it.
const CRASHED: &str = "consumer crashed";

/// Element of the list of dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Retry history; `None` for a foreign element, which another program has put there.
    pub history: Option<History>,
    /// The item, or its beginning; a foreign element unchanged.
    pub item: Item,
    /// Size of the whole item, in bytes.
    pub size: u64,
}

/// Selection of dead letters; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Ids to match; empty for all.
    pub ids: Vec<String>,
    /// Minimum age.
    pub older_than: Option<Duration>,
    /// Text that item, reason or stderr must contain.
    pub text: Option<String>,
}

impl Filter {
    /// Returns whether every dead letter matches.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl DeadLetter {
    /// Returns the time since it was dead-lettered, at `now` (ms since 1970, Redis' clock).
    pub fn age(&self, now: u64) -> Option<Duration> {
        let history = self.history.as_ref()?;
        Some(Duration::from_millis(now.saturating_sub(history.died.unwrap_or(history.since))))
    }

    /// Returns the reason, with the last line that the handler wrote to stderr; `None` for a foreign element.
    pub fn cause(&self) -> Option<String> {
        let history = self.history.as_ref()?;
        if history.reason == CRASHED {
            // The part of stderr that is kept is from an attempt before.
            return Some(CRASHED.to_owned());
        }
        let last = history.stderr.lines().rev().map(str::trim).find(|line| !line.is_empty());
        Some(last.map_or_else(|| history.reason.clone(), |last| format!("{}: {last}", history.reason)))
    }

    /// Returns the dead letter as a JSON object. `item` holds an item that is UTF-8, `item_base64` any other, encoded by
    /// `encode`; the other field is null.
    pub fn to_json(&self, list: &str, encode: impl Fn(&Bytes) -> String) -> Value {
        let mut object = Map::new();
        let history = self.history.as_ref();
        object.insert("id".into(), json!(history.map(|history| &history.id)));
        object.insert("list".into(), json!(list));
        object.insert("died".into(), json!(history.and_then(|history| history.died).map(redis_time)));
        object.insert("since".into(), json!(history.map(|history| redis_time(history.since))));
        object.insert("attempts".into(), json!(history.map(|history| history.attempts)));
        object.insert("crashes".into(), json!(history.map(|history| history.crashes)));
        object.insert("reason".into(), json!(history.map(|history| &history.reason)));
        object.insert("stderr".into(), json!(history.map(|history| &history.stderr)));
        object.insert("bytes".into(), json!(self.size));
        let text = std::str::from_utf8(&self.item.0).ok();
        object.insert("item".into(), json!(text));
        object.insert("item_base64".into(), json!(text.is_none().then(|| encode(&self.item.0))));
        Value::Object(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_letter_json_holds_text_or_base64_and_no_history_for_a_foreign_element() {
        let history = History { id: "a:1:1".into(), since: 5, died: Some(7), ..History::default() };
        let dead_letter = |history, bytes: &'static [u8]| DeadLetter {
            history,
            item: Item(Bytes::from_static(bytes)),
            size: bytes.len() as u64,
        };
        let ours = dead_letter(Some(history), b"text");
        assert_eq!(
            ours.to_json("fruit", |_| "encoded".to_owned()).to_string(),
            r#"{"id":"a:1:1","list":"fruit","died":"1970-01-01T00:00:00.007Z","since":"1970-01-01T00:00:00.005Z","#
                .to_owned()
                + r#""attempts":0,"crashes":0,"reason":"","stderr":"","bytes":4,"item":"text","item_base64":null}"#
        );
        assert_eq!(ours.age(10), Some(Duration::from_millis(3)));
        assert_eq!(ours.cause().as_deref(), Some(""));
        let foreign = dead_letter(None, b"\xff").to_json("fruit", |_| "encoded".to_owned());
        assert!(foreign["id"].is_null() && foreign["item"].is_null(), "{foreign}");
        assert_eq!(foreign["item_base64"], "encoded");
    }
}
