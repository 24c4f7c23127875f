//! Time limit of a handler: one for all items, and one that an item names itself.

use std::time::Duration;

use serde_json::Value;

use crate::delivery::item::Item;
use crate::units::{HumanDuration, is_within_limit};

/// Time that a handler may take for an item.
#[derive(Debug, Clone, Default)]
pub(crate) struct TimeLimit {
    /// Longest time, also for items that name none; `None` for no limit.
    pub(crate) longest: Option<Duration>,
    /// Field of a JSON item with its own limit: a number of seconds, or a duration.
    pub(crate) field: Option<String>,
}

impl TimeLimit {
    /// Returns the limit of `item`.
    pub(super) fn of(&self, item: &Item) -> Option<Duration> {
        let own = self.field.as_deref().and_then(|field| own(item, field));
        own.into_iter().chain(self.longest).min()
    }
}

/// Returns the limit that an item names; `None` if that is not a time.
fn own(item: &Item, field: &str) -> Option<Duration> {
    let value: Value = serde_json::from_slice(&item.0).ok()?;
    let limit = match value.get(field)? {
        Value::Number(seconds) => Duration::try_from_secs_f64(seconds.as_f64()?).ok().filter(is_within_limit)?,
        Value::String(text) => text.parse::<HumanDuration>().ok()?.0,
        _ => return None,
    };
    // Zero is a mistake: no handler would ever end in time.
    (!limit.is_zero()).then_some(limit)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn time_limit_of_an_item_is_capped_by_the_limit_of_all() {
        let limit = |longest: Option<u64>, item: &'static str| {
            let limit = TimeLimit { longest: longest.map(Duration::from_secs), field: Some("limit".to_owned()) };
            limit.of(&Item(Bytes::from_static(item.as_bytes()))).map(|limit| limit.as_millis())
        };
        assert_eq!(limit(Some(60), r#"{"limit": 1.5}"#), Some(1_500));
        assert_eq!(limit(Some(60), r#"{"limit": "90s"}"#), Some(60_000));
        assert_eq!(limit(None, r#"{"limit": "90s"}"#), Some(90_000));
        // No clock can add the longest of these to a time.
        for value in ["0", "-1", "1e19", "1e400", "\"500000000000years\"", "\"soon\"", "null", "true", "[]"] {
            let item: &'static str = format!("{{\"limit\": {value}}}").leak();
            assert_eq!((limit(Some(60), item), limit(None, item)), (Some(60_000), None), "{item}");
        }
        for item in ["text", "{}"] {
            assert_eq!((limit(Some(60), item), limit(None, item)), (Some(60_000), None), "{item}");
        }
    }
}
