//! Translates errors of Redis, of proxies and of the client library into faults, and tells which of them pass.
//!
//! The errors that no retry cures are listed; every other one is taken to pass, because servers, proxies and providers have
//! more words for "not now" than anyone can list.

use fred::error::{Error as FredError, ErrorKind};

use super::error::{Fault, Permission};
use super::library_error::in_words;

/// Parts of errors that no retry cures: the command or its arguments are wrong, or the server is set up for another use.
const FINAL: [&str; 21] = [
    "CROSSSLOT",
    "DENIED",
    "NOPROTO",
    "DB index",
    "syntax error",
    "wrong number of arguments",
    "not an integer or out of range",
    // A field that another program has written.
    "hash value is not an integer",
    "would overflow",
    "timeout is not",
    "invalid expire time",
    "string exceeds maximum allowed size",
    "Protocol error",
    "Error compiling script",
    // An error of Lua itself, not of a command that a script calls.
    " user_script:",
    "non local key",
    "is not allowed in cluster mode",
    "without any password configured",
    "operation not permitted",
    // Of sentinels, about the name of the master.
    "No such master",
    "Missing primary address",
];

/// Words of servers and proxies for a command that they do not accept.
const UNKNOWN_COMMAND: [&str; 5] =
    ["unknown command", "unknown subcommand", "unsupported command", "command is not supported", "is not allowed"];

/// Words of Redis and of Valkey for a command that a script calls and that they do not know; neither names it.
const UNKNOWN_TO_SCRIPT: [&str; 2] = ["Unknown Redis command", "Unknown command called from script"];

/// Words for NOPERM, and of Redis 8 and Valkey for it about a command that a script calls.
const WITHOUT_RIGHTS: [&str; 3] = ["NOPERM", "ACL failure in script", UNNAMED_TO_SCRIPT];

/// Words of Redis before 7 for NOPERM about a command that a script calls; they do not name it.
const UNNAMED_TO_SCRIPT: &str = "The user executing the script can't run this command";

/// Text in place of an error without one.
const NO_WORDS: &str = "an error without a text";

impl Fault {
    /// Translates the error of a command on `key`.
    pub(super) fn of(error: &FredError, user: &str, key: &str) -> Self {
        let text = Some(error.details()).filter(|text| !text.trim().is_empty()).unwrap_or(NO_WORDS);
        // Before Redis 7, errors of commands inside scripts are embedded in a sentence.
        let says = |code: &str| text.contains(code);
        let not_permitted = |permission| Self::NotPermitted { user: user.to_owned(), permission };
        match error.kind() {
            ErrorKind::Tls => Self::ConnectionLost(in_words(text).into_owned()),
            _ if is_of_connection(error) => Self::ConnectionLost(in_words(text).into_owned()),
            _ if says("is not allowed in cluster mode") => Self::Rejected(text.to_owned()),
            // First, because these repeat arguments, which may hold anything.
            _ if UNKNOWN_COMMAND.iter().any(|words| says(words)) || is_unknown_in_script(text) => {
                Self::UnknownCommand(quoted(text).unwrap_or("?").to_owned())
            }
            _ if says("WRONGPASS") || says("invalid password") => Self::WrongPassword { user: user.to_owned() },
            _ if says("NOAUTH") => Self::PasswordRequired,
            _ if is_without_rights(text) => not_permitted(permission_of(text, key)),
            _ if says("can't access at least one of the keys") => not_permitted(Permission::Key(key.to_owned())),
            _ if says("WRONGTYPE") => Self::WrongType { key: key.to_owned() },
            _ if says("LOADING") => Self::Loading,
            _ if says("OOM command not allowed") => Self::OutOfMemory,
            _ if says("READONLY") => Self::ReadOnly,
            _ if says("NOREPLICAS") => Self::TooFewReplicas,
            _ if says("MISCONF") => Self::CannotPersist,
            _ if says("BUSY ") => Self::BusyScript,
            _ if says("max number of clients") => Self::TooManyClients,
            _ if says("CLUSTERDOWN") => Self::ClusterDown,
            _ if says("cluster support disabled") => Self::NotACluster,
            // Replies to a blocked command when the server becomes a replica, and during a failover.
            _ if says("UNBLOCKED") || says("MASTERDOWN") => Self::ConnectionLost(text.to_owned()),
            _ if ["MOVED ", "ASK ", "TRYAGAIN"].iter().any(|code| text.starts_with(code)) => Self::Moved,
            _ if says("NOSCRIPT") => Self::NoScript,
            _ if text.starts_with("GAP ") || says(": GAP ") => Self::MissingBatch,
            // The library has the reply, and cannot read it as what the command returns: the next one is no better.
            ErrorKind::Parse | ErrorKind::NotFound if !says("UTF-8") => {
                Self::UnlikeRedis("a reply is not of the kind that this command has".to_owned())
            }
            ErrorKind::Parse | ErrorKind::Config | ErrorKind::Url => Self::Rejected(in_words(text).into_owned()),
            _ if FINAL.iter().any(|words| says(words)) => Self::Rejected(text.to_owned()),
            _ => Self::Other(text.to_owned()),
        }
    }

