//! The client of the API: GET requests over connections that are kept.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ACCEPT, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;

use super::dial::Dial;
use super::events::Events;
use super::kubeconfig::UserEntry;
use super::login;
use super::request_error::{ApiStatus, RequestError};

/// Name and version that the API server's audit log shows.
const NAME: &str = concat!("qscale/", env!("CARGO_PKG_VERSION"));

/// Characters of a body that is no object of Kubernetes, as they are shown.
const SHOWN: usize = 200;

/// Client of one API server, for one user.
#[derive(Clone)]
pub(super) struct ApiClient(Arc<ApiConnections>);

type Sender = SendRequest<Empty<Bytes>>;

struct ApiConnections {
    address: Uri,
    user: UserEntry,
    dial: Dial,
    /// Connections that no request uses.
    idle: Mutex<Vec<Sender>>,
}

impl ApiClient {
    pub(super) fn new(address: Uri, user: UserEntry, dial: Dial) -> Self {
        Self(Arc::new(ApiConnections { address, user, dial, idle: Mutex::default() }))
    }

    /// Returns the object or list at a path of the API, with its query.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, RequestError> {
        let (response, sender) = self.send(path).await?;
        let body = self.success(response, sender).await?;
        serde_json::from_slice(&body).map_err(|error| RequestError::Unexpected(error.to_string()))
    }

    /// Begins to watch what is at a path of the API, with its query.
    pub(super) async fn watch(&self, path: &str) -> Result<Events, RequestError> {
        let (response, sender) = self.send(path).await?;
        if response.status().is_success() {
            return Ok(Events::new(response.into_body(), sender));
        }
        let body = self.success(response, sender).await?;
        Err(RequestError::Unexpected(beginning(&body)))
    }

    /// Sends a request over a connection that is idle or new, and waits for the head of its response.
    async fn send(&self, path: &str) -> Result<(Response<Incoming>, Sender), RequestError> {
        let request = self.request(path).await?;
        if let Some(mut sender) = self.take() {
            // One that fails was closed by the server meanwhile.
            if let Ok(response) = sender.send_request(request.clone()).await {
                return Ok((response, sender));
            }
        }
        let (mut sender, connection) = handshake(TokioIo::new((self.0.dial)().await?)).await?;
        // Ends with the sender, or when the server closes the connection.
        tokio::spawn(async move { drop(connection.await) });
        Ok((sender.send_request(request).await?, sender))
    }

    async fn request(&self, path: &str) -> Result<Request<Empty<Bytes>>, RequestError> {
        let address = &self.0.address;
        let base = address.path().trim_end_matches('/');
        let host = address.authority().map_or("", |authority| authority.as_str());
        let request = Request::get(format!("{base}{path}")).header(HOST, host).header(USER_AGENT, NAME);
        let request = request.header(ACCEPT, HeaderValue::from_static("application/json"));
        let mut request =
            request.body(Empty::new()).map_err(|error| RequestError::Configuration(format!("{path}: {error}")))?;
        login::headers(&self.0.user, request.headers_mut()).await?;
        Ok(request)
    }

    /// Returns the body of a response, and keeps its connection for the next request.
    async fn success(&self, response: Response<Incoming>, sender: Sender) -> Result<Bytes, RequestError> {
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        if status.is_success() { Ok(body) } else { Err(RequestError::Refused(refusal(status, &body))) }
    }

    /// Takes a connection that is idle and was not closed, the one used last first.
    fn take(&self) -> Option<Sender> {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| idle.pop()).find(SendRequest::is_ready)
    }
}

/// Returns the refusal in a body, which any web server may have sent.
fn refusal(code: StatusCode, body: &[u8]) -> ApiStatus {
    let status = serde_json::from_slice::<ApiStatus>(body).ok().filter(|status| !status.message.is_empty());
    let status = status.unwrap_or_else(|| ApiStatus { message: beginning(body), ..ApiStatus::default() });
    ApiStatus { code: code.as_u16(), ..status }
}

/// Returns the beginning of a body as text.
fn beginning(body: &[u8]) -> String {
    String::from_utf8_lossy(body).trim().chars().take(SHOWN).collect()
}
