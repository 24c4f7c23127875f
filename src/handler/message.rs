//! Messages to a handler: one line of JSON per item, or per batch.

use std::time::SystemTime;

use crate::handler::Assignment;
use crate::workload::made_at;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Appends the line for an item to `line`; `stamp_field` is the field that holds its creation time.
pub(super) fn write(line: &mut Vec<u8>, assignment: &Assignment, stamp_field: Option<&str>) {
    append(line, assignment, stamp_field);
    line.push(b'\n');
}

/// Appends the line for a batch, an array.
pub(super) fn write_batch<'a>(
    line: &mut Vec<u8>,
    batch: impl IntoIterator<Item = &'a Assignment>,
    stamp_field: Option<&str>,
) {
    line.push(b'[');
    for (place, assignment) in batch.into_iter().enumerate() {
        if place > 0 {
            line.push(b',');
        }
        append(line, assignment, stamp_field);
    }
    line.extend_from_slice(b"]\n");
}

/// Appends an item, and what its handler is told about it.
///
/// Written by hand, because this runs once per item: the names of the fields need no search for characters to escape.
fn append(line: &mut Vec<u8>, assignment: &Assignment, stamp_field: Option<&str>) {
    let Assignment { item, id, attempt, list, consumer: _ } = assignment;
    line.extend_from_slice(b"{\"id\":");
    append_text(line, id);
    line.extend_from_slice(b",\"list\":");
    append_text(line, list);
    line.extend_from_slice(b",\"attempt\":");
    line.extend_from_slice(attempt.to_string().as_bytes());
    if let Some(stamp) = stamp_field.and_then(|field| made_at(item, field)).and_then(written) {
        line.extend_from_slice(b",\"stamp\":");
        append_text(line, &stamp);
    }
    if let Ok(text) = std::str::from_utf8(&item.0) {
        line.extend_from_slice(b",\"item\":");
        append_text(line, text);
    } else {
        line.extend_from_slice(b",\"item_base64\":");
        append_text(line, &STANDARD.encode(&item.0));
    }
    line.push(b'}');
}

/// Appends a text as JSON.
fn append_text(line: &mut Vec<u8>, text: &str) {
    let is_escaped = |byte: &u8| *byte < b' ' || matches!(byte, b'"' | b'\\');
    line.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(place) = rest.iter().position(is_escaped) {
        line.extend_from_slice(&rest[..place]);
        match rest[place] {
            byte @ (b'"' | b'\\') => line.extend_from_slice(&[b'\\', byte]),
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\r' => line.extend_from_slice(b"\\r"),
            b'\t' => line.extend_from_slice(b"\\t"),
            byte => line.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
        rest = &rest[place + 1..];
    }
    line.extend_from_slice(rest);
    line.push(b'"');
}

/// Writes a time in UTC; `None` before 1970 and after the year 9999.
fn written(time: SystemTime) -> Option<String> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok().map(crate::units::redis_time)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::delivery::item::Item;

    fn message(item: &[u8], stamp_field: Option<&str>) -> String {
        let (list, consumer) = (Arc::from("fruit"), Arc::from("pod"));
        let item = Item(Bytes::copy_from_slice(item));
        let mut line = Vec::new();
        write(&mut line, &Assignment { item, id: "pod:c1:1".to_owned(), attempt: 2, list, consumer }, stamp_field);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn message_is_one_line_for_any_item() {
        let line = message("a\n\"b\" ä\0".as_bytes(), Some("at"));
        assert_eq!(
            line,
            "{\"id\":\"pod:c1:1\",\"list\":\"fruit\",\"attempt\":2,\"item\":\"a\\n\\\"b\\\" ä\\u0000\"}\n"
        );
        let line = message(b"\xff\n", None);
        assert!(line.ends_with(",\"item_base64\":\"/wo=\"}\n"), "{line}");
    }

    #[test]
    fn message_has_the_creation_time_of_the_item() {
        let line = message(br#"{"at":1772366400}"#, Some("at"));
        assert!(line.contains(r#""stamp":"2026-03-01T12:00:00.000Z""#), "{line}");
    }

    proptest! {
        #[test]
        fn any_item_is_one_line_and_the_same_item_again(
            item in prop_oneof![prop::collection::vec(any::<u8>(), 0..200), "\\PC{0,20}[\u{0}-\u{a0}]{0,20}".prop_map(String::into_bytes)],
        ) {
            let line = message(&item, Some("at"));
            prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
            let read: Value = serde_json::from_str(&line).unwrap();
            let again = match (&read["item"], &read["item_base64"]) {
                (Value::String(text), Value::Null) => text.clone().into_bytes(),
                (Value::Null, Value::String(encoded)) => STANDARD.decode(encoded).unwrap(),
                _ => return Err(TestCaseError::fail(line)),
            };
            prop_assert_eq!(again, item);
        }
    }
}
