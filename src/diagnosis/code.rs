//! Codes of faults: one list for `doctor`, the dashboard, and the JSON of samples.

use std::fmt;

/// Gravity of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// Something does not work.
    Fault,
    /// Everything works; it may not be what was meant, or not for long.
    Warning,
}

/// Kind of a fault of a server, a list, or a scaled object in a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultCode {
    /// No ScaledObject or ScaledJob.
    ScaledObjectMissing,
    /// KEDA has not seen the object.
    KedaNotWatching,
    /// KEDA has not decided on the object yet.
    KedaConnecting,
    /// KEDA no longer polls.
    KedaStopped,
    /// The metrics API of KEDA is not registered.
    MetricsApiMissing,
    /// KEDA does not answer the HPA.
    MetricsApiSilent,
    /// The HPA has no metric, for a reason of its own.
    MetricUnavailable,
    /// Several ScaledObjects scale one target.
    TwoScaledObjects,
    /// Several HPAs scale one target.
    TwoAutoscalers,
    /// An HPA that is not KEDA's scales the target.
    ForeignAutoscaler,
    /// The HPA would not be valid.
    AutoscalerInvalid,
    /// KEDA has not created an HPA.
    AutoscalerMissing,
    /// The target does not exist.
    TargetMissing,
    /// The container named by the ScaledObject does not exist.
    ContainerMissing,
    /// A Secret of the target does not exist.
    SecretMissing,
    /// A ConfigMap of the target does not exist.
    ConfigMapMissing,
    /// Redis rejects user or password.
    RedisCredentialsRejected,
    /// Redis asks for a password that KEDA does not have.
    RedisCredentialsMissing,
    /// The user may not run a command.
    RedisCommandDenied,
    /// The user may not read a key.
    RedisKeyDenied,
    /// No address.
    RedisAddressMissing,
    /// The host is not known.
    RedisHostUnknown,
    /// The connection is refused.
    RedisRefused,
    /// No route to the host.
    RedisNoRoute,
    /// No answer: TLS on a plain port, or a packet filter.
    RedisSilent,
    /// The connection is closed at once: a port that speaks TLS.
    RedisClosed,
    /// The certificate is not trusted.
    RedisCertificate,
    /// No Sentinel can be asked.
    SentinelsUnreachable,
    /// The key is of a type that cannot be counted.
    RedisWrongType,
    /// The metadata of a trigger is not valid.
    TriggerInvalid,
    /// A trigger of an unknown type.
    TriggerTypeUnknown,
    /// A trigger fails for another reason.
    TriggerFailed,
    /// The fallback stands in for a trigger.
    FallbackActive,
    /// KEDA counts other keys.
    OtherList,
    /// Paused.
    Paused,
    /// Scale-down paused.
    PausedScaleIn,
    /// Scale-up paused.
    PausedScaleOut,
    /// As many replicas as are allowed.
    AtMaximum,
    /// Items wait, and KEDA is inactive.
    BelowActivation,
    /// Pods are refused, by a quota for example.
    PodsForbidden,
    /// No controller creates the pods.
    PodsNotMade,
    /// No node has room.
    PodsUnschedulable,
    /// The image cannot be pulled.
    ImageMissing,
    /// A container lacks its configuration.
    ContainerConfiguration,
    /// Containers end again and again.
    PodsCrash,
    /// A probe fails.
    ProbeFails,
    /// A password that is not sent, for it was given for another host.
    PasswordWithheld,
    /// A password that ends with a newline.
    PasswordNewline,
    /// A certificate, key or password file that cannot be used.
    FileUnreadable,
    /// A server that does not speak the protocol of Redis.
    NotRedis,
    /// The server requires TLS, and TLS is off.
    RedisTlsRequired,
    /// The server does not speak TLS, and TLS is on.
    RedisTlsUnsupported,
    /// The server requires a client certificate.
    RedisClientCertificate,
    /// Certificates are not verified.
    CertificateUnverified,
    /// A certificate that expires soon.
    CertificateExpiring,
    /// A Sentinel that names no master.
    SentinelRefused,
    /// A Sentinel that cannot be asked, while another can.
    SentinelDown,
    /// The database does not exist.
    RedisDatabaseMissing,
    /// The server is of another mode than the settings say.
    RedisMode,
    /// A proxy, or a server that lacks commands.
    RedisProxy,
    /// Part of the cluster is down.
    RedisClusterDown,
    /// The server is a replica.
    RedisReadOnly,
    /// The server is loading its data.
    RedisLoading,
    /// The server is too old for at-least-once delivery.
    RedisTooOld,
    /// The memory of the server is full.
    RedisOutOfMemory,
    /// The memory of the server is nearly full.
    RedisMemoryHigh,
    /// The server may evict items.
    RedisEviction,
    /// The server cannot save its data.
    RedisCannotPersist,
    /// The server loses all items when it is restarted.
    RedisNotPersistent,
    /// Too few replicas are in sync.
    RedisTooFewReplicas,
    /// A replica is not in sync with its primary.
    RedisReplicaLink,
    /// The server is busy running a script.
    RedisBusyScript,
    /// The server accepts no more clients.
    RedisTooManyClients,
    /// The server accepts few more clients.
    RedisClientsHigh,
    /// Replies take long.
    RedisSlow,
    /// The user may not run all that `watch` and `dead` need.
    RedisRightsPartial,
    /// Any other error of the server.
    RedisError,
    /// A name that no library uses for its waiting items.
    ListNameMistaken,
    /// The list does not exist, and a library has one of a similar name.
    ListNameOther,
    /// The database is empty, and another one is not.
    ListInOtherDatabase,
    /// Items in flight at consumers that are gone.
    ConsumersGone,
    /// Delayed items without a due time.
    ItemsOrphaned,
    /// Two lists have the same companion keys.
    CompanionsShared,
}

