//! A connection for single steps: sends one command and reads its reply as it is.
//!
//! The codec of the client library is not used: it takes arrays within arrays of any depth, each a call on the stack, and
//! collects a string of any length, while this connection may lead to a program that is not Redis at all.

use std::fmt;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::time::timeout;

use super::super::diagnosis::of_tls;
use super::super::error::Fault;

/// Limit of a line of a reply, in bytes.
const LONGEST_LINE: u64 = 64 * 1024;

/// Limit of a string in a reply, in bytes.
const LONGEST_STRING: usize = 16 * 1024 * 1024;

/// Limit of the values of an array in a reply.
const MOST_VALUES: usize = 1 << 20;

/// Limit of arrays within arrays.
const DEEPEST: usize = 8;

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Status(String),
    Error(String),
    Integer(i64),
    Text(String),
    Null,
    Array(Vec<Answer>),
}

impl Answer {
    /// Text of a status or string.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Status(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    pub(super) fn error(&self) -> Option<&str> {
        if let Self::Error(text) = self { Some(text) } else { None }
    }

    /// Values of an array; none of another reply.
    pub(super) fn values(&self) -> &[Self] {
        if let Self::Array(values) = self { values } else { &[] }
    }
}

impl fmt::Display for Answer {
    /// Writes the beginning of the reply, as it came.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(text) => write!(f, "+{}", short(text)),
            Self::Error(text) => write!(f, "-{}", short(text)),
            Self::Integer(number) => write!(f, ":{number}"),
            Self::Text(text) => f.write_str(&short(text)),
            Self::Null => f.write_str("nil"),
            Self::Array(values) if values.is_empty() => f.write_str("an empty array"),
            Self::Array(values) => {
                let values: Vec<String> = values.iter().take(3).map(Self::to_string).collect();
                write!(f, "[{}]", short(&values.join(", ")))
            }
        }
    }
}

/// Returns the beginning of a text.
fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A stream that is read and written.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

/// A connection to one server.
pub(super) struct Wire {
    stream: BufReader<Box<dyn Duplex>>,
    /// Time limit of a reply.
    limit: Duration,
    /// Name that the certificate was expected to hold.
    name: String,
}

impl Wire {
    pub(super) fn new(stream: impl Duplex + 'static, limit: Duration, name: &str) -> Self {
        Self { stream: BufReader::new(Box::new(stream)), limit, name: name.to_owned() }
    }

    /// Sends a command and waits for its reply, which may be an error of the server.
    ///
    /// # Errors
    ///
    /// Fails when the connection ends, when there is no reply in time, and when the reply is not one of Redis.
    pub(super) async fn call<W: AsRef<[u8]>>(&mut self, words: &[W]) -> Result<Answer, Fault> {
        self.calls(&[words]).await.map(|mut answers| answers.remove(0))
    }

    /// Sends several commands at once and waits for the reply to each, in the order of the commands.
    ///
    /// # Errors
    ///
    /// Fails as [`call`](Self::call) does.
    pub(super) async fn calls<C: AsRef<[W]>, W: AsRef<[u8]>>(&mut self, commands: &[C]) -> Result<Vec<Answer>, Fault> {
        let mut request = Vec::new();
        for words in commands.iter().map(AsRef::as_ref) {
            request.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
            for word in words.iter().map(AsRef::as_ref) {
                request.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
                request.extend_from_slice(word);
                request.extend_from_slice(b"\r\n");
            }
        }
        let limit = self.limit;
        let replies = async {
            // A server that closes at once has often said why: its words count, and not the failed write.
            let sent = self.stream.write_all(&request).await;
            let mut answers = Vec::with_capacity(commands.len());
            for _ in commands {
                answers.push(match read(&mut self.stream, 0).await {
                    Err(Unread::Io(error)) => return Err(sent.err().map_or(Unread::Io(error), Unread::Io)),
                    read => read?,
                });
            }
            Ok(answers)
        };
        match timeout(limit, replies).await {
            Err(_) => Err(Fault::TimedOut(limit)),
            Ok(Ok(answers)) => Ok(answers),
            Ok(Err(Unread::Io(error))) => {
                let closed = error.kind() == std::io::ErrorKind::UnexpectedEof;
                let reason = if closed { "closed by the server".to_owned() } else { error.to_string() };
                Err(of_tls(&error, &self.name).unwrap_or(Fault::ConnectionLost(reason)))
            }
            Ok(Err(Unread::Foreign(text))) => Err(Fault::NotRedis(text)),
        }
    }

