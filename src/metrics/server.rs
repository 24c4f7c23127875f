//! HTTP server of the metrics.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use super::recorder::Metrics;
use super::registry::RedisStatus;

/// Content type of OpenMetrics text.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves `metrics` at `http://ADDRESS/metrics` until the process exits; returns the bound address.
///
/// `status` is called at every scrape. It may take a while but must return.
///
/// # Errors
///
/// Fails when the address cannot be bound.
pub(crate) async fn serve<S, F>(address: SocketAddr, metrics: Metrics, status: S) -> io::Result<SocketAddr>
where
    S: Fn() -> F + Clone + Send + Sync + 'static,
    F: Future<Output = RedisStatus> + Send,
{
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let scrape = move || {
        let (metrics, status) = (metrics.clone(), status.clone());
        async move {
            match metrics.text(status().await) {
                Ok(text) => ([(CONTENT_TYPE, OPENMETRICS)], text).into_response(),
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        }
    };
    let router = Router::new().route("/metrics", get(scrape));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "metrics server stopped");
        }
    });
    Ok(address)
}
