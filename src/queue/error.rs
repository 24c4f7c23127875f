//! What can go wrong with Redis, told apart by what someone can do about it.

use std::fmt;
use std::time::Duration;

use fred::error::{Error as FredError, ErrorKind};

/// Redis did not do as asked.
#[derive(Debug, thiserror::Error)]
#[error("cannot use Redis at {endpoint}: {fault}")]
pub struct QueueError {
    /// The address, without its password.
    pub endpoint: String,
    /// What happened.
    pub fault: Fault,
}

impl QueueError {
    /// The way out.
    pub fn hint(&self) -> String {
        self.fault.hint()
    }

    /// Whether nothing is wrong but that we were told to stop.
    pub fn is_stop(&self) -> bool {
        self.fault == Fault::Stopped
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The host name means nothing.
    UnknownHost(String),
    /// Nobody listens there.
    ConnectionRefused,
    /// There is no such socket in the file system.
    NoSocket,
    /// No answer in time.
    TimedOut(Duration),
    /// The connection ended, for another reason than those below.
    ConnectionLost(String),
    /// The server speaks TLS and was spoken to in plain.
    ServerWantsTls,
    /// The server speaks plain and was spoken to in TLS.
    ServerIsPlain,
    /// Nobody trusted has signed the certificate.
    UnknownIssuer,
    /// The certificate is for other names.
    WrongName {
        /// The name that was looked for.
        expected: String,
        /// The names the certificate holds.
        presented: Vec<String>,
    },
    /// The certificate's time is over, or has not begun.
    CertificateExpired,
    /// The server wants a certificate of the client.
    ClientCertificateWanted,
    /// TLS fails for another reason.
    Tls(String),
    /// A file that TLS or the password needs cannot be used.
    File {
        /// Its path.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// User or password is wrong; Redis does not say which.
    WrongPassword {
        /// The user.
        user: String,
    },
    /// The server wants a password.
    PasswordWanted,
    /// The user may not do this.
    NotPermitted {
        /// The user.
        user: String,
        /// The command, or what else Redis names.
        what: String,
    },
    /// The server reads its data from disk.
    Loading,
    /// The key holds something else.
    WrongType {
        /// The key.
        key: String,
    },
    /// There is no such database.
    NoSuchDatabase(u8),
    /// The server may not use more memory.
    OutOfMemory,
    /// The server is a replica.
    ReadOnly,
    /// The server, or a proxy before it, does not know a command.
    UnknownCommand(String),
    /// The server is older than at-least-once delivery needs.
    TooOld(String),
    /// The reply to a push was lost, and without scripts nobody can tell whether it took place.
    PushUncertain {
        /// How many items it held.
        items: u64,
    },
    /// Told to stop while there was no connection.
    Stopped,
    /// Something else, in Redis' words.
    Other(String),
}

/// How errors begin where a cluster has given a key to another node, in Redis' words and in those of the client, which may
/// send a command but once: a new one asks where the key is now.
const ELSEWHERE: [&str; 5] = ["MOVED ", "ASK ", "TRYAGAIN", "Too many failed write attempts", "Max attempts reached"];

impl Fault {
    /// Reads the reply or failure of `command` on `key`.
    pub(super) fn of(error: &FredError, user: &str, key: &str) -> Self {
        let text = error.details();
        // Errors of commands inside scripts come wrapped in a sentence before Redis 7.
        let says = |code: &str| text.contains(code);
        match error.kind() {
            _ if says("WRONGPASS") => Self::WrongPassword { user: user.to_owned() },
            _ if says("NOAUTH") => Self::PasswordWanted,
            _ if says("NOPERM") => Self::NotPermitted { user: user.to_owned(), what: not_permitted(text, key) },
            _ if says("LOADING") => Self::Loading,
            _ if says("WRONGTYPE") => Self::WrongType { key: key.to_owned() },
            _ if says("OOM command not allowed") => Self::OutOfMemory,
            _ if says("READONLY") => Self::ReadOnly,
            _ if says("can't access at least one of the keys") => {
                Self::NotPermitted { user: user.to_owned(), what: format!("the key `{key}`") }
            }
            _ if says("unknown command") => Self::UnknownCommand(quoted(text).unwrap_or("?").to_owned()),
            ErrorKind::IO | ErrorKind::Canceled | ErrorKind::Timeout | ErrorKind::Protocol | ErrorKind::Tls => {
                Self::ConnectionLost(plain(text).to_owned())
            }
            // What a blocked pop says when the server turns into a replica, and what failover looks like.
            _ if says("UNBLOCKED") || says("MASTERDOWN") || says("CLUSTERDOWN") => {
                Self::ConnectionLost(text.to_owned())
            }
            _ if ELSEWHERE.iter().any(|says| text.starts_with(says)) => {
                Self::ConnectionLost("the list has moved to another node".to_owned())
            }
            _ => Self::Other(text.to_owned()),
        }
    }

    /// Whether the same command may do better on a new connection.
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
        match self {
            Self::UnknownHost(_) => "check the host's spelling; inside Kubernetes, a Service in another namespace is \
                                     SERVICE.NAMESPACE"
                .to_owned(),
            Self::ConnectionRefused => {
                "is Redis running there? Check host and port (--redis, REDIS_URL, REDIS_HOST, REDIS_PORT)".to_owned()
            }
            Self::NoSocket => "is Redis running, with `unixsocket` set to this path?".to_owned(),
            Self::TimedOut(_) => {
                "is a firewall or network policy in the way? --connect-timeout waits longer".to_owned()
            }
            Self::ConnectionLost(_) => "look at the server's log; --reconnect-for tries for longer".to_owned(),
            Self::ServerWantsTls => "use a rediss:// URL, --tls or REDIS_TLS=true".to_owned(),
            Self::ServerIsPlain => "use a redis:// URL, or leave out --tls and REDIS_TLS".to_owned(),
            Self::UnknownIssuer => "name the authority's certificate with --tls-ca FILE".to_owned(),
            Self::WrongName { .. } => {
                "connect by a name in the certificate, or name the one to expect with --tls-server-name".to_owned()
            }
            Self::CertificateExpired => "renew the server's certificate, or set this machine's clock".to_owned(),
            Self::ClientCertificateWanted => "name yours with --tls-cert FILE and --tls-key FILE".to_owned(),
            Self::Tls(_) => "compare with `openssl s_client -connect HOST:PORT`".to_owned(),
            Self::File { .. } => "check the path, and who may read it".to_owned(),
            Self::WrongPassword { user } => format!(
                "check REDIS_USERNAME and REDIS_PASSWORD (or --password-file, or the URL); on the server, \
                 `ACL GETUSER {user}` shows the user"
            ),
            Self::PasswordWanted => "set REDIS_PASSWORD, or use --password-file FILE".to_owned(),
            Self::NotPermitted { user, what } => format!("on the server: ACL SETUSER {user} {}", grant(what)),
            Self::Loading => "wait until the server has read its data, then try again".to_owned(),
            Self::WrongType { key } => {
                format!("choose another list (--list, LIST_NAME); `TYPE {key}` says what this one holds")
            }
            Self::NoSuchDatabase(_) => "a server has databases 0 to 15 unless `databases` says otherwise; a cluster \
                                        has 0 alone"
                .to_owned(),
            Self::OutOfMemory => "raise `maxmemory`, or push with --max-backlog".to_owned(),
            Self::ReadOnly => "connect to the primary: this server is a replica".to_owned(),
            Self::UnknownCommand(_) => {
                "is this a Redis of version 5 or newer, without a proxy that filters commands?".to_owned()
            }
            Self::TooOld(_) => {
                "use Redis 6.2 or newer, or any Valkey; or --delivery at-most-once, which needs nothing new".to_owned()
            }
            Self::PushUncertain { .. } => {
                "allow the user EVALSHA, SCRIPT and keys `{LIST}:*`, and a batch is pushed once whatever happens"
                    .to_owned()
            }
            Self::Stopped => "try again when Redis can be reached".to_owned(),
            Self::Other(_) => "this is what the server said; its log may say more".to_owned(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownHost(host) => write!(f, "the host name `{host}` is not known"),
            Self::ConnectionRefused => f.write_str("connection refused: nothing listens there"),
            Self::NoSocket => f.write_str("there is no such socket"),
            Self::TimedOut(after) => write!(f, "no answer within {}", humantime::format_duration(*after)),
            Self::ConnectionLost(reason) => write!(f, "the connection was lost ({reason})"),
            Self::ServerWantsTls => f.write_str("the server speaks TLS, and was spoken to in plain"),
            Self::ServerIsPlain => f.write_str("the server does not speak TLS"),
            Self::UnknownIssuer => {
                f.write_str("the server's certificate is signed by an authority that is not trusted")
            }
            Self::WrongName { expected, presented } => {
                write!(f, "the server's certificate is not for `{expected}`, but for {}", presented.join(", "))
            }
            Self::CertificateExpired => f.write_str("the server's certificate has expired or is not valid yet"),
            Self::ClientCertificateWanted => f.write_str("the server wants a client certificate"),
            Self::Tls(reason) => write!(f, "TLS failed: {reason}"),
            Self::File { path, reason } => write!(f, "cannot use `{path}`: {reason}"),
            Self::WrongPassword { user } => write!(
                f,
                "user `{user}` was refused: there is no such user, it is disabled, or the password is wrong (WRONGPASS)"
            ),
            Self::PasswordWanted => f.write_str("the server wants a password (NOAUTH)"),
            Self::NotPermitted { user, what } => write!(f, "user `{user}` may not use {what} (NOPERM)"),
            Self::Loading => f.write_str("the server is still reading its data from disk (LOADING)"),
            Self::WrongType { key } => write!(f, "the key `{key}` is not a list (WRONGTYPE)"),
            Self::NoSuchDatabase(db) => write!(f, "there is no database {db}"),
            Self::OutOfMemory => f.write_str("the server has no memory left for writes (OOM)"),
            Self::ReadOnly => f.write_str("the server only allows reading (READONLY)"),
            Self::UnknownCommand(command) => write!(f, "the server does not know the command {command}"),
            Self::TooOld(version) => write!(f, "Redis {version} is too old for at-least-once delivery"),
            Self::PushUncertain { items } => write!(
                f,
                "the reply to a push of {items} items was lost; they may or may not be on the list, and are not sent again"
            ),
            Self::Stopped => f.write_str("told to stop while there was no connection"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// What Redis should have said of keys that a user may not touch.
pub(super) fn no_access_to(keys: &str) -> String {
    format!("{NO_ACCESS}{keys}")
}

const NO_ACCESS: &str = "NOPERM no permissions to access the keys ";

/// What Redis says is not permitted: "the command `lpush`", or "the key `mylist`".
fn not_permitted(text: &str, key: &str) -> String {
    if let Some(keys) = text.strip_prefix(NO_ACCESS) {
        return format!("the keys `{keys}`");
    }
    match quoted(text) {
        Some(command) => format!("the command `{command}`"),
        None if text.contains("key") => format!("the key `{key}`"),
        None => text.to_owned(),
    }
}

/// The ACL rule that gives what [`not_permitted`] names.
fn grant(what: &str) -> String {
    let name = what.split('`').nth(1).unwrap_or_default();
    if what.starts_with("the key") { format!("~{name}") } else { format!("+{name}") }
}

/// `Os { code: 104, kind: ConnectionReset, message: "Connection reset by peer" }` as people would say it.
fn plain(text: &str) -> &str {
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
    fn a_missing_right_names_its_command_in_every_version_of_redis() {
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
    fn a_missing_right_to_a_key_names_the_key() {
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
    fn what_the_system_says_is_said_plainly() {
        let text = "Os { code: 104, kind: ConnectionReset, message: \"Connection reset by peer\" }";
        let fault = Fault::of(&FredError::new(ErrorKind::IO, text), "app", "mylist");
        assert_eq!(fault.to_string(), "the connection was lost (Connection reset by peer)");
    }

    #[test]
    fn companions_that_may_not_be_touched_are_named_as_a_pattern() {
        let error = FredError::new(ErrorKind::Unknown, no_access_to("{mylist}:*"));
        let fault = Fault::of(&error, "app", "mylist");
        assert!(fault.to_string().contains("may not use the keys `{mylist}:*`"), "{fault}");
        assert!(fault.hint().ends_with("ACL SETUSER app ~{mylist}:*"), "{}", fault.hint());
    }

    #[test]
    fn what_a_failover_says_is_worth_another_try() {
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
