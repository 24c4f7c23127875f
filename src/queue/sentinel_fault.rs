//! Refusals of sentinels, in their words and in ours.

use std::fmt;

/// Refusal of one sentinel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentinelFault {
    /// Address of the sentinel.
    pub address: String,
    /// Reason.
    pub refusal: SentinelRefusal,
}

/// Reason why a sentinel names no master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SentinelRefusal {
    /// It requires a password.
    PasswordRequired,
    /// User or password is wrong; sentinels do not tell which.
    WrongPassword {
        /// User.
        user: String,
    },
    /// The user may not use the commands that are needed.
    NotPermitted {
        /// User.
        user: String,
    },
    /// It monitors no master of this name.
    UnknownMaster(String),
    /// It is a Redis server, not a sentinel.
    NotSentinel,
    /// It is too old for users, which are what a password is sent for.
    TooOld,
}

impl SentinelFault {
    /// Returns true if the sentinel may accept the same later.
    pub(super) fn is_transient(&self) -> bool {
        // A sentinel that has restarted may not have its masters yet.
        matches!(self.refusal, SentinelRefusal::UnknownMaster(_))
    }

    pub(super) fn hint(&self) -> String {
        let hint = match &self.refusal {
            SentinelRefusal::PasswordRequired => "set REDIS_SENTINEL_PASSWORD or --sentinel-password-file FILE",
            SentinelRefusal::WrongPassword { .. } => {
                "check REDIS_SENTINEL_USERNAME and REDIS_SENTINEL_PASSWORD (or --sentinel-password-file); without them \
                 sentinels get the password of Redis"
            }
            SentinelRefusal::NotPermitted { user } => {
                return format!(
                    "on the sentinel: ACL SETUSER {user} +sentinel|get-master-addr-by-name +sentinel|sentinels"
                );
            }
            SentinelRefusal::UnknownMaster(_) => {
                "check --sentinel-master; on the sentinel, `SENTINEL MASTERS` lists the masters that it monitors"
            }
            SentinelRefusal::NotSentinel => "list sentinels with --addresses (usually port 26379), or remove --mode",
            SentinelRefusal::TooOld => "use sentinels of Redis 6 or newer, or sentinels without a password",
        };
        hint.to_owned()
    }
}

impl fmt::Display for SentinelFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, refusal } = self;
        match refusal {
            SentinelRefusal::PasswordRequired => write!(f, "the sentinel {address} requires a password (NOAUTH)"),
            SentinelRefusal::WrongPassword { user } => write!(
                f,
                "authentication as user `{user}` of the sentinel {address} failed: the user does not exist or is disabled, \
                 or the password is wrong (WRONGPASS)"
            ),
            SentinelRefusal::NotPermitted { user } => {
                write!(f, "user `{user}` of the sentinel {address} may not ask for the master (NOPERM)")
            }
            SentinelRefusal::UnknownMaster(master) => {
                write!(f, "the sentinel {address} monitors no master named `{master}`")
            }
            SentinelRefusal::NotSentinel => write!(f, "the server {address} is not a sentinel"),
            SentinelRefusal::TooOld => write!(f, "the sentinel {address} is too old to authenticate a user"),
        }
    }
}
