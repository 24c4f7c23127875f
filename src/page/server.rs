//! The server of the page: its files, the state, and events.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use color_eyre::eyre::Result;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::sleep;

use super::{PageSender, connections};

/// The page: nothing is loaded from elsewhere, and the browser holds it to that.
const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Maximum number of pages that are open at the same time.
const MAX_PAGES: usize = 32;

/// Time after which a browser connects again.
const RETRY: Duration = Duration::from_secs(2);

/// Least time between two events: a fast replay has more samples than a page can draw.
const PAUSE: Duration = Duration::from_millis(200);

/// State of the server.
#[derive(Clone)]
struct PageServer {
    latest: watch::Receiver<Arc<str>>,
    pages: Arc<Semaphore>,
    /// True if only this machine can connect.
    is_local: bool,
}

/// Serves the page at `http://ADDRESS/` until the process exits; returns the bound address, and what shows a new state.
///
/// # Errors
///
/// Fails when the address cannot be bound.
pub(crate) async fn serve(address: SocketAddr) -> Result<(SocketAddr, PageSender)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let (sender, latest) = watch::channel(Arc::from("null"));
    let server =
        PageServer { latest, pages: Arc::new(Semaphore::new(MAX_PAGES)), is_local: address.ip().is_loopback() };
    let router = Router::new()
        .route("/", get(async || file("text/html; charset=utf-8", PAGE)))
        .route("/page.js", get(async || file("text/javascript; charset=utf-8", SCRIPT)))
        .route("/page.css", get(async || file("text/css; charset=utf-8", STYLE)))
        .route("/state", get(state))
        .route("/events", get(events))
        .layer(from_fn_with_state(server.clone(), guard))
        .with_state(server);
    tokio::spawn(connections::accept(listener, router));
    Ok((address, sender))
}

fn file(content_type: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, content_type)], text).into_response()
}

/// Answers the state once, for scripts.
async fn state(State(server): State<PageServer>) -> Response {
    let state = server.latest.borrow().to_string();
    ([(CONTENT_TYPE, "application/json")], state).into_response()
}

/// Answers the state, and each new one; a slow reader gets fewer.
async fn events(State(server): State<PageServer>) -> Response {
    let Ok(permit) = Arc::clone(&server.pages).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many pages are open").into_response();
    };
    Sse::new(stream(server.latest, permit)).keep_alive(KeepAlive::default()).into_response()
}

fn stream(
    mut latest: watch::Receiver<Arc<str>>,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> {
    latest.mark_changed();
    unfold((latest, permit, Duration::ZERO), async |(mut latest, permit, pause)| {
        sleep(pause).await;
        latest.changed().await.ok()?;
        let state = latest.borrow_and_update().to_string();
        Some((Ok(Event::default().retry(RETRY).data(state)), (latest, permit, PAUSE)))
    })
}

/// Refuses names that are not of this machine, which a page of another site may have been given (DNS rebinding), and adds the
/// headers that keep the page to itself.
async fn guard(State(server): State<PageServer>, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if server.is_local && !is_local_name(host) {
        return (StatusCode::MISDIRECTED_REQUEST, "this page is served to this machine only").into_response();
    }
    let mut response = next.run(request).await;
    let headers = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Returns true if a `Host` header names this machine by itself.
fn is_local_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_are_known() {
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1:8080", "[::1]:8080", "[::1]"] {
            assert!(is_local_name(host), "{host}");
        }
        for host in ["", "example.com", "127.0.0.1.example.com:80", "10.0.0.1", "localhost.example.com"] {
            assert!(!is_local_name(host), "{host}");
        }
    }
}
