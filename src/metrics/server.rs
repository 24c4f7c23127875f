//! The figures over HTTP.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use super::Metrics;
use super::figures::Link;

/// What a scraper is told it gets.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves what `metrics` holds at `/metrics` of `address` from now on, as long as the program runs; returns where it is.
///
/// `look` says at every scrape how Redis is doing. It may take its time, but has to come to an end.
///
/// # Errors
///
/// Fails when the address cannot be had.
pub(crate) async fn serve<L, F>(address: SocketAddr, metrics: Metrics, look: L) -> io::Result<SocketAddr>
where
    L: Fn() -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Link> + Send,
{
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let scrape = move || {
        let (metrics, look) = (metrics.clone(), look.clone());
        async move {
            let link = look().await;
            match metrics.0.as_ref().map(|figures| figures.text(link)) {
                Some(Ok(text)) => ([(CONTENT_TYPE, OPENMETRICS)], text).into_response(),
                _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        }
    };
    let router = Router::new().route("/metrics", get(scrape));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!("figures are not served any more: {error}");
        }
    });
    Ok(address)
}