impl FaultCode {
    /// Returns the name, as JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ScaledObjectMissing => "scaled-object-missing",
            Self::KedaNotWatching => "keda-not-watching",
            Self::KedaConnecting => "keda-connecting",
            Self::KedaStopped => "keda-stopped",
            Self::MetricsApiMissing => "metrics-api-missing",
            Self::MetricsApiSilent => "metrics-api-silent",
            Self::MetricUnavailable => "metric-unavailable",
            Self::TwoScaledObjects => "two-scaled-objects",
            Self::TwoAutoscalers => "two-autoscalers",
            Self::ForeignAutoscaler => "foreign-autoscaler",
            Self::AutoscalerInvalid => "autoscaler-invalid",
            Self::AutoscalerMissing => "autoscaler-missing",
            Self::TargetMissing => "target-missing",
            Self::ContainerMissing => "container-missing",
            Self::SecretMissing => "secret-missing",
            Self::ConfigMapMissing => "config-map-missing",
            Self::RedisCredentialsRejected => "redis-credentials-rejected",
            Self::RedisCredentialsMissing => "redis-credentials-missing",
            Self::RedisCommandDenied => "redis-command-denied",
            Self::RedisKeyDenied => "redis-key-denied",
            Self::RedisAddressMissing => "redis-address-missing",
            Self::RedisHostUnknown => "redis-host-unknown",
            Self::RedisRefused => "redis-refused",
            Self::RedisNoRoute => "redis-no-route",
            Self::RedisSilent => "redis-silent",
            Self::RedisClosed => "redis-closed",
            Self::RedisCertificate => "redis-certificate",
            Self::SentinelsUnreachable => "sentinels-unreachable",
            Self::RedisWrongType => "redis-wrong-type",
            Self::TriggerInvalid => "trigger-invalid",
            Self::TriggerTypeUnknown => "trigger-type-unknown",
            Self::TriggerFailed => "trigger-failed",
            Self::FallbackActive => "fallback-active",
            Self::OtherList => "other-list",
            Self::Paused => "paused",
            Self::PausedScaleIn => "paused-scale-in",
            Self::PausedScaleOut => "paused-scale-out",
            Self::AtMaximum => "at-maximum",
            Self::BelowActivation => "below-activation",
            Self::PodsForbidden => "pods-forbidden",
            Self::PodsNotMade => "pods-not-made",
            Self::PodsUnschedulable => "pods-unschedulable",
            Self::ImageMissing => "image-missing",
            Self::ContainerConfiguration => "container-configuration",
            Self::PodsCrash => "pods-crash",
            Self::ProbeFails => "probe-fails",
            Self::PasswordWithheld => "password-withheld",
            Self::PasswordNewline => "password-newline",
            Self::FileUnreadable => "file-unreadable",
            Self::NotRedis => "not-redis",
            Self::RedisTlsRequired => "redis-tls-required",
            Self::RedisTlsUnsupported => "redis-tls-unsupported",
            Self::RedisClientCertificate => "redis-client-certificate",
            Self::CertificateUnverified => "certificate-unverified",
            Self::CertificateExpiring => "certificate-expiring",
            Self::SentinelRefused => "sentinel-refused",
            Self::SentinelDown => "sentinel-down",
            Self::RedisDatabaseMissing => "redis-database-missing",
            Self::RedisMode => "redis-mode",
            Self::RedisProxy => "redis-proxy",
            Self::RedisClusterDown => "redis-cluster-down",
            Self::RedisReadOnly => "redis-read-only",
            Self::RedisLoading => "redis-loading",
            Self::RedisTooOld => "redis-too-old",
            Self::RedisOutOfMemory => "redis-out-of-memory",
            Self::RedisMemoryHigh => "redis-memory-high",
            Self::RedisEviction => "redis-eviction",
            Self::RedisCannotPersist => "redis-cannot-persist",
            Self::RedisNotPersistent => "redis-not-persistent",
            Self::RedisTooFewReplicas => "redis-too-few-replicas",
            Self::RedisReplicaLink => "redis-replica-link",
            Self::RedisBusyScript => "redis-busy-script",
            Self::RedisTooManyClients => "redis-too-many-clients",
            Self::RedisClientsHigh => "redis-clients-high",
            Self::RedisSlow => "redis-slow",
            Self::RedisRightsPartial => "redis-rights-partial",
            Self::RedisError => "redis-error",
            Self::ListNameMistaken => "list-name-mistaken",
            Self::ListNameOther => "list-name-other",
            Self::ListInOtherDatabase => "list-in-other-database",
            Self::ConsumersGone => "consumers-gone",
            Self::ItemsOrphaned => "items-orphaned",
            Self::CompanionsShared => "companions-shared",
        }
    }

    /// Returns the gravity.
    pub fn gravity(self) -> Gravity {
        match self {
            Self::KedaConnecting
            | Self::OtherList
            | Self::PausedScaleIn
            | Self::PausedScaleOut
            | Self::AtMaximum
            | Self::BelowActivation
            | Self::FallbackActive
            | Self::PasswordWithheld
            | Self::PasswordNewline
            | Self::CertificateUnverified
            | Self::CertificateExpiring
            | Self::SentinelDown
            | Self::RedisProxy
            | Self::RedisMemoryHigh
            | Self::RedisEviction
            | Self::RedisNotPersistent
            | Self::RedisReplicaLink
            | Self::RedisClientsHigh
            | Self::RedisSlow
            | Self::RedisRightsPartial
            | Self::ListNameOther
            | Self::ListInOtherDatabase
            | Self::ConsumersGone => Gravity::Warning,
            _ => Gravity::Fault,
        }
    }

    /// Returns true for a fault that keeps KEDA or the HPA from deciding; with any other they go on.
    pub fn stops_scaling(self) -> bool {
        self <= Self::TriggerFailed
    }
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
