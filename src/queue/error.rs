//! Errors of Redis, by what can be done about them.

use std::fmt;
use std::time::Duration;

use fred::error::{Error as FredError, ErrorKind};

use crate::units::counted;

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
    /// The certificate has expired or is not yet valid.
    CertificateExpired,
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
    /// The server requires a password.
    PasswordRequired,
    /// The user lacks a permission.
    NotPermitted {
        /// User.
        user: String,
        /// Missing permission.
        permission: Permission,
    },
    /// The server is loading its data from disk.
    Loading,
    /// The key holds another type.
    WrongType {
        /// Key.
        key: String,
    },
    /// The database number is out of range.
    NoSuchDatabase(u8),
    /// The server has reached its memory limit.
    OutOfMemory,
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
    /// The server does not have the script.
    NoScript,
    /// A batch before this one is missing.
    MissingBatch,
    /// Cancelled while there was no connection.
    Stopped,
    /// Any other error, as Redis words it.
    Other(String),
}

/// Permission of a Redis user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// To run a command.
    Command(String),
    /// To access a key.
    Key(String),
    /// To access the keys that match a pattern.
    Keys(String),
    /// Any other, as Redis words it.
    Other(String),
}

/// Beginnings of errors after a cluster has moved a key to another node, in the words of Redis and of the client, which may
/// send a command only once. A new client asks where the key is.
const MOVED: [&str; 5] = ["MOVED ", "ASK ", "TRYAGAIN", "Too many failed write attempts", "Max attempts reached"];

impl Fault {
    /// Translates the error of a command on `key`.
    pub(super) fn of(error: &FredError, user: &str, key: &str) -> Self {
        let text = error.details();
        // Before Redis 7, errors of commands inside scripts are embedded in a sentence.
        let says = |code: &str| text.contains(code);
        let not_permitted = |permission| Self::NotPermitted { user: user.to_owned(), permission };
        match error.kind() {
            _ if says("WRONGPASS") => Self::WrongPassword { user: user.to_owned() },
            _ if says("NOAUTH") => Self::PasswordRequired,
            _ if says("NOPERM") => not_permitted(Permission::of(text, key)),
            _ if says("LOADING") => Self::Loading,
            _ if says("WRONGTYPE") => Self::WrongType { key: key.to_owned() },
            _ if says("OOM command not allowed") => Self::OutOfMemory,
            _ if says("READONLY") => Self::ReadOnly,
            _ if says("can't access at least one of the keys") => not_permitted(Permission::Key(key.to_owned())),
            _ if says("unknown command") => Self::UnknownCommand(quoted(text).unwrap_or("?").to_owned()),
            ErrorKind::IO | ErrorKind::Canceled | ErrorKind::Timeout | ErrorKind::Protocol | ErrorKind::Tls => {
                Self::ConnectionLost(io_message(text).to_owned())
            }
            // Replies to a blocked command when the server becomes a replica, and during a failover.
            _ if says("UNBLOCKED") || says("MASTERDOWN") || says("CLUSTERDOWN") => {
                Self::ConnectionLost(text.to_owned())
            }
            _ if MOVED.iter().any(|beginning| text.starts_with(beginning)) => {
                Self::ConnectionLost("the list has moved to another node".to_owned())
            }
            _ if says("NOSCRIPT") => Self::NoScript,
            _ if says("GAP") => Self::MissingBatch,
            _ => Self::Other(text.to_owned()),
        }
    }

