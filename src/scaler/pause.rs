//! KEDA's pause annotations.

/// Pause annotations of a ScaledObject or ScaledJob.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pause {
    /// `autoscaling.keda.sh/paused`.
    pub paused: bool,
    /// `autoscaling.keda.sh/paused-replicas`.
    pub replicas: Option<u32>,
    /// `autoscaling.keda.sh/paused-scale-in`.
    pub scale_in: bool,
    /// `autoscaling.keda.sh/paused-scale-out`.
    pub scale_out: bool,
}
