//! Processing of items over HTTP: each is posted to an endpoint, and the status of the response is its outcome.

mod connections;
mod request;
mod response;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use self::connections::{Connections, SendError};
use self::response::HttpReply;
use super::{Assignment, BatchOutcome, Disposition, TimeLimit};
use crate::delivery::status_map::StatusMap;
use crate::endpoint::HandlerUrl;

/// Endpoint that items are posted to.
///
/// The body is the item, byte for byte; headers describe it as a CloudEvent in binary mode. Connections are kept, no redirect
/// is followed, and no other host is connected to.
#[derive(Debug, Clone)]
pub(crate) struct HttpSpec {
    pub(crate) url: HandlerUrl,
    /// Time limit of a response, body included.
    pub(crate) limit: TimeLimit,
    /// Meaning of the statuses of responses.
    pub(crate) statuses: StatusMap,
    /// Field of a JSON item with its creation time.
    pub(crate) stamp_field: Option<String>,
}

/// Handler over HTTP.
#[derive(Debug)]
pub(super) struct HttpHandler {
    spec: HttpSpec,
    connections: Arc<Connections>,
    /// Cancelled when no item is to be begun: then the endpoint is not waited for.
    stop: CancellationToken,
    /// Connects for the first time, so that no item is claimed before the endpoint is there.
    _first: AbortOnDropHandle<()>,
}

impl HttpHandler {
    pub(super) fn start(spec: HttpSpec, stop: &CancellationToken) -> Self {
        let connections = Arc::new(Connections::new(spec.url.clone()));
        let (first, stopped) = (Arc::clone(&connections), stop.clone());
        let first = tokio::spawn(async move {
            if let Some(connection) = first.open(&stopped).await {
                first.keep(connection);
            }
        });
        Self { spec, connections, stop: stop.clone(), _first: AbortOnDropHandle::new(first) }
    }

    /// Returns true unless the endpoint does not accept connections.
    pub(super) fn is_ready(&self) -> bool {
        self.connections.is_ready()
    }

    /// Notified when the endpoint accepts connections again.
    pub(super) fn ready(&self) -> &Notify {
        &self.connections.became_ready
    }

    /// Posts an item until there is a response. Waits while the endpoint does not accept connections: no attempt is spent.
    pub(super) async fn process(&self, assignment: &Assignment, abort: &CancellationToken) -> Disposition {
        let request = || request::post(&self.spec.url, assignment, self.spec.stamp_field.as_deref());
        match self.post(request, 1, self.spec.limit.of(&assignment.item), abort).await {
            Ok(reply) => reply.disposition(&self.spec.statuses),
            Err(disposition) => disposition,
        }
    }

    /// Posts several items together, until there is a response.
    pub(super) async fn process_batch(&self, batch: &[Assignment], abort: &CancellationToken) -> BatchOutcome {
        let request = || request::post_batch(&self.spec.url, batch, self.spec.stamp_field.as_deref());
        match self.post(request, batch.len(), self.spec.limit.longest, abort).await {
            Ok(reply) => reply.batch_outcome(batch, &self.spec.statuses),
            Err(disposition) => BatchOutcome::All(disposition),
        }
    }

    /// Sends a request with `items` for a response: it is made anew for each connection.
    ///
    /// An endpoint closes connections that are idle, so that a request over one that was kept is sent again where there is no
    /// response: once, and over a new connection. It may be the item that ends the endpoint, and each of its processes may
    /// have a connection that is kept.
    async fn post(
        &self,
        request: impl Fn() -> Result<Request<Full<Bytes>>, String>,
        items: usize,
        limit: Option<Duration>,
        abort: &CancellationToken,
    ) -> Result<HttpReply, Disposition> {
        let mut kept = self.connections.take();
        loop {
            let request = request().map_err(Disposition::dead_letter)?;
            let is_kept = kept.is_some();
            let connection = match kept.take() {
                Some(connection) => connection,
                None => match self.connections.open(&self.stop).await {
                    Some(connection) => connection,
                    None => return Err(Disposition::Interrupted),
                },
            };
            let exchange = self.exchange(connection, request, items, limit);
            let Some(reply) = abort.run_until_cancelled(exchange).await else { return Err(Disposition::Interrupted) };
            match reply {
                Err(SendError::Closed) if is_kept => {}
                Err(error) => return Err(Disposition::fail(error.to_string(), Vec::new())),
                Ok(reply) => return Ok(reply),
            }
        }
    }

    async fn exchange(
        &self,
        mut connection: connections::HttpConnection,
        request: Request<Full<Bytes>>,
        items: usize,
        limit: Option<Duration>,
    ) -> Result<HttpReply, SendError> {
        let exchange = async {
            let response = connection.send(request).await?;
            let (reply, is_whole) = response::read(response, items).await?;
            if is_whole {
                self.connections.keep(connection);
            }
            Ok(reply)
        };
        match limit {
            None => exchange.await,
            Some(limit) => tokio::time::timeout(limit, exchange).await.unwrap_or(Err(SendError::TimedOut(limit))),
        }
    }
}
