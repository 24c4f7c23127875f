//! Request for an item: a CloudEvent in binary mode.

use std::time::SystemTime;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::http::request::Builder;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::de::IgnoredAny;

use crate::delivery::item::Item;
use crate::endpoint::HandlerUrl;
use crate::handler::{Assignment, message};
use crate::units::redis_time;
use crate::workload::made_at;

/// Name of this program and its version.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("qscale/", env!("CARGO_PKG_VERSION")));

/// Headers of a CloudEvent.
const CE_SPECVERSION: HeaderName = HeaderName::from_static("ce-specversion");
const CE_TYPE: HeaderName = HeaderName::from_static("ce-type");
const CE_SOURCE: HeaderName = HeaderName::from_static("ce-source");
const CE_ID: HeaderName = HeaderName::from_static("ce-id");
const CE_LIST: HeaderName = HeaderName::from_static("ce-list");
const CE_ATTEMPT: HeaderName = HeaderName::from_static("ce-attempt");
const CE_CONSUMER: HeaderName = HeaderName::from_static("ce-consumer");
const CE_TIME: HeaderName = HeaderName::from_static("ce-time");

/// Number of headers at most.
const HEADERS: usize = 12;

/// Media type of lines of JSON.
pub(super) const JSON_LINES: &str = "application/x-ndjson";

/// Characters that the binding of CloudEvents to HTTP encodes in a header.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// Characters that are encoded in a segment of a path, too: a source is a URI, which holds none of them.
const SEGMENT: &AsciiSet = &ENCODED
    .add(b'/')
    .add(b'?')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Returns the request that posts an item.
///
/// # Errors
///
/// Fails when no header can hold what describes the item.
pub(super) fn post(
    url: &HandlerUrl,
    assignment: &Assignment,
    stamp_field: Option<&str>,
) -> Result<Request<Full<Bytes>>, String> {
    let Assignment { item, id, attempt, list, consumer } = assignment;
    let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let mut request = to(url, HeaderValue::from_static(content_type(item)), item.0.len())
        .header(CE_SPECVERSION, HeaderValue::from_static("1.0"))
        .header(CE_TYPE, HeaderValue::from_static("qscale.item"))
        .header(CE_SOURCE, format!("/lists/{}", utf8_percent_encode(list, SEGMENT)))
        .header(CE_ID, encoded(id))
        .header(CE_LIST, encoded(list))
        .header(CE_ATTEMPT, *attempt)
        .header(CE_CONSUMER, encoded(consumer));
    if let Some(time) = stamp_field.and_then(|field| made_at(item, field)).and_then(millis) {
        request = request.header(CE_TIME, redis_time(time));
    }
    request.body(Full::new(item.0.clone())).map_err(|error| format!("item cannot be posted: {error}"))
}

/// Returns the request that posts several items: a line of JSON for each.
///
/// # Errors
///
/// Fails when no header can hold what describes the items.
pub(super) fn post_batch(
    url: &HandlerUrl,
    batch: &[Assignment],
    stamp_field: Option<&str>,
) -> Result<Request<Full<Bytes>>, String> {
    let mut body = Vec::new();
    for assignment in batch {
        message::write(&mut body, assignment, stamp_field);
    }
    let request = to(url, HeaderValue::from_static(JSON_LINES), body.len());
    request.body(Full::new(Bytes::from(body))).map_err(|error| format!("items cannot be posted: {error}"))
}

/// Begins a request with a body of `length` bytes, which may be none.
fn to(url: &HandlerUrl, content_type: HeaderValue, length: usize) -> Builder {
    let mut request = Request::post(&url.path);
    if let Some(headers) = request.headers_mut() {
        headers.reserve(HEADERS);
    }
    request
        .header(HOST, &url.authority)
        .header(USER_AGENT, AGENT)
        .header(CONTENT_TYPE, content_type)
        .header(CONTENT_LENGTH, length)
}

fn millis(time: SystemTime) -> Option<u64> {
    u64::try_from(time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_millis()).ok()
}

/// Returns the media type that the bytes of an item are valid for.
fn content_type(item: &Item) -> &'static str {
    let looks_like_json = item.0.trim_ascii_start().first().is_some_and(|first| b"{[".contains(first));
    if looks_like_json && serde_json::from_slice::<IgnoredAny>(&item.0).is_ok() {
        "application/json"
    } else if std::str::from_utf8(&item.0).is_ok() {
        "text/plain; charset=utf-8"
    } else {
        "application/octet-stream"
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn request(list: &str, item: &'static [u8]) -> Request<Full<Bytes>> {
        let item = Item(Bytes::from_static(item));
        let assignment =
            Assignment { item, id: "pod:c1:1".to_owned(), attempt: 2, list: list.into(), consumer: Arc::from("pod") };
        post(&"http://127.0.0.1:8080/jobs".parse().unwrap(), &assignment, Some("at")).unwrap()
    }

    #[test]
    fn headers_describe_the_item_as_a_cloud_event() {
        let request = request("{grün} & %/x", br#"{"at":1772366400}"#);
        let expected = [
            ("content-type", "application/json"),
            ("ce-specversion", "1.0"),
            ("ce-type", "qscale.item"),
            ("ce-source", "/lists/%7Bgr%C3%BCn%7D%20&%20%25%2Fx"),
            ("ce-id", "pod:c1:1"),
            ("ce-list", "{gr%C3%BCn}%20&%20%25/x"),
            ("ce-attempt", "2"),
            ("ce-consumer", "pod"),
            ("ce-time", "2026-03-01T12:00:00.000Z"),
        ];
        for (name, value) in expected {
            assert_eq!(request.headers()[name], value, "{name}");
        }
    }

    #[test]
    fn content_type_is_one_that_the_item_is_valid_for() {
        for (item, expected) in [
            (&b" [1]"[..], "application/json"),
            (b"{1}", "text/plain; charset=utf-8"),
            (b"17", "text/plain; charset=utf-8"),
            (b"\xff", "application/octet-stream"),
            (b"", "text/plain; charset=utf-8"),
        ] {
            assert_eq!(content_type(&Item(Bytes::from_static(item))), expected);
        }
    }
}