    /// Returns true if the same command may succeed on a new connection.
    pub(super) fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::UnknownHost(_)
                | Self::ConnectionRefused
                | Self::NoSocket
                | Self::TimedOut(_)
                | Self::ConnectionLost(_)
                | Self::Loading
                | Self::ReadOnly
        )
    }

    fn hint(&self) -> String {
        let hint = match self {
            Self::UnknownHost(_) => {
                "check the host name; in Kubernetes, a Service in another namespace is SERVICE.NAMESPACE"
            }
            Self::ConnectionRefused => {
                "check that Redis is running, and its host and port (--redis, REDIS_URL, REDIS_HOST, REDIS_PORT)"
            }
            Self::NoSocket => "check that Redis is running with `unixsocket` set to this path",
            Self::TimedOut(_) => "check firewalls and network policies, or wait longer with --connect-timeout",
            Self::ConnectionLost(_) => "check the server's log, or reconnect for longer with --reconnect-for",
            Self::TlsRequired => "use a rediss:// URL, --tls or REDIS_TLS=true",
            Self::TlsUnsupported => "use a redis:// URL, or remove --tls and REDIS_TLS",
            Self::UnknownIssuer => "set the CA certificate with --tls-ca FILE",
            Self::NameMismatch { .. } => {
                "connect by a name in the certificate, or set the expected name with --tls-server-name"
            }
            Self::CertificateExpired => "renew the server's certificate, or set this machine's clock",
            Self::ClientCertificateRequired => "set one with --tls-cert FILE and --tls-key FILE",
            Self::Tls(_) => "compare with `openssl s_client -connect HOST:PORT`",
            Self::File { .. } => "check the path and the permissions of the file",
            Self::WrongPassword { user } => {
                return format!(
                    "check REDIS_USERNAME and REDIS_PASSWORD (or --password-file, or the URL); on the server, \
                     `ACL GETUSER {user}` shows the user"
                );
            }
            Self::PasswordRequired => "set REDIS_PASSWORD or --password-file FILE",
            Self::NotPermitted { user, permission } => {
                return match permission.acl_rule() {
                    Some(rule) => format!("on the server: ACL SETUSER {user} {rule}"),
                    None => format!("on the server, `ACL GETUSER {user}` shows the user's permissions"),
                };
            }
            Self::Loading => "wait until the server has loaded its data, then try again",
            Self::WrongType { key } => {
                return format!("choose another list (--list, LIST_NAME); `TYPE {key}` shows the type of this key");
            }
            Self::NoSuchDatabase(_) => {
                "a server has databases 0 to 15 unless `databases` sets another number; a cluster has only 0"
            }
            Self::OutOfMemory => "raise `maxmemory`, or push with --max-backlog",
            Self::ReadOnly => "connect to the primary: this server is a replica",
            Self::UnknownCommand(_) => "use Redis 5 or newer, without a proxy that filters commands",
            Self::TooOld(_) => {
                "use Redis 6.2 or newer, or any Valkey; or --delivery at-most-once, which needs no newer version"
            }
            Self::PushUncertain { .. } => {
                "permit EVALSHA, SCRIPT and the keys `{LIST}:*`: then every batch is pushed exactly once"
            }
            Self::Stopped => "try again when Redis can be reached",
            Self::NoScript | Self::MissingBatch | Self::Other(_) => "check the server's log",
        };
        hint.to_owned()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownHost(host) => write!(f, "cannot resolve host `{host}`"),
            Self::ConnectionRefused => f.write_str("connection refused"),
            Self::NoSocket => f.write_str("no such socket"),
            Self::TimedOut(after) => write!(f, "no reply within {}", humantime::format_duration(*after)),
            Self::ConnectionLost(reason) => write!(f, "connection lost ({reason})"),
            Self::TlsRequired => f.write_str("the server requires TLS"),
            Self::TlsUnsupported => f.write_str("the server does not support TLS"),
            Self::UnknownIssuer => f.write_str("the server's certificate is signed by an unknown authority"),
            Self::NameMismatch { expected, presented } => {
                write!(f, "the server's certificate is valid for {}, not for `{expected}`", presented.join(", "))
            }
            Self::CertificateExpired => f.write_str("the server's certificate has expired or is not yet valid"),
            Self::ClientCertificateRequired => f.write_str("the server requires a client certificate"),
            Self::Tls(reason) => write!(f, "TLS failed: {reason}"),
            Self::File { path, reason } => write!(f, "cannot read `{path}`: {reason}"),
            Self::WrongPassword { user } => write!(
                f,
                "authentication as user `{user}` failed: the user does not exist or is disabled, or the password is wrong \
                 (WRONGPASS)"
            ),
            Self::PasswordRequired => f.write_str("the server requires a password (NOAUTH)"),
            Self::NotPermitted { user, permission } => write!(f, "user `{user}` may not use {permission} (NOPERM)"),
            Self::Loading => f.write_str("the server is loading its data from disk (LOADING)"),
            Self::WrongType { key } => write!(f, "the key `{key}` is not a list (WRONGTYPE)"),
            Self::NoSuchDatabase(db) => write!(f, "database {db} does not exist"),
            Self::OutOfMemory => f.write_str("the server is out of memory (OOM)"),
            Self::ReadOnly => f.write_str("the server is read-only (READONLY)"),
            Self::UnknownCommand(command) => write!(f, "the server does not know the command {command}"),
            Self::TooOld(version) => write!(f, "Redis {version} is too old for at-least-once delivery"),
            Self::PushUncertain { items } => write!(
                f,
                "the reply to a push of {} was lost: the push may or may not have succeeded, and is not repeated",
                counted(*items, "item", "items")
            ),
            Self::NoScript => f.write_str("the server does not have the script (NOSCRIPT)"),
            Self::MissingBatch => f.write_str("an earlier batch is missing (GAP)"),
            Self::Stopped => f.write_str("stopped while disconnected"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl Permission {
    /// Reads the permission that a NOPERM error of a command on `key` names.
    fn of(text: &str, key: &str) -> Self {
        if let Some(keys) = text.strip_prefix(NO_ACCESS) {
            return Self::Keys(keys.to_owned());
        }
        match quoted(text) {
            Some(command) => Self::Command(command.to_owned()),
            None if text.contains("key") => Self::Key(key.to_owned()),
            None => Self::Other(text.to_owned()),
        }
    }

    /// Returns the ACL rule that grants it, if known.
    fn acl_rule(&self) -> Option<String> {
        match self {
            Self::Command(command) => Some(format!("+{command}")),
            Self::Key(key) | Self::Keys(key) => Some(format!("~{key}")),
            Self::Other(_) => None,
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(command) => write!(f, "the command `{command}`"),
            Self::Key(key) => write!(f, "the key `{key}`"),
            Self::Keys(pattern) => write!(f, "the keys `{pattern}`"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// Words a missing permission for keys as Redis should have.
pub(super) fn no_access_to(keys: &str) -> String {
    format!("{NO_ACCESS}{keys}")
}

const NO_ACCESS: &str = "NOPERM no permissions to access the keys ";

/// Extracts the message from `Os { code: 104, kind: ConnectionReset, message: "Connection reset by peer" }`.
fn io_message(text: &str) -> &str {
    text.split_once("message: \"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or(text)
}

fn quoted(text: &str) -> Option<&str> {
    text.split(['\'', '`']).nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &'static str) -> Fault {
        Fault::of(&FredError::new(ErrorKind::Unknown, text), "app", "mylist")
    }

    #[test]
    fn missing_permission_names_the_command_in_every_version_of_redis() {
        for text in [
            "NOPERM this user has no permissions to run the 'lpush' command",
            "NOPERM User app has no permissions to run the 'lpush' command script: 1f2, on @user_script:3.",
            "ERR Error running script (call to f_1): @user_script:9: NOPERM this user has no permissions to run the \
             'lpush' command",
        ] {
            let fault = fault(text);
            assert!(fault.to_string().contains("may not use the command `lpush`"), "{fault}");
            assert!(fault.hint().ends_with("ACL SETUSER app +lpush"), "{}", fault.hint());
        }
    }

    #[test]
    fn missing_permission_names_the_key() {
        for text in [
            "NOPERM this user has no permissions to access one of the keys used as arguments",
            "NOPERM No permissions to access a key",
        ] {
            let fault = fault(text);
            assert!(fault.to_string().contains("may not use the key `mylist`"), "{fault}");
            assert!(fault.hint().ends_with("ACL SETUSER app ~mylist"), "{}", fault.hint());
        }
    }

    #[test]
    fn io_error_is_reduced_to_its_message() {
        let text = "Os { code: 104, kind: ConnectionReset, message: \"Connection reset by peer\" }";
        let fault = Fault::of(&FredError::new(ErrorKind::IO, text), "app", "mylist");
        assert_eq!(fault.to_string(), "connection lost (Connection reset by peer)");
    }

    #[test]
    fn missing_permission_names_companion_keys_by_their_pattern() {
        let error = FredError::new(ErrorKind::Unknown, no_access_to("{mylist}:*"));
        let fault = Fault::of(&error, "app", "mylist");
        assert!(fault.to_string().contains("may not use the keys `{mylist}:*`"), "{fault}");
        assert!(fault.hint().ends_with("ACL SETUSER app ~{mylist}:*"), "{}", fault.hint());
    }

    #[test]
    fn failover_errors_are_transient() {
        for text in [
            "READONLY You can't write against a read only replica.",
            "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
            "LOADING Redis is loading the dataset in memory",
        ] {
            assert!(fault(text).is_transient(), "{text}");
        }
        assert!(!fault("WRONGTYPE Operation against a key holding the wrong kind of value").is_transient());
    }
}
