//! Diagnosis of a failed connection: name resolution, TCP, TLS and greeting, one by one.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::error::Fault;
use super::{sentinel, tls};
use crate::endpoint::{Address, Endpoint, NodeAddress, Servers, Tls};

/// Length up to which a reply that may not be one of Redis is read.
const LONGEST_REPLY: usize = 64;

/// Returns the cause of a failed connection to `endpoint`, or to a `node` of it, within `limit`; `first` when no step fails.
pub(super) async fn diagnose(endpoint: &Endpoint, node: Option<&NodeAddress>, first: Fault, limit: Duration) -> Fault {
    timeout(limit, steps(endpoint, node, limit)).await.ok().flatten().unwrap_or(first)
}

async fn steps(endpoint: &Endpoint, node: Option<&NodeAddress>, limit: Duration) -> Option<Fault> {
    let tls = endpoint.tls.as_ref();
    if let Some(NodeAddress { host, port }) = node {
        return server_steps(host, *port, tls, limit).await;
    }
    match (&endpoint.servers, &endpoint.address.value) {
        (Some(Servers::Sentinel { sentinels, master }), _) => match of_sentinels(endpoint, sentinels, master).await {
            Ok((host, port)) => server_steps(&host, port, tls, limit).await,
            Err(fault) => fault,
        },
        (_, Address::Unix { path }) => {
            UnixStream::connect(path).await.err().map(|error| of_io(&error, Fault::NoSocket))
        }
        (_, Address::Tcp { host, port }) => server_steps(host, *port, tls, limit).await,
    }
}

/// Returns the address of the master, from the first sentinel that knows it.
///
/// # Errors
///
/// Fails with the refusal of a sentinel, or else with the reason why none can be reached.
async fn of_sentinels(
    endpoint: &Endpoint,
    sentinels: &[NodeAddress],
    master: &str,
) -> Result<(String, u16), Option<Fault>> {
    let credentials = sentinel::credentials(endpoint).await.map_err(Some)?;
    let mut unreachable = None;
    for NodeAddress { host, port } in sentinels {
        let address = format!("{host}:{port}");
        let stream = match connect(host, *port).await {
            Ok(stream) => stream,
            Err(fault) => {
                unreachable.get_or_insert(fault);
                continue;
            }
        };
        let credentials = credentials.as_ref();
        let reply = match &endpoint.tls {
            None => sentinel::master_of(stream, &address, master, credentials).await,
            Some(tls) => match secured(stream, tls::client_config(tls).map_err(Some)?, name_of(tls, host)).await {
                Ok(stream) => sentinel::master_of(stream, &address, master, credentials).await,
                Err(fault) => Err(fault),
            },
        };
        match reply {
            // It may be one that listens on another port, or that has just restarted.
            Err(None) => {}
            Err(Some(fault)) if fault.is_transient() => {
                unreachable.get_or_insert(fault);
            }
            reply => return reply,
        }
    }
    Err(unreachable)
}

async fn server_steps(host: &str, port: u16, tls: Option<&Tls>, limit: Duration) -> Option<Fault> {
    let stream = match connect(host, port).await {
        Ok(stream) => stream,
        Err(fault) => return Some(fault),
    };
    let Some(tls) = tls else {
        let closed = match timeout(limit / 2, ping(stream)).await {
            Ok(Ok(Some(reply))) if !is_tls(&reply) => return foreign(reply),
            Ok(Ok(None)) => Some(Fault::closed()),
            _ => None,
        };
        return if answers_in_tls(host, port).await { Some(Fault::TlsRequired) } else { closed };
    };
    let config = match tls::client_config(tls) {
        Ok(config) => config,
        Err(fault) => return Some(fault),
    };
    match timeout(limit / 2, handshake(stream, config, name_of(tls, host))).await {
        Ok(Ok(reply)) => reply.and_then(foreign),
        Ok(Err(Some(fault))) => Some(fault),
        Ok(Err(None)) | Err(_) => without_tls(host, port).await,
    }
}

pub(super) async fn connect(host: &str, port: u16) -> Result<TcpStream, Fault> {
    let mut addresses = match tokio::net::lookup_host((host, port)).await {
        Ok(addresses) => addresses.peekable(),
        Err(_) => return Err(Fault::UnknownHost(host.to_owned())),
    };
    if addresses.peek().is_none() {
        return Err(Fault::UnknownHost(host.to_owned()));
    }
    let mut fault = Fault::ConnectionRefused;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => fault = of_io(&error, Fault::ConnectionRefused),
        }
    }
    Err(fault)
}

