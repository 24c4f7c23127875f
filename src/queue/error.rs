//! Errors of Redis, by what can be done about them.

use std::fmt;
use std::time::Duration;

use super::foreign_key::ForeignKey;
use super::sentinel_fault::SentinelFault;
use crate::units::{counted, millis};

/// Error of an operation on Redis.
#[derive(Debug, thiserror::Error)]
#[error("cannot use Redis at {endpoint}: {fault}")]
pub struct QueueError {
    /// Address, without the password.
    pub endpoint: String,
    /// Cause.
    pub fault: Fault,
}

impl QueueError {
    /// Returns what to do about it.
    pub fn hint(&self) -> String {
        self.fault.hint()
    }

    /// Returns true if a file that the settings name cannot be used, and nothing was asked of Redis.
    pub fn is_of_settings(&self) -> bool {
        matches!(self.fault, Fault::File { .. })
    }

    /// Returns true if the operation was only cancelled.
    pub fn is_stop(&self) -> bool {
        self.fault == Fault::Stopped
    }
}

/// Cause of an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The host name cannot be resolved.
    UnknownHost(String),
    /// No server listens on the port.
    ConnectionRefused,
    /// The Unix socket does not exist.
    NoSocket,
    /// There was no reply in time.
    TimedOut(Duration),
    /// The connection ended, for another reason than those below.
    ConnectionLost(String),
    /// The server requires TLS.
    TlsRequired,
    /// The server does not support TLS.
    TlsUnsupported,
    /// The certificate's issuer is not trusted.
    UnknownIssuer,
    /// The certificate is valid for other names.
    NameMismatch {
        /// Name that was expected.
        expected: String,
        /// Names in the certificate.
        presented: Vec<String>,
    },
    /// The certificate has expired.
    CertificateExpired,
    /// The certificate is not valid yet, by the clock of this machine.
    CertificateNotYetValid,
    /// The server requires a client certificate.
    ClientCertificateRequired,
    /// TLS failed for another reason.
    Tls(String),
    /// A certificate, key or password file cannot be used.
    File {
        /// Path of the file.
        path: String,
        /// Reason.
        reason: String,
    },
    /// User or password is wrong; Redis does not tell which.
    WrongPassword {
        /// User.
        user: String,
    },
    /// The same, and the password begins or ends with white space, as none does on purpose.
    PaddedPassword {
        /// User.
        user: String,
    },
    /// The server requires a password.
    PasswordRequired,
    /// The user lacks a permission.
    NotPermitted {
        /// User.
        user: String,
        /// Missing permission.
        permission: Permission,
    },
    /// A sentinel names no master.
    Sentinel(SentinelFault),
    /// The server is loading its data from disk.
    Loading,
    /// The key holds another type.
    WrongType {
        /// Key.
        key: String,
    },
    /// Another program has written a companion key of the list.
    Foreign(ForeignKey),
    /// The database number is out of range.
    NoSuchDatabase(u8),
    /// The server has reached its memory limit.
    OutOfMemory,
    /// Too few replicas are in sync with the server.
    TooFewReplicas,
    /// The server cannot save its data to disk.
    CannotPersist,
    /// The server is busy running a script.
    BusyScript,
    /// The server has reached its limit of clients.
    TooManyClients,
    /// Part of the cluster is down.
    ClusterDown,
    /// A node of the cluster cannot be reached, other than the one that errors name.
    OfNode {
        /// Its address.
        node: String,
        /// Cause.
        fault: Box<Fault>,
    },
    /// The list is on another node of the cluster, or is being moved there.
    Moved,
    /// The server is a node of a cluster, and the mode is not.
    ClusterNode,
    /// The server is not part of a cluster, and the mode is.
    NotACluster,
    /// The server is a replica.
    ReadOnly,
    /// The server, or a proxy in front of it, does not know a command.
    UnknownCommand(String),
    /// The server is too old for at-least-once delivery.
    TooOld(String),
    /// The reply to a push was lost, and without a script its outcome cannot be determined.
    PushUncertain {
        /// Number of items in the batch.
        items: u64,
    },
    /// Items were pushed, and too few replicas have confirmed that they hold them.
    NotReplicated {
        /// Number of replicas that have.
        confirmed: u64,
        /// Number that was asked for.
        wanted: u64,
        /// Time that they had.
        within: Duration,
    },
    /// The server does not have the script.
    NoScript,
    /// A batch before this one is missing.
    MissingBatch,
    /// Cancelled while there was no connection.
    Stopped,
    /// The command, its arguments or the server's settings are wrong, as Redis words it.
    Rejected(String),
    /// The server does not speak the protocol of Redis: the beginning of its reply.
    NotRedis(String),
    /// The server answers in the protocol of Redis, and not as Redis does.
    UnlikeRedis(String),
    /// Any other error, as Redis or a proxy words it.
    Other(String),
}

/// Permission of a Redis user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// To run a command.
    Command(String),
    /// To run a command that a script calls, which Redis before 7 does not name.
    CommandOfScript,
    /// To access a key.
    Key(String),
    /// To access the keys that match a pattern.
    Keys(String),
    /// Any other, as Redis words it.
    Other(String),
}

/// Name of a password file whose path is not shown.
pub(super) const PASSWORD_FILE: &str = "password-file";

