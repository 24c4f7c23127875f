//! Hints: what to do about each fault.

use super::error::{Fault, PASSWORD_FILE, Permission, is_no_route};
use crate::endpoint::{FILE_HINT, PASSWORD_FILE_HINT};

impl Fault {
    /// Returns what to do about it.
    pub(super) fn hint(&self) -> String {
        let hint = match self {
            Self::UnknownHost(_) => {
                "check the host name; in Kubernetes, a Service in another namespace is SERVICE.NAMESPACE"
            }
            Self::ConnectionRefused => {
                "check that Redis is running, and its host and port (--redis, REDIS_URL, REDIS_HOST, REDIS_PORT)"
            }
            Self::NoSocket => "check that Redis is running with `unixsocket` set to this path",
            Self::TimedOut(_) => "check firewalls and network policies, or wait longer with --connect-timeout",
            Self::ConnectionLost(reason) if is_no_route(reason) => "check the host, and firewalls and network policies",
            Self::ConnectionLost(_) => "check the server's log, or reconnect for longer with --reconnect-for",
            Self::TlsRequired => "use a rediss:// URL, --tls or REDIS_TLS=true",
            Self::TlsUnsupported => "use a redis:// URL, or remove --tls and REDIS_TLS",
            Self::UnknownIssuer => "set the CA certificate with --tls-ca FILE",
            Self::NameMismatch { .. } => {
                "connect by a name in the certificate, or set the expected name with --tls-server-name"
            }
            Self::CertificateExpired => "renew the server's certificate, or set this machine's clock",
            Self::CertificateNotYetValid => "set this machine's clock, or look at when the certificate was issued",
            Self::ClientCertificateRequired => "set one with --tls-cert FILE and --tls-key FILE",
            Self::Tls(_) => "compare with `openssl s_client -connect HOST:PORT`",
            Self::File { path, .. } if path == PASSWORD_FILE => PASSWORD_FILE_HINT,
            Self::File { .. } => FILE_HINT,
            Self::WrongPassword { user } => {
                return format!(
                    "check REDIS_USERNAME and REDIS_PASSWORD (or --password-file, or the URL); on the server, \
                     `ACL GETUSER {user}` shows the user"
                );
            }
            Self::PaddedPassword { .. } => {
                "remove the white space from REDIS_PASSWORD, or the %0A or %20 from the end of the password in the URL"
            }
            Self::PasswordRequired => "set REDIS_PASSWORD or --password-file FILE",
            Self::NotPermitted { user, permission } => {
                return match acl_rule(permission) {
                    None if *permission == Permission::CommandOfScript => {
                        "`qscale doctor` names the command, which Redis before 7 does not".to_owned()
                    }
                    Some(rule) => format!("on the server: ACL SETUSER {user} {rule}"),
                    None => format!("on the server, `ACL GETUSER {user}` shows the user's permissions"),
                };
            }
            Self::Sentinel(fault) => return fault.hint(),
            Self::Loading => "wait until the server has loaded its data, then try again",
            Self::WrongType { key } => {
                return format!("choose another list (--list, LIST_NAME); `TYPE {key}` shows the type of this key");
            }
            Self::Foreign(foreign) => return foreign.hint(),
            Self::NoSuchDatabase(_) => {
                "a server has databases 0 to 15 unless `databases` sets another number; a cluster has only 0"
            }
            Self::OutOfMemory => "raise `maxmemory`, or push with --max-backlog",
            Self::ReadOnly => "connect to the primary: this server is a replica",
            Self::TooFewReplicas => "check the replicas with `INFO replication`, or lower `min-replicas-to-write`",
            Self::NotReplicated { .. } => "check the replicas with `INFO replication`, or lower --wait-replicas",
            Self::CannotPersist => "free space on the server's disk; `INFO persistence` shows the last save",
            Self::BusyScript => "wait until the script has ended, or end it with `SCRIPT KILL`",
            Self::TooManyClients => "raise `maxclients`; `CLIENT LIST` shows the connections",
            Self::ClusterDown => "check the nodes with `CLUSTER NODES`",
            Self::OfNode { fault, .. } if matches!(**fault, Self::ConnectionRefused | Self::ConnectionLost(_)) => {
                "check that this node is running; `CLUSTER NODES` on another one shows its state and its replicas"
            }
            Self::OfNode { fault, .. } => return fault.hint(),
            Self::Moved => "wait until the slot has been moved; `CLUSTER NODES` shows its node",
            Self::ClusterNode => "use --mode cluster or REDIS_MODE=cluster",
            Self::NotACluster => "remove --mode and REDIS_MODE, or set them to single",
            Self::UnknownCommand(_) => {
                "use Redis 6.2 or newer (5 for --delivery at-most-once), without a proxy that filters commands"
            }
            Self::TooOld(_) => {
                "use Redis 6.2 or newer, or any Valkey; or --delivery at-most-once, which needs no newer version"
            }
            Self::PushUncertain { .. } => {
                "permit EVAL, GET, SET, LLEN, LTRIM and the keys `{LIST}:*`: then every batch is pushed exactly once"
            }
            Self::Stopped => "try again when Redis can be reached",
            Self::NotRedis(_) => "check host and port: another program listens there",
            Self::UnlikeRedis(_) => "check host and port: another program, or a proxy, answers there",
            Self::Rejected(text) if text.starts_with("DENIED") => {
                "set a password on the server (`requirepass`), or `protected-mode no` if only trusted clients reach it"
            }
            Self::NoScript | Self::MissingBatch | Self::Rejected(_) | Self::Other(_) => "check the server's log",
        };
        hint.to_owned()
    }
}

/// Returns the ACL rule that grants a permission, if known.
fn acl_rule(permission: &Permission) -> Option<String> {
    match permission {
        Permission::Command(command) => Some(format!("+{command}")),
        Permission::Key(key) | Permission::Keys(key) => Some(format!("~{key}")),
        Permission::CommandOfScript | Permission::Other(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use fred::error::{Error, ErrorKind};

    use super::*;

    #[test]
    fn protected_mode_is_not_left_to_the_log() {
        let text = "DENIED Redis is running in protected mode because protected mode is enabled";
        let hint = Fault::of(&Error::new(ErrorKind::Unknown, text), "default", "mylist").hint();
        assert!(hint.contains("`requirepass`"), "{hint}");
    }
}
