//! Reasons why a request to the API server has no result.

use std::error::Error;

use serde::Deserialize;

/// Reason why a request has no result.
#[derive(Debug)]
pub(super) enum RequestError {
    /// The configuration cannot be used.
    Configuration(String),
    /// There are no credentials.
    Unauthorized(String),
    /// No response.
    Unreachable(Box<dyn Error + Send + Sync>),
    /// The API server refused.
    Refused(ApiStatus),
    /// The response is not one of Kubernetes.
    Unexpected(String),
}

/// Refusal of the API server.
#[derive(Debug, Clone, Default, Deserialize, thiserror::Error)]
#[serde(default)]
#[error("status {code}: {message}")]
pub(super) struct ApiStatus {
    pub(super) code: u16,
    pub(super) reason: String,
    pub(super) message: String,
}

impl From<hyper::Error> for RequestError {
    fn from(error: hyper::Error) -> Self {
        Self::Unreachable(error.into())
    }
}
