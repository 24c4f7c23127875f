//! Just enough of the Redis protocol to ask a server on loopback, and to be the floor that a client is compared with.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use crate::Result;

/// A reply of Redis; texts are bytes, as items are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Text(Vec<u8>),
    Integer(i64),
    Nil,
    Array(Vec<Reply>),
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Integer(number) => number.to_string(),
            Self::Nil | Self::Array(_) => String::new(),
        }
    }

    /// Number of items that a pop answered: none, one, or as many as the array holds.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Nil => 0,
            Self::Array(replies) => replies.len(),
            Self::Text(_) | Self::Integer(_) => 1,
        }
    }
}

pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::with_capacity(64 * 1024, stream) })
    }

    /// Sends one command and returns its reply.
    ///
    /// # Errors
    ///
    /// Fails when the server refuses the command, or the connection is lost.
    pub(crate) fn call(&mut self, words: &[&str]) -> Result<Reply> {
        self.send(&encode(words))?;
        self.receive()
    }

    /// Writes commands that are encoded already; each owes a [`Self::receive`].
    pub(crate) fn send(&mut self, commands: &[u8]) -> Result<()> {
        Ok(self.stream.get_mut().write_all(commands)?)
    }

    pub(crate) fn receive(&mut self) -> Result<Reply> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let line = line.trim_end();
        let (kind, rest) = line.split_at_checked(1).ok_or("Redis closed the connection")?;
        Ok(match kind {
            "+" => Reply::Text(rest.into()),
            ":" => Reply::Integer(rest.parse()?),
            "$" | "*" if rest == "-1" => Reply::Nil,
            "$" => {
                let mut bytes = vec![0; rest.parse::<usize>()? + 2];
                self.stream.read_exact(&mut bytes)?;
                bytes.truncate(bytes.len() - 2);
                Reply::Text(bytes)
            }
            "*" => Reply::Array((0..rest.parse::<usize>()?).map(|_| self.receive()).collect::<Result<_>>()?),
            _ => return Err(format!("Redis answered {line}").into()),
        })
    }
}

/// Returns `words` as one command on the wire.
pub(crate) fn encode(words: &[&str]) -> Vec<u8> {
    let mut command = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        command.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
    command
}