pub(super) fn of_io(error: &std::io::Error, not_found: Fault) -> Fault {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => Fault::ConnectionRefused,
        std::io::ErrorKind::NotFound => not_found,
        _ => Fault::ConnectionLost(error.to_string()),
    }
}

/// Returns the name that the certificate of `host` must hold.
pub(super) fn name_of<'a>(tls: &'a Tls, host: &'a str) -> &'a str {
    tls.server_name.as_deref().unwrap_or(host)
}

/// Performs a TLS handshake; the error is `None` when the server does not speak TLS.
pub(super) async fn secured(
    stream: TcpStream,
    config: ClientConfig,
    name: &str,
) -> Result<TlsStream<TcpStream>, Option<Fault>> {
    let server_name = ServerName::try_from(name.to_owned()).map_err(|error| Some(Fault::Tls(error.to_string())))?;
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(server_name, stream).await.map_err(|error| of_tls(&error, name))
}

/// Performs a TLS handshake and a `PING`, because TLS 1.3 refuses a client certificate only after the handshake.
/// Returns the reply.
async fn handshake(stream: TcpStream, config: ClientConfig, name: &str) -> Result<Option<String>, Option<Fault>> {
    let stream = secured(stream, config, name).await?;
    ping(stream).await.map_err(|error| of_tls(&error, name))
}

/// Translates a TLS error; `None` when the server does not speak TLS.
pub(super) fn of_tls(error: &std::io::Error, name: &str) -> Option<Fault> {
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())?;
    Some(match cause {
        rustls::Error::InvalidMessage(_) => return None,
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            Fault::UnknownIssuer
        }
        rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) => {
            Fault::NameMismatch {
                expected: name.to_owned(),
                presented: presented.iter().map(|name| bare(name)).collect(),
            }
        }
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            Fault::CertificateExpired
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => Fault::CertificateNotYetValid,
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::HandshakeFailure
            | AlertDescription::BadCertificate,
        ) => Fault::ClientCertificateRequired,
        other => Fault::Tls(other.to_string()),
    })
}

/// Strips `DnsName("redis.internal")` to `redis.internal`, and `IpAddress(127.0.0.1)` to `127.0.0.1`.
fn bare(presented: &str) -> String {
    let inner = presented.split_once('(').map_or(presented, |(_, inner)| inner.trim_end_matches(')'));
    inner.trim_matches('"').to_owned()
}

/// Sends a `PING`; returns the first line of the reply, or `None` if the server closes the connection.
async fn ping(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<Option<String>> {
    let mut reply = [0; LONGEST_REPLY];
    // A server that closes at once has often said why: its words count, and not the failed write.
    let sent = stream.write_all(b"*1\r\n$4\r\nPING\r\n").await;
    let length = stream.read(&mut reply).await.map_err(|error| sent.err().unwrap_or(error))?;
    let text = String::from_utf8_lossy(&reply[..length]);
    Ok(text.lines().next().map(str::to_owned))
}

/// Returns the fault of a server that does not answer a `PING` as Redis does, be it with an error.
fn foreign(reply: String) -> Option<Fault> {
    (!reply.starts_with(['+', '-'])).then_some(Fault::NotRedis(reply))
}

/// Returns true for a record of TLS, an alert or a handshake.
fn is_tls(reply: &str) -> bool {
    reply.starts_with(['\x15', '\x16'])
}

/// Returns the fault of a server that does not answer in TLS, by its answer without; `None` if there is none.
///
/// A server without TLS waits for the rest of the TLS greeting, or closes the connection.
pub(super) async fn without_tls(host: &str, port: u16) -> Option<Fault> {
    let stream = connect(host, port).await.ok()?;
    let reply = timeout(Duration::from_secs(1), ping(stream)).await.ok()?.ok()??;
    Some(foreign(reply).unwrap_or(Fault::TlsUnsupported))
}

pub(super) async fn answers_in_tls(host: &str, port: u16) -> bool {
    let Ok(stream) = connect(host, port).await else { return false };
    let any = Tls { skip_verify: true, ..Tls::default() };
    let Ok(config) = tls::client_config(&any) else { return false };
    // Any error of the TLS protocol proves a TLS server as well as success does.
    !matches!(handshake(stream, config, host).await, Err(None))
}
