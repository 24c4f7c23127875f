//! HTTP server of the metrics.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, getrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// Content type of OpenMetrics text.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Time limit of a request and its response, together.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum number of open connections.
const MAX_CONNECTIONS: usize = 32;

/// Share of the file descriptors that connections may take up: the consumer itself needs some per item in flight.
const DESCRIPTOR_SHARE: u64 = 8;

/// Pause after a connection could not be accepted, for want of descriptors, for example.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Minimum time between two log lines about it.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Serves metrics at `http://ADDRESS/metrics` until the process exits; returns the bound address.
///
/// `scrape` makes the OpenMetrics text of each request. It may take a while but must return.
///
/// # Errors
///
/// Fails when the address cannot be bound.
pub(crate) async fn serve<S, F>(address: SocketAddr, scrape: S) -> io::Result<SocketAddr>
where
    S: Fn() -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<String, fmt::Error>> + Send,
{
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let scrape = move || {
        let scrape = scrape.clone();
        async move {
            match scrape().await {
                Ok(text) => ([(CONTENT_TYPE, OPENMETRICS)], text).into_response(),
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        }
    };
    let router = Router::new().route("/metrics", get(scrape));
    tokio::spawn(accept(listener, router, max_connections()));
    Ok(address)
}

/// Returns the maximum number of open connections: less where file descriptors are scarce.
fn max_connections() -> usize {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(descriptors / DESCRIPTOR_SHARE).unwrap_or(usize::MAX).clamp(1, MAX_CONNECTIONS)
}

/// Accepts connections. One too many closes the oldest, so that clients that send nothing never keep out one that does.
async fn accept(listener: TcpListener, router: Router, max: usize) {
    let mut open = VecDeque::<JoinHandle<()>>::new();
    let mut logged: Option<Instant> = None;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                open.retain(|connection| !connection.is_finished());
                if open.len() >= max
                    && let Some(oldest) = open.pop_front()
                {
                    oldest.abort();
                    // Until its descriptor is free.
                    let _ = oldest.await;
                }
                open.push_back(tokio::spawn(answer(stream, router.clone())));
            }
            Err(error) => {
                if logged.is_none_or(|last| last.elapsed() >= LOG_INTERVAL) {
                    logged = Some(Instant::now());
                    tracing::warn!(%error, "cannot accept connections for metrics, retrying");
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Answers one request.
async fn answer(stream: TcpStream, router: Router) {
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service);
    // A client that breaks off, or takes too long, is no concern of the run.
    let _ = timeout(REQUEST_TIMEOUT, connection).await;
}
