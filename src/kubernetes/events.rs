//! Events of a watch: a line of JSON each.

use bytes::{Buf as _, Bytes, BytesMut};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use serde::Deserialize;
use serde_json::Value;

use super::request_error::{ApiStatus, RequestError};

/// Change of an object.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", content = "object", rename_all = "UPPERCASE")]
pub(super) enum WatchEvent {
    /// The object is new.
    Added(Value),
    /// The object has changed.
    Modified(Value),
    /// The object is gone.
    Deleted(Value),
    /// Only the version to go on from has changed.
    Bookmark(Value),
    /// The watch has failed.
    Error(ApiStatus),
}

/// Events in the order in which they are sent.
pub(super) struct Events {
    body: Incoming,
    /// Bytes of which no event has been made.
    received: BytesMut,
    /// Length of the received bytes that hold no end of a line.
    searched: usize,
    /// The connection lives as long as it.
    _sender: SendRequest<Empty<Bytes>>,
}

impl Events {
    pub(super) fn new(body: Incoming, sender: SendRequest<Empty<Bytes>>) -> Self {
        Self { body, received: BytesMut::new(), searched: 0, _sender: sender }
    }

    /// Waits for the next event; `None` after the last one.
    pub(super) async fn next(&mut self) -> Result<Option<WatchEvent>, RequestError> {
        loop {
            while let Some(line) = self.line() {
                if !line.trim_ascii().is_empty() {
                    return event(&line).map(Some);
                }
            }
            match self.body.frame().await {
                Some(frame) => self.received.extend(frame?.into_data().unwrap_or_default()),
                None if self.received.trim_ascii().is_empty() => return Ok(None),
                None => return event(&self.received.split()).map(Some),
            }
        }
    }

    /// Takes a complete line, without its end.
    fn line(&mut self) -> Option<BytesMut> {
        let Some(end) = memchr::memchr(b'\n', &self.received[self.searched..]) else {
            self.searched = self.received.len();
            return None;
        };
        let line = self.received.split_to(self.searched + end);
        self.received.advance(1);
        self.searched = 0;
        Some(line)
    }
}

fn event(line: &[u8]) -> Result<WatchEvent, RequestError> {
    serde_json::from_slice(line).map_err(|error| RequestError::Unexpected(error.to_string()))
}
