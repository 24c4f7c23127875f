//! Just enough of the Redis protocol to ask a server on loopback, and to be the floor that a client is compared with.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

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

/// A socket, or TLS on one.
trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

pub(crate) struct Connection {
    stream: BufReader<Box<dyn Stream>>,
}

impl Connection {
    pub(crate) fn open(port: u16) -> Result<Self> {
        Ok(Self::over(dial(port)?))
    }

    /// Opens a connection through TLS to a server with a certificate by `authority`.
    pub(crate) fn open_tls(port: u16, authority: &Path) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority)?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let session = ClientConnection::new(Arc::new(config), "localhost".try_into()?)?;
        Ok(Self::over(StreamOwned::new(session, dial(port)?)))
    }

    fn over(stream: impl Stream + 'static) -> Self {
        Self { stream: BufReader::with_capacity(64 * 1024, Box::new(stream)) }
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
        let stream = self.stream.get_mut();
        stream.write_all(commands)?;
        Ok(stream.flush()?)
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

fn dial(port: u16) -> Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Returns `words` as one command on the wire.
pub(crate) fn encode(words: &[&str]) -> Vec<u8> {
    let mut command = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        command.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
    command
}
