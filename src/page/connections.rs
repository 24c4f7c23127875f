//! Connections of the page: so many at a time, and none that sends nothing for long.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

/// Maximum number of open connections: the run itself needs file descriptors, too. Others wait for one that ends.
const MAX_CONNECTIONS: usize = 64;

/// Time within which a connection has to send a request, the first and each after it.
const HEAD_TIMEOUT: Duration = Duration::from_secs(3);

/// Pause after a connection could not be accepted, for want of descriptors, for example.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Accepts connections, and answers their requests.
pub(super) async fn accept(listener: TcpListener, router: Router) {
    let free = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    while let Ok(permit) = Arc::clone(&free).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(answer(stream, router.clone(), permit))),
            Err(error) => {
                tracing::debug!(%error, "cannot accept connections for the page, retrying");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn answer(stream: TcpStream, router: Router, _permit: OwnedSemaphorePermit) {
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    // A client that breaks off, or sends nothing, is no concern of the run.
    let _ = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).await;
}
