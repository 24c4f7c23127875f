//! Errors of the sandbox, with their hints.

use std::io;

/// Failure to start the private Redis.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SandboxError {
    /// No server program in `PATH`.
    #[error("`valkey-server` or `redis-server` not found in PATH")]
    NoServer,
    /// The folder cannot be created.
    #[error("cannot create a folder in `{}`", std::env::temp_dir().display())]
    NoFolder(#[source] io::Error),
    /// The supervisor did not start.
    #[error("cannot start the supervisor of the demo")]
    NoSupervisor(#[source] io::Error),
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
            Self::NoFolder(_) => "set TMPDIR to a folder that can be written to",
            Self::NoSupervisor(_) => "raise the limits of processes and open files (ulimit -u, ulimit -n)",
            Self::ServerFailed { .. } => "use a running server: qscale demo --redis URL",
        }
    }
}
