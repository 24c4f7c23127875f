//! Connections to an endpoint: kept while they are idle, and opened as soon as it accepts one.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::endpoint::{Address, HandlerUrl};

/// Time limit of an attempt to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// First and longest pause between two attempts to connect.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(2)];

/// Connections to an endpoint.
#[derive(Debug)]
pub(super) struct Connections {
    url: HandlerUrl,
    /// Connections that no request uses.
    idle: Mutex<Vec<HttpConnection>>,
    is_ready: AtomicBool,
    pub(super) became_ready: Notify,
    /// Held while the endpoint does not accept connections: one item tries, and the others wait for it.
    trying: tokio::sync::Mutex<()>,
}

/// A connection.
#[derive(Debug)]
pub(super) struct HttpConnection(SendRequest<Full<Bytes>>);

/// Reason why there is no response.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// The connection was closed before the beginning of a response.
    #[error("connection closed without a response")]
    Closed,
    #[error("timed out after {}", humantime::format_duration(*.0))]
    TimedOut(Duration),
    #[error("no response: {0}")]
    Other(String),
    /// The connection was closed, or broke the protocol, before the end of a response.
    #[error("response is incomplete: {0}")]
    Incomplete(String),
}

impl SendError {
    /// Returns the reason why the end of a response is missing.
    pub(super) fn incomplete(error: hyper::Error) -> Self {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        Self::Incomplete(source.unwrap_or_else(|| error.to_string()))
    }
}

impl From<hyper::Error> for SendError {
    fn from(error: hyper::Error) -> Self {
        let is_reset = std::error::Error::source(&error)
            .and_then(|source| source.downcast_ref::<io::Error>())
            .is_some_and(|error| matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe));
        if error.is_incomplete_message() || error.is_canceled() || error.is_closed() || is_reset {
            Self::Closed
        } else {
            Self::Other(error.to_string())
        }
    }
}

impl HttpConnection {
    pub(super) async fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Self, SendError> {
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Ends with the sender, or when the endpoint closes the connection; the request then fails.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self(sender))
    }

    pub(super) async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, SendError> {
        self.0.ready().await?;
        Ok(self.0.send_request(request).await?)
    }
}

impl Connections {
    pub(super) fn new(url: HandlerUrl) -> Self {
        Self {
            url,
            idle: Mutex::default(),
            is_ready: AtomicBool::new(false),
            became_ready: Notify::new(),
            trying: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.is_ready.load(Relaxed)
    }

    /// Takes a connection that is idle and was not closed, the one used last first.
    pub(super) fn take(&self) -> Option<HttpConnection> {
        let mut idle = self.idle();
        std::iter::from_fn(|| idle.pop()).find(|connection| !connection.0.is_closed())
    }

    /// Keeps a connection for the next request.
    pub(super) fn keep(&self, connection: HttpConnection) {
        self.idle().push(connection);
    }

    /// Opens a connection, however long the endpoint does not accept one; `None` once `stop` is cancelled.
    pub(super) async fn open(&self, stop: &CancellationToken) -> Option<HttpConnection> {
        stop.run_until_cancelled(self.keep_trying()).await
    }

    async fn keep_trying(&self) -> HttpConnection {
        // Without a queue while all is well.
        if self.is_ready()
            && let Ok(connection) = self.connect().await
        {
            return connection;
        }
        let _turn = self.trying.lock().await;
        let ([mut pause, longest], mut is_logged) = (PAUSES, false);
        loop {
            match self.connect().await {
                Ok(connection) => {
                    if is_logged {
                        tracing::info!(event = "handler_ready", url = %self.url, "handler accepts connections");
                    }
                    if !self.is_ready.swap(true, Relaxed) {
                        self.became_ready.notify_one();
                    }
                    return connection;
                }
                Err(error) => {
                    self.is_ready.store(false, Relaxed);
                    if !is_logged {
                        tracing::warn!(event = "handler_not_ready", url = %self.url, %error, "cannot connect to the handler, waiting for it");
                    }
                    is_logged = true;
                }
            }
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(longest);
        }
    }

    async fn connect(&self) -> io::Result<HttpConnection> {
        let connect = async {
            let connection = match &self.url.address {
                Address::Tcp { host, port } => {
                    let stream = TcpStream::connect((host.as_str(), *port)).await?;
                    stream.set_nodelay(true)?;
                    HttpConnection::over(stream).await
                }
                Address::Unix { path } => HttpConnection::over(UnixStream::connect(path).await?).await,
            };
            connection.map_err(io::Error::other)
        };
        tokio::time::timeout(CONNECT_TIMEOUT, connect).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<HttpConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
