//! Codes of faults.

use std::fmt;

/// Kind of a fault of a scaled object in a cluster.
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