    /// Translates the text of an error of the server, to a command on `key`.
    pub(super) fn of_text(text: &str, user: &str, key: &str) -> Self {
        Self::of(&FredError::new(ErrorKind::Unknown, text.to_owned()), user, key)
    }

    /// Returns true if the same command may succeed later, on a new connection.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::UnknownHost(_)
            | Self::ConnectionRefused
            | Self::NoSocket
            | Self::TimedOut(_)
            | Self::ConnectionLost(_)
            | Self::Other(_) => true,
            Self::Sentinel(fault) => fault.is_transient(),
            Self::OfNode { fault, .. } => fault.is_transient(),
            fault => fault.is_refusal(),
        }
    }

    /// Returns true if the server refuses the command for now, and has not run it.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Loading
                | Self::OutOfMemory
                | Self::ReadOnly
                | Self::TooFewReplicas
                | Self::CannotPersist
                | Self::BusyScript
                | Self::TooManyClients
                | Self::ClusterDown
                | Self::Moved
        )
    }

    /// Returns true if a server was reached: the address is right.
    pub(super) fn is_of_server(&self) -> bool {
        match self {
            Self::ConnectionLost(_) | Self::Other(_) => true,
            Self::OfNode { fault, .. } => fault.is_of_server(),
            fault => fault.is_refusal(),
        }
    }
}

/// Returns true for errors that no server sent: of the connection, and of the library, whose tasks end with it.
fn is_of_connection(error: &FredError) -> bool {
    use ErrorKind::{Backpressure, Canceled, IO, Protocol, Routing, Timeout};
    matches!(error.kind(), IO | Canceled | Timeout | Protocol | Routing | Backpressure)
        || ["channel closed", "Spawn Error", "Missing response"].iter().any(|words| error.details().starts_with(words))
}

/// Returns true for an error about rights of the user.
pub(super) fn is_without_rights(text: &str) -> bool {
    WITHOUT_RIGHTS.iter().any(|words| text.contains(words))
}

/// Returns true for an error of a script about a command that the server does not know, and does not name.
pub(super) fn is_unknown_in_script(text: &str) -> bool {
    UNKNOWN_TO_SCRIPT.iter().any(|words| text.contains(words))
}

/// Reads the permission that a NOPERM error of a command on `key` names.
fn permission_of(text: &str, key: &str) -> Permission {
    if let Some(keys) = text.strip_prefix(NO_ACCESS) {
        return Permission::Keys(keys.to_owned());
    }
    match quoted(text) {
        _ if text.contains(UNNAMED_TO_SCRIPT) => Permission::CommandOfScript,
        Some(command) => Permission::Command(command.to_owned()),
        None if text.contains("key") => Permission::Key(key.to_owned()),
        None => Permission::Other(text.to_owned()),
    }
}

