//! Response for an item: its status, the time that it asks to wait, and the beginning of its body.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use super::connections::SendError;
use super::request::JSON_LINES;
use crate::delivery::exit_map::ExitMeaning;
use crate::delivery::status_map::StatusMap;
use crate::handler::answer::HandlerAnswer;
use crate::handler::{Assignment, BatchOutcome, Disposition};

/// Bytes of a body that are kept with an item that has failed.
const KEPT: usize = 4 * 1024;

/// Bytes of a body that are read so that the connection can be used again, and how much longer one with an answer per line may
/// be per item.
const READ: usize = 256 * 1024;
const PER_ITEM: usize = 2 * 1024;

/// Answer of a web service about an item.
#[derive(Debug)]
pub(super) struct HttpReply {
    status: StatusCode,
    after: Option<Duration>,
    /// Beginning of the body, or all of it if it has an answer per line.
    body: Vec<u8>,
    /// True if the body has an answer per line.
    has_answers: bool,
    is_whole: bool,
}

/// Reads the response to a request with `items`; returns true with it if it was read whole.
pub(super) async fn read(response: Response<Incoming>, items: usize) -> Result<(HttpReply, bool), SendError> {
    let (head, mut body) = response.into_parts();
    let has_answers = head.headers.get(CONTENT_TYPE).is_some_and(is_json_lines);
    let most = if has_answers { READ + items * PER_ITEM } else { READ };
    let keeps = if has_answers { most } else { KEPT };
    let (mut kept, mut read) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(SendError::incomplete)?;
        let Some(data) = frame.data_ref() else { continue };
        kept.extend_from_slice(&data[..data.len().min(keeps - kept.len())]);
        read += data.len();
        if read > most {
            break;
        }
    }
    let (after, is_whole) = (retry_after(&head.headers, SystemTime::now()), read <= most);
    Ok((HttpReply { status: head.status, after, body: kept, has_answers, is_whole }, is_whole))
}

/// Returns true if a body of this type has a line of JSON per item.
fn is_json_lines(media: &HeaderValue) -> bool {
    let media = media.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    [JSON_LINES, "application/ndjson", "application/jsonl"].iter().any(|lines| media.eq_ignore_ascii_case(lines))
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
        let Self { status, after, body: mut stderr, has_answers: _, is_whole: _ } = self;
        stderr.truncate(KEPT);
        let status = status.as_u16();
        let reason = match status {
            300..=399 => format!("status {status}: redirects are not followed"),
            _ => format!("status {status}"),
        };
        let meaning = statuses.meaning(status, after.is_some());
        match meaning {
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
        let outcomes = if self.is_whole {
            answers(&self.body, batch)
        } else {
            Err(format!("answered with more than {} bytes", self.body.len()))
        };
        match outcomes {
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
        HandlerAnswer::parse(line, false, |answer| {
            let HandlerAnswer::Finished { id: Some(id), outcome } = answer else { return Ok(()) };
            let place = places.get(&*id).copied().filter(|place| outcomes[*place].is_none());
            let place = place.ok_or_else(|| format!("answered twice, or for an item that it does not have: `{id}`"))?;
            outcomes[place] = Some(outcome.disposition(Vec::new()));
            Ok(())
        })?;
    }
    let missing = || Disposition::fail("handler did not answer for the item", Vec::new());
    Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(missing)).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::super::connections::HttpConnection;
    use super::super::request;
    use super::*;
    use crate::delivery::item::Item;
    use crate::units::is_hidden;

    /// Parts of responses, and what breaks them.
    const PARTS: [&str; 26] = [
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 204 No Content\r\n",
        "HTTP/1.1 429 Too Many Requests\r\n",
        "HTTP/1.1 302 Found\r\n",
        "HTTP/1.1 999 \u{1b}[2J\r\n",
        "HTTP/1.0 503 x\r\n",
        "HTTP/2 200\r\n",
        "\r\n",
        "\n",
        "Content-Length: 3\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Content-Length: -1\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Content-Type: application/x-ndjson\r\n",
        "Retry-After: 5\r\n",
        "Retry-After: 99999999999999999999\r\n",
        "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
        "Retry-After: \r\n",
        "Connection: upgrade\r\n",
        "Location: http://h/\r\n",
        "3\r\nabc\r\n",
        "ffffffffffffffff\r\n",
        "0\r\n\r\n",
        "{\"id\":\"pod:c1:1\",\"ack\":true}\n",
        "{\"id\":\"x\",\"dead\":\"\u{9b}31m\"}\n",
        "abc",
    ];

    /// Returns the outcome of an item, and that of a batch of it, for what an endpoint sends.
    async fn outcomes(sent: &[u8]) -> Result<(Disposition, BatchOutcome), SendError> {
        let (near, mut far) = tokio::io::duplex(1 << 16);
        let mut connection = HttpConnection::over(near).await?;
        let (list, consumer) = (Arc::from("fruit"), Arc::from("pod"));
        let item = Item(Bytes::from_static(b"x"));
        let assignment = Assignment { item, id: "pod:c1:1".to_owned(), attempt: 1, list, consumer };
        let url = "http://127.0.0.1:8080/jobs".parse().unwrap();
        let request = request::post(&url, &assignment, None).unwrap();
        let answer = async {
            // Before there is a request, nothing is a response.
            let _ = far.read(&mut [0; 1024]).await;
            // The consumer may be gone before all is sent.
            let _ = far.write_all(sent).await;
            let _ = far.shutdown().await;
            far
        };
        let (reply, _far) = tokio::join!(
            async {
                let response = connection.send(request).await?;
                read(response, 1).await
            },
            answer
        );
        let (reply, _) = reply?;
        let again = HttpReply { body: reply.body.clone(), ..reply };
        Ok((reply.disposition(&StatusMap::default()), again.batch_outcome(&[assignment], &StatusMap::default())))
    }

    #[tokio::test]
    async fn response_that_ends_early_is_told_from_none() {
        for (sent, reason) in [
            ("", "connection closed without a response"),
            ("SSH-2.0-OpenSSH_9\r\n", "no response: invalid HTTP version parsed"),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
                "response is incomplete: end of file before message length reached",
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                "response is incomplete: Invalid chunk size line: missing size digit",
            ),
        ] {
            assert_eq!(outcomes(sent.as_bytes()).await.unwrap_err().to_string(), reason);
        }
    }

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

    proptest! {
        #[test]
        fn any_response_is_an_outcome_in_words(
            parts in prop::collection::vec(prop_oneof![
                8 => prop::sample::select(&PARTS[..]).prop_map(|part| part.as_bytes().to_vec()),
                1 => prop::collection::vec(any::<u8>(), 0..8),
            ], 0..12),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let sent = [PARTS[0].as_bytes(), &parts.concat()].concat();
            for sent in [&sent[..], &parts.concat()] {
                if let Ok((one, _)) = runtime.block_on(outcomes(sent)) {
                    let (Disposition::Retry { reason, stderr, .. } | Disposition::DeadLetter { reason, stderr }) = one else {
                        continue;
                    };
                    prop_assert!(!reason.contains(is_hidden) && stderr.len() <= KEPT, "{reason}");
                }
            }
        }
    }
}
