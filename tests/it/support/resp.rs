//! The few lines of the Redis protocol that the tests need to look at a server behind the program's back.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Reply of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    Nil,
    Text(Vec<u8>),
    Integer(i64),
    Error(String),
    Array(Vec<Reply>),
}

impl fmt::Display for Reply {
    /// Prints as `redis-cli` does when its output is no terminal: bare values, one a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => Ok(()),
            Self::Text(bytes) => write!(f, "{}", String::from_utf8_lossy(bytes)),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Error(text) => write!(f, "(error) {text}"),
            Self::Array(replies) => {
                for (index, reply) in replies.iter().enumerate() {
                    write!(f, "{}{reply}", if index == 0 { "" } else { "\n" })?;
                }
                Ok(())
            }
        }
    }
}

/// A connection to a server's unix socket.
pub(super) struct Link(BufReader<UnixStream>);

impl Link {
    /// Connects; no answer may take longer than `timeout`.
    pub(super) fn open(socket: &Path, timeout: Duration) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(timeout))?;
        stream.set_write_timeout(Some(timeout))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends one command and reads its answer.
    pub(super) fn call<A: AsRef<[u8]>>(&mut self, command: &[A]) -> io::Result<Reply> {
        let mut request = format!("*{}\r\n", command.len()).into_bytes();
        for argument in command.iter().map(AsRef::as_ref) {
            write!(request, "${}\r\n", argument.len())?;
            request.extend_from_slice(argument);
            request.extend_from_slice(b"\r\n");
        }
        self.0.get_mut().write_all(&request)?;
        self.read()
    }

    fn read(&mut self) -> io::Result<Reply> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let Some(rest) = line.strip_suffix("\r\n") else { return Err(io::ErrorKind::UnexpectedEof.into()) };
        let (kind, rest) = rest.split_at_checked(1).ok_or(io::ErrorKind::InvalidData)?;
        let number = || rest.parse::<i64>().map_err(|_| io::Error::from(io::ErrorKind::InvalidData));
        match kind {
            "+" => Ok(Reply::Text(rest.as_bytes().to_vec())),
            "-" => Ok(Reply::Error(rest.to_owned())),
            ":" => Ok(Reply::Integer(number()?)),
            "$" => match usize::try_from(number()?) {
                Ok(length) => {
                    let mut bytes = vec![0; length + 2];
                    self.0.read_exact(&mut bytes)?;
                    bytes.truncate(length);
                    Ok(Reply::Text(bytes))
                }
                Err(_) => Ok(Reply::Nil),
            },
            "*" => match usize::try_from(number()?) {
                Ok(length) => (0..length).map(|_| self.read()).collect::<io::Result<_>>().map(Reply::Array),
                Err(_) => Ok(Reply::Nil),
            },
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}
