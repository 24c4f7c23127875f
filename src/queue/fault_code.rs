//! Codes of faults, as `doctor` reports them.

use super::error::{Fault, Permission, is_no_route};
use crate::diagnosis::FaultCode;

impl Fault {
    /// Returns the code.
    pub(super) fn code(&self) -> FaultCode {
        match self {
            Self::UnknownHost(_) => FaultCode::RedisHostUnknown,
            Self::ConnectionRefused | Self::NoSocket => FaultCode::RedisRefused,
            Self::TimedOut(_) => FaultCode::RedisSilent,
            Self::ConnectionLost(reason) if is_no_route(reason) => FaultCode::RedisNoRoute,
            Self::ConnectionLost(_) => FaultCode::RedisClosed,
            Self::TlsRequired => FaultCode::RedisTlsRequired,
            Self::TlsUnsupported => FaultCode::RedisTlsUnsupported,
            Self::UnknownIssuer
            | Self::NameMismatch { .. }
            | Self::CertificateExpired
            | Self::CertificateNotYetValid
            | Self::Tls(_) => FaultCode::RedisCertificate,
            Self::ClientCertificateRequired => FaultCode::RedisClientCertificate,
            Self::File { .. } => FaultCode::FileUnreadable,
            Self::WrongPassword { .. } | Self::PaddedPassword { .. } => FaultCode::RedisCredentialsRejected,
            Self::PasswordRequired => FaultCode::RedisCredentialsMissing,
            Self::NotPermitted { permission: Permission::Key(_) | Permission::Keys(_), .. } => {
                FaultCode::RedisKeyDenied
            }
            Self::NotPermitted { .. } => FaultCode::RedisCommandDenied,
            Self::Sentinel(_) => FaultCode::SentinelRefused,
            Self::Loading => FaultCode::RedisLoading,
            Self::WrongType { .. } => FaultCode::RedisWrongType,
            Self::Foreign(_) => FaultCode::CompanionForeign,
            Self::NoSuchDatabase(_) => FaultCode::RedisDatabaseMissing,
            Self::OutOfMemory => FaultCode::RedisOutOfMemory,
            Self::TooFewReplicas | Self::NotReplicated { .. } => FaultCode::RedisTooFewReplicas,
            Self::CannotPersist => FaultCode::RedisCannotPersist,
            Self::BusyScript => FaultCode::RedisBusyScript,
            Self::TooManyClients => FaultCode::RedisTooManyClients,
            Self::OfNode { fault, .. } => fault.code(),
            Self::ClusterDown => FaultCode::RedisClusterDown,
            Self::Moved | Self::ClusterNode | Self::NotACluster => FaultCode::RedisMode,
            Self::ReadOnly => FaultCode::RedisReadOnly,
            Self::UnknownCommand(_) => FaultCode::RedisCommandMissing,
            Self::TooOld(_) => FaultCode::RedisTooOld,
            Self::NotRedis(_) | Self::UnlikeRedis(_) => FaultCode::NotRedis,
            Self::PushUncertain { .. }
            | Self::NoScript
            | Self::MissingBatch
            | Self::Stopped
            | Self::Rejected(_)
            | Self::Other(_) => FaultCode::RedisError,
        }
    }
}