/// Words a missing permission for keys as Redis should have.
pub(super) fn no_access_to(keys: &str) -> String {
    format!("{NO_ACCESS}{keys}")
}

const NO_ACCESS: &str = "NOPERM no permissions to access the keys ";

fn quoted(text: &str) -> Option<&str> {
    text.split(['\'', '`']).nth(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
            "ERR ACL failure in script: User app has no permissions to run the 'lpush' command script: 1f2, on @user_script:3.",
        ] {
            let fault = fault(text);
            assert!(fault.to_string().contains("may not use the command `lpush`"), "{fault}");
            assert!(fault.hint().ends_with("ACL SETUSER app +lpush"), "{}", fault.hint());
        }
    }

    #[test]
    fn missing_permission_of_a_script_is_told_where_the_command_is_not() {
        let text = "ERR Error running script (call to f_1f2): @user_script:66: @user_script: 66: The user executing the \
                    script can't run this command or subcommand";
        let fault = fault(text);
        assert!(fault.to_string().contains("user `app` may not use a command that a script calls"), "{fault}");
        assert!(fault.hint().contains("qscale doctor") && !fault.is_transient(), "{}", fault.hint());
    }

    #[test]
    fn missing_permission_names_the_key() {
        for text in [
            "NOPERM this user has no permissions to access one of the keys used as arguments",
            "NOPERM No permissions to access a key",
            "ERR ACL failure in script: No permissions to access a key script: 1f2, on @user_script:1.",
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
    fn passing_refusals_are_transient_and_name_the_reason() {
        for (text, words) in [
            ("NOREPLICAS Not enough good replicas to write.", "replicas"),
            ("NOREPLICAS Not enough good replicas to write. script: 1f2, on @user_script:12.", "replicas"),
            (
                "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
                "save",
            ),
            (
                "ERR Error running script (call to f_1): @user_script:9: @user_script: 9: -MISCONF Errors writing to the AOF \
              file",
                "save",
            ),
            ("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", "script"),
            ("BUSY Redis is busy running a module command.", "BUSY"),
            ("ERR max number of clients reached", "maxclients"),
            ("ERR max number of clients + cluster connections reached", "maxclients"),
            ("OOM command not allowed when used memory > 'maxmemory'.", "memory"),
            ("READONLY You can't write against a read only replica.", "READONLY"),
            ("LOADING Redis is loading the dataset in memory", "LOADING"),
            ("CLUSTERDOWN The cluster is down", "CLUSTERDOWN"),
            ("CLUSTERDOWN Hash slot not served", "CLUSTERDOWN"),
            ("TRYAGAIN Multiple keys request during rehashing of slot", "moved"),
            ("MOVED 5282 10.0.0.3:6379", "moved"),
            ("ASK 5282 10.0.0.3:6379", "moved"),
        ] {
            let fault = fault(text);
            assert!(fault.is_transient() && fault.is_refusal(), "{text}: {fault:?}");
            assert!(fault.to_string().contains(words), "{text}: {fault}");
        }
    }

    #[test]
    fn errors_of_proxies_about_their_upstream_are_transient() {
        for text in [
            // Redis and Valkey
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
            // twemproxy
            "ERR Connection refused",
            "ERR Connection timed out",
            // Envoy
            "upstream failure",
            "no upstream host",
            "upstream protocol error",
            // predixy
            "ERR no server connection avaliable",
            "ERR server connection close",
            // Codis
            "ERR backend conn failure, dial tcp 10.0.0.3:6379: i/o timeout",
            "ERR handle request, slot-0123 is not ready: may be offline or migrating",
            // Providers
            "ERR max requests per second exceeded",
            "UNAVAILABLE try again",
        ] {
            let fault = fault(text);
            assert!(fault.is_transient(), "{text}: {fault:?}");
            assert!(!fault.is_refusal(), "{text} does not say that nothing was done");
            assert!(fault.to_string().contains(text), "{text}: {fault}");
        }
    }

    #[test]
    fn ends_of_the_connection_are_transient() {
        for (kind, text) in [
            (ErrorKind::IO, "Os { code: 104, kind: ConnectionReset, message: \"Connection reset by peer\" }"),
            (ErrorKind::IO, "Kind(UnexpectedEof)"),
            (ErrorKind::IO, "Custom { kind: UnexpectedEof, error: \"tls handshake eof\" }"),
            (ErrorKind::Canceled, "Canceled."),
            (ErrorKind::Protocol, "Unexpected end of stream"),
            // Of the library, when the task that should reply has ended.
            (ErrorKind::Unknown, "channel closed"),
            (ErrorKind::Unknown, "Missing response."),
        ] {
            let fault = Fault::of(&FredError::new(kind, text), "app", "mylist");
            assert!(matches!(fault, Fault::ConnectionLost(_)) && fault.is_transient(), "{text}: {fault:?}");
            assert!(!fault.to_string().contains('{') && !fault.to_string().contains("Kind("), "{fault}");
        }
    }

    #[test]
    fn errors_that_no_retry_cures_are_final() {
        for text in [
            "WRONGTYPE Operation against a key holding the wrong kind of value",
            "NOPERM this user has no permissions to run the 'lpush' command",
            "NOAUTH Authentication required.",
            "WRONGPASS invalid username-password pair or user is disabled.",
            "ERR invalid password",
            "ERR AUTH <password> called without any password configured for the default user.",
            "DENIED Redis is running in protected mode because protected mode is enabled",
            "ERR unknown command 'EVALSHA', with args beginning with: 'LOADING' 'READONLY'",
            "ERR unknown subcommand 'LOAD'. Try SCRIPT HELP.",
            "unsupported command 'script'",
            "ERR handle request, command 'SCRIPT' is not allowed",
            "ERR syntax error",
            "ERR hash value is not an integer script: 1f2, on @user_script:78.",
            "ERR Error running script (call to f_1): @user_script:78: ERR hash value is not an integer",
            "ERR increment or decrement would overflow",
            "ERR DB index is out of range",
            "ERR invalid DB index",
            "ERR wrong number of arguments for 'blmove' command",
            "CROSSSLOT Keys in request don't hash to the same slot",
            "ERR This instance has cluster support disabled",
            "ERR DB index is out of range; value is not an integer or out of range",
            "ERR SELECT is not allowed in cluster mode",
            "ERR user_script:3: Script attempted to access nonexistent global variable 'x' script: 1f2, on @user_script:3.",
            "ERR Error compiling script (new function): user_script:1: '=' expected near 'b'",
            "ERR Protocol error: too big bulk count string",
        ] {
            let fault = fault(text);
            assert!(!fault.is_transient(), "{text}: {fault:?}");
        }
    }

    /// Parts of errors, and what breaks them.
    const PARTS: [&str; 20] = [
        "ERR ",
        "NOPERM ",
        "MOVED ",
        "ASK ",
        "WRONGPASS",
        "BUSY ",
        "LOADING",
        "NOSCRIPT",
        "GAP ",
        "-",
        "'",
        "`",
        "''",
        "key",
        "unknown command ",
        "no permissions to access the keys ",
        "run the 'lpush' command",
        "script: 1f2, on @user_script:3.",
        "\u{1b}[2J",
        "é",
    ];

    proptest! {
        #[test]
        fn any_error_of_a_server_is_a_fault_with_a_hint(
            parts in prop::collection::vec(prop_oneof![
                3 => prop::sample::select(&PARTS[..]).prop_map(str::to_owned),
                1 => "\\PC{0,9}",
            ], 0..8),
            kind in prop::sample::select(&[ErrorKind::Unknown, ErrorKind::IO, ErrorKind::Tls, ErrorKind::Parse, ErrorKind::Auth][..]),
        ) {
            let fault = Fault::of(&FredError::new(kind, parts.concat()), "app", "mylist");
            prop_assert!(!fault.to_string().is_empty() && !fault.hint().is_empty(), "{fault:?}");
        }
    }
}