/// Returns whether a connection was lost, or never made, because there is no route to the server.
pub(super) fn is_no_route(reason: &str) -> bool {
    reason.contains("No route to host") || reason.contains("unreachable")
}

impl Fault {
    /// Returns the fault of a connection that the server, or something on the way to it, has closed.
    pub(super) fn closed() -> Self {
        Self::ConnectionLost("closed by the server".to_owned())
    }
}

/// Rounds a time limit, which may have been computed, to what is worth reading.
fn rounded(limit: Duration) -> Duration {
    let step = if limit < Duration::from_secs(1) { 1 } else { 100 };
    Duration::from_millis(millis(limit).saturating_add(step / 2) / step * step)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownHost(host) => write!(f, "cannot resolve host `{host}`"),
            Self::ConnectionRefused => f.write_str("connection refused"),
            Self::NoSocket => f.write_str("no such socket"),
            Self::TimedOut(after) => write!(f, "no reply within {}", humantime::format_duration(rounded(*after))),
            // There was none yet.
            Self::ConnectionLost(reason) if is_no_route(reason) => f.write_str(reason),
            Self::ConnectionLost(reason) => write!(f, "connection lost ({reason})"),
            Self::TlsRequired => f.write_str("the server requires TLS"),
            Self::TlsUnsupported => f.write_str("the server does not support TLS"),
            Self::UnknownIssuer => f.write_str("the server's certificate is signed by an unknown authority"),
            Self::NameMismatch { expected, presented } => {
                write!(f, "the server's certificate is valid for {}, not for `{expected}`", presented.join(", "))
            }
            Self::CertificateExpired => f.write_str("the server's certificate has expired"),
            Self::CertificateNotYetValid => f.write_str("the server's certificate is not valid yet"),
            Self::ClientCertificateRequired => f.write_str("the server requires a client certificate"),
            Self::Tls(reason) => write!(f, "TLS failed: {reason}"),
            Self::File { path, reason } => write!(f, "cannot read `{path}`: {reason}"),
            Self::WrongPassword { user } => write!(
                f,
                "authentication as user `{user}` failed: the user does not exist or is disabled, or the password is wrong \
                 (WRONGPASS)"
            ),
            Self::PaddedPassword { user } => write!(
                f,
                "authentication as user `{user}` failed: the password begins or ends with white space (WRONGPASS)"
            ),
            Self::PasswordRequired => f.write_str("the server requires a password (NOAUTH)"),
            Self::NotPermitted { user, permission } => write!(f, "user `{user}` may not use {permission} (NOPERM)"),
            Self::Sentinel(fault) => fault.fmt(f),
            Self::Loading => f.write_str("the server is loading its data from disk (LOADING)"),
            Self::WrongType { key } => write!(f, "the key `{key}` is not a list (WRONGTYPE)"),
            Self::Foreign(foreign) => foreign.fmt(f),
            Self::NoSuchDatabase(db) => write!(f, "database {db} does not exist"),
            Self::OutOfMemory => f.write_str("the server is out of memory (OOM)"),
            Self::TooFewReplicas => f.write_str("the server has too few replicas in sync (NOREPLICAS)"),
            Self::CannotPersist => f.write_str("the server cannot save its data to disk (MISCONF)"),
            Self::BusyScript => f.write_str("the server is busy running a script (BUSY)"),
            Self::TooManyClients => f.write_str("the server has reached its limit of clients (maxclients)"),
            Self::ClusterDown => f.write_str("part of the cluster is down (CLUSTERDOWN)"),
            Self::OfNode { node, fault } => write!(f, "node {node}: {fault}"),
            Self::Moved => f.write_str("the list has moved to another node"),
            Self::ClusterNode => {
                f.write_str("the server is a node of a cluster, and the list is on another one (MOVED)")
            }
            Self::NotACluster => f.write_str("the server is not part of a cluster"),
            Self::ReadOnly => f.write_str("the server is read-only (READONLY)"),
            Self::UnknownCommand(command) => write!(f, "the server does not know the command {command}"),
            Self::TooOld(version) => write!(f, "Redis {version} is too old for at-least-once delivery"),
            Self::PushUncertain { items } => write!(
                f,
                "the reply to a push of {} was lost: the push may or may not have succeeded, and is not repeated",
                counted(*items, "item", "items")
            ),
            Self::NotReplicated { confirmed, wanted, within } => write!(
                f,
                "{confirmed} of {} confirmed the last items within {}: they are on the primary, and a failover may lose them",
                counted(*wanted, "replica", "replicas"),
                humantime::format_duration(*within)
            ),
            Self::NoScript => f.write_str("the server does not have the script (NOSCRIPT)"),
            Self::MissingBatch => f.write_str("an earlier batch is missing (GAP)"),
            Self::Stopped => f.write_str("stopped while disconnected"),
            Self::NotRedis(reply) => write!(f, "the server does not speak the protocol of Redis: `{reply}`"),
            Self::UnlikeRedis(what) => write!(f, "the server does not answer as Redis does: {what}"),
            Self::Rejected(text) | Self::Other(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(command) => write!(f, "the command `{command}`"),
            Self::CommandOfScript => f.write_str("a command that a script calls"),
            Self::Key(key) => write!(f, "the key `{key}`"),
            Self::Keys(pattern) => write!(f, "the keys `{pattern}`"),
            Self::Other(text) => f.write_str(text),
        }
    }
}
