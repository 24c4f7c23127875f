//! Errors of the sandbox, with their hints.

/// Failure to start the private Redis.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SandboxError {
    /// No server program in `PATH`.
    #[error("`valkey-server` or `redis-server` not found in PATH")]
    NoServer,
    /// The server did not start to listen.
    #[error("cannot start `{program}`: {reason}")]
    ServerFailed {
        /// Name of the program.
        program: String,
        /// Last line of its log.
        reason: String,
    },
}

impl SandboxError {
    /// Returns the hint shown below the error.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::NoServer => {
                "install a server:\n  \
                 Debian, Ubuntu:  apt install redis-server\n  \
                 Fedora, RHEL:    dnf install valkey\n  \
                 macOS:           brew install valkey\n\
                 or start one in a container:\n  \
                 docker run --rm -p 6379:6379 valkey/valkey\n  \
                 qscale demo --redis redis://localhost:6379"
            }
            Self::ServerFailed { .. } => "use a running server: qscale demo --redis URL",
        }
    }
}
