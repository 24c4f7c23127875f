//! What runs on this machine for a demonstration: a Redis of its own, and qscale processes.

mod process;
mod server;

pub(crate) use process::{Process, RedisAt};
pub(crate) use server::Server;

/// What keeps a demonstration from starting.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LocalError {
    /// Neither server is on the path.
    #[error("there is no `valkey-server` and no `redis-server` on the path")]
    NoServer,
    /// The server did not come up.
    #[error("`{program}` did not start: {reason}")]
    ServerFailed {
        /// Which one.
        program: String,
        /// What it said last.
        reason: String,
    },
}

impl LocalError {
    /// The way out.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::NoServer => {
                "install one:\n  \
                 Debian, Ubuntu:  apt install redis-server\n  \
                 Fedora, RHEL:    dnf install valkey\n  \
                 macOS:           brew install valkey\n  \
                 or start one:    docker run --rm -p 6379:6379 valkey/valkey\n                   \
                 and point to it: qscale demo --redis redis://localhost:6379"
            }
            Self::ServerFailed { .. } => "qscale demo --redis URL uses a server that runs already",
        }
    }
}