    /// Sends a command and returns its reply, and the time that it took.
    pub(super) async fn timed(&mut self, words: &[&str]) -> Result<(Answer, Duration), Fault> {
        let start = Instant::now();
        let answer = self.call(words).await?;
        Ok((answer, start.elapsed()))
    }
}

/// Reason why a reply cannot be read.
enum Unread {
    Io(std::io::Error),
    /// Beginning of something that is not the protocol of Redis.
    Foreign(String),
}

impl From<std::io::Error> for Unread {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

type WireStream = BufReader<Box<dyn Duplex>>;

fn read(stream: &mut WireStream, depth: usize) -> BoxFuture<'_, Result<Answer, Unread>> {
    Box::pin(async move {
        let line = line(stream).await?;
        let foreign = || Unread::Foreign(short(&line));
        let mut chars = line.chars();
        let (kind, rest) = (chars.next().ok_or_else(foreign)?, chars.as_str());
        let length = || rest.parse::<i64>().map_err(|_| foreign());
        Ok(match kind {
            '+' => Answer::Status(rest.to_owned()),
            '-' => Answer::Error(rest.to_owned()),
            ':' => Answer::Integer(length()?),
            '$' => match usize::try_from(length()?) {
                Err(_) => Answer::Null,
                Ok(length) if length > LONGEST_STRING => return Err(foreign()),
                Ok(length) => {
                    let mut bytes = vec![0; length + 2];
                    stream.read_exact(&mut bytes).await?;
                    bytes.truncate(length);
                    Answer::Text(String::from_utf8_lossy(&bytes).into_owned())
                }
            },
            '*' => match usize::try_from(length()?) {
                Err(_) => Answer::Null,
                Ok(length) if length > MOST_VALUES || depth > DEEPEST => return Err(foreign()),
                Ok(length) => {
                    let mut values = Vec::new();
                    for _ in 0..length {
                        values.push(read(stream, depth + 1).await?);
                    }
                    Answer::Array(values)
                }
            },
            _ => return Err(foreign()),
        })
    })
}

async fn line(stream: &mut WireStream) -> Result<String, Unread> {
    let mut bytes = Vec::new();
    let read = stream.take(LONGEST_LINE).read_until(b'\n', &mut bytes).await?;
    if read == 0 {
        return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
    }
    let text = String::from_utf8_lossy(&bytes);
    match text.strip_suffix('\n') {
        Some(line) => Ok(line.trim_end_matches('\r').to_owned()),
        None => Err(Unread::Foreign(short(&text))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(bytes: &[u8]) -> Result<Answer, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let (near, mut far) = tokio::io::duplex(1 << 20);
            far.write_all(bytes).await.expect("the buffer has room");
            far.shutdown().await.expect("it can be closed");
            Wire::new(near, Duration::from_secs(5), "h").call(&["PING"]).await
        })
    }

    #[test]
    fn replies_are_read_as_they_are() {
        for (bytes, expected) in [
            (&b"+PONG\r\n"[..], Answer::Status("PONG".to_owned())),
            (b"-ERR no\r\n", Answer::Error("ERR no".to_owned())),
            (b":-5\r\n", Answer::Integer(-5)),
            (b"$2\r\na\n\r\n", Answer::Text("a\n".to_owned())),
            (b"$-1\r\n", Answer::Null),
            (b"*2\r\n:1\r\n*1\r\n+x\r\n", {
                Answer::Array(vec![Answer::Integer(1), Answer::Array(vec![Answer::Status("x".to_owned())])])
            }),
        ] {
            assert_eq!(answer(bytes), Ok(expected));
        }
        let foreign = answer(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        assert_eq!(foreign, Err(Fault::NotRedis("HTTP/1.1 400 Bad Request".to_owned())));
        assert_eq!(answer(b""), Err(Fault::ConnectionLost("closed by the server".to_owned())));
        assert!(answer(b"$99999999999\r\n").is_err(), "no memory is taken for what is only announced");
    }

    proptest! {
        #[test]
        fn any_reply_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = answer(&bytes);
        }

        #[test]
        fn any_beginning_of_a_reply_is_read_or_refused(kind in "[*$:+-]", length in any::<i64>(), rest in "[*$:0-9\r\n]{0,40}") {
            let _ = answer(format!("{kind}{length}\r\n{rest}").as_bytes());
        }
    }
}
