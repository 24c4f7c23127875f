//! Response for an item: its status, the time that it asks to wait, and the beginning of its body.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use hyper::{Response, StatusCode};

use super::connections::SendError;
use super::request::JSON_LINES;
use crate::delivery::exit_map::ExitMeaning;
use crate::delivery::status_map::StatusMap;
use crate::handler::answer::HandlerAnswer;
use crate::handler::{Assignment, BatchOutcome, Disposition};

/// Bytes of a body that are kept with an item that has failed.
const KEPT: usize = 4 * 1024;

/// Bytes of a body that are read so that the connection can be used again.
const READ: usize = 256 * 1024;

/// Answer of a web service about an item.
#[derive(Debug)]
pub(super) struct HttpReply {
    status: StatusCode,
    after: Option<Duration>,
    /// Beginning of the body, or all of it if it has an answer per line.
    body: Vec<u8>,
    /// True if the body has an answer per line.
    has_answers: bool,
}

/// Reads a response; returns true with it if it was read whole.
pub(super) async fn read(response: Response<Incoming>) -> Result<(HttpReply, bool), SendError> {
    let (head, mut body) = response.into_parts();
    let media = head.headers.get(CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    let has_answers = [JSON_LINES, "application/ndjson", "application/jsonl"].contains(&media);
    let most = if has_answers { READ } else { KEPT };
    let (mut kept, mut read) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| SendError::Other(error.to_string()))?;
        let Some(data) = frame.data_ref() else { continue };
        kept.extend_from_slice(&data[..data.len().min(most - kept.len())]);
        read += data.len();
        if read > READ {
            break;
        }
    }
    let after = retry_after(&head.headers, SystemTime::now());
    Ok((HttpReply { status: head.status, after, body: kept, has_answers }, read <= READ))
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
        let Self { status, after, body: mut stderr, has_answers: _ } = self;
        stderr.truncate(KEPT);
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

    /// Returns the outcomes of a batch: those of the lines of a body that acknowledges, else that of the status for all.
    pub(super) fn batch_outcome(self, batch: &[Assignment], statuses: &StatusMap) -> BatchOutcome {
        let is_accepted = statuses.meaning(self.status.as_u16(), self.after.is_some()) == ExitMeaning::Ack;
        if !(self.has_answers && is_accepted) {
            return BatchOutcome::All(self.disposition(statuses).of_several(batch.len()));
        }
        match answers(&self.body, batch) {
            Ok(outcomes) => BatchOutcome::Each(outcomes),
            Err(reason) => BatchOutcome::All(Disposition::fail(format!("handler {reason}"), Vec::new())),
        }
    }
}

/// Returns the outcome of each item of `batch`, as the lines of `body` give them. An item without an answer has failed.
fn answers(body: &[u8], batch: &[Assignment]) -> Result<Vec<Disposition>, String> {
    let places: HashMap<&str, usize> =
        batch.iter().enumerate().map(|(place, assignment)| (assignment.id.as_str(), place)).collect();
    let mut outcomes: Vec<Option<Disposition>> = batch.iter().map(|_| None).collect();
    for line in body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        for answer in HandlerAnswer::parse(line, false)? {
            let HandlerAnswer::Finished { id: Some(id), outcome } = answer else { continue };
            let place = places.get(&*id).copied().filter(|place| outcomes[*place].is_none());
            let place = place.ok_or_else(|| format!("answered twice, or for an item that it does not have: `{id}`"))?;
            outcomes[place] = Some(outcome.disposition(Vec::new()));
        }
    }
    let missing = || Disposition::fail("handler did not answer for the item", Vec::new());
    Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(missing)).collect())
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
