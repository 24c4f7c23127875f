//! Response for an item: its status, the time that it asks to wait, and the beginning of its body.

use std::time::{Duration, SystemTime};

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{HeaderMap, RETRY_AFTER};
use hyper::{Response, StatusCode};

use super::connections::SendError;
use crate::delivery::exit_map::ExitMeaning;
use crate::delivery::status_map::StatusMap;
use crate::handler::Disposition;

/// Bytes of a body that are kept with an item that has failed.
const KEPT: usize = 4 * 1024;

/// Bytes of a body that are read so that the connection can be used again.
const READ: usize = 256 * 1024;

/// Answer of a web service about an item.
#[derive(Debug)]
pub(super) struct HttpReply {
    status: StatusCode,
    after: Option<Duration>,
    /// Beginning of the body, unless the item was processed.
    body: Vec<u8>,
}

/// Reads a response; returns true with it if it was read whole.
pub(super) async fn read(response: Response<Incoming>) -> Result<(HttpReply, bool), SendError> {
    let (head, mut body) = response.into_parts();
    let (mut kept, mut read) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| SendError::Other(error.to_string()))?;
        let Some(data) = frame.data_ref() else { continue };
        kept.extend_from_slice(&data[..data.len().min(KEPT - kept.len())]);
        read += data.len();
        if read > READ {
            break;
        }
    }
    let after = retry_after(&head.headers, SystemTime::now());
    Ok((HttpReply { status: head.status, after, body: kept }, read <= READ))
}

/// Returns the time that a response asks to wait, in seconds or until a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default()),
    }
}

impl HttpReply {
    /// Returns the outcome of the item. The beginning of the body is kept in place of a command's stderr.
    pub(super) fn disposition(self, statuses: &StatusMap) -> Disposition {
        let Self { status, after, body: stderr } = self;
        let status = status.as_u16();
        let reason = match status {
            300..=399 => format!("status {status}: redirects are not followed"),
            _ => format!("status {status}"),
        };
        match statuses.meaning(status, after.is_some()) {
            ExitMeaning::Ack => Disposition::Ack,
            ExitMeaning::Dead => Disposition::DeadLetter { reason, stderr },
            ExitMeaning::Retry => Disposition::Retry { reason, stderr, spend: false, after },
            ExitMeaning::Fail => Disposition::Retry { reason, stderr, spend: true, after },
            ExitMeaning::Stop => Disposition::Unrunnable(format!("handler answers with {reason}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_to_wait_is_in_seconds_or_until_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        let after = |text: &'static str| {
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]), now).map(|time| time.as_secs())
        };
        assert_eq!(after("120"), Some(120));
        assert_eq!(after("Sun, 06 Nov 1994 08:49:37 GMT"), Some(7));
        assert_eq!(after("Tue, 06 Nov 1990 08:49:37 GMT"), Some(0));
        assert_eq!(after("soon"), None);
    }
}
