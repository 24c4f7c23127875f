//! When an item was made, where it says so itself.

use std::time::SystemTime;

use serde_json::Value;

use crate::delivery::item::Item;
use crate::units::{rfc_3339, since_1970};

/// Returns when `item` was made: the value of `field` in its JSON object, or `None` where it cannot be read.
///
/// Read are RFC 3339 (`2026-03-01T12:00:00Z`, `…+01:00`), and seconds or milliseconds since 1970, as a number or as text.
pub fn made_at(item: &Item, field: &str) -> Option<SystemTime> {
    let value: Value = serde_json::from_slice(&item.0).ok()?;
    match value.get(field)? {
        Value::Number(number) => since_1970(number.as_f64()?),
        Value::String(text) => text.parse().map_or_else(|_| rfc_3339(text), since_1970),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;

    #[test]
    fn timestamp_forms_give_the_same_time() {
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_366_400);
        for value in [
            "1772366400",
            "1772366400.0",
            "1772366400000",
            "\"1772366400\"",
            "\"2026-03-01T12:00:00Z\"",
            "\"2026-03-01T12:00:00.000Z\"",
            "\"2026-03-01T13:00:00+01:00\"",
            "\"2026-03-01T06:30:00.000-05:30\"",
        ] {
            let item = Item(Bytes::from(format!("{{\"a\": 1, \"made\": {value}}}")));
            assert_eq!(made_at(&item, "made"), Some(moment), "{value}");
        }
    }

    #[test]
    fn timestamp_that_is_not_one_is_unknown() {
        for item in ["", "text", "[1]", "{}", "{\"made\": null}", "{\"made\": -1}", "{\"made\": \"ä:ööööö\"}"] {
            assert_eq!(made_at(&Item(Bytes::from(item)), "made"), None, "{item}");
        }
        assert_eq!(made_at(&Item(Bytes::from_static(b"{\"made\": \"soon\", \"other\": 5}")), "made"), None);
    }
}
