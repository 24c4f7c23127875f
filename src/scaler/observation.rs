//! Observations that decisions are made from.

/// Values of the triggers at one moment.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// KEDA could not connect: it does nothing at all, and the HPA gets an error.
    NotBuilt,
    /// Value of each trigger, in order; `None` for one that could not be read.
    Read(Vec<Option<f64>>),
}

/// The scale subresource of the Deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// `spec.replicas`.
    pub spec: u32,
    /// `status.replicas`: pods that are not terminating.
    pub status: u32,
    /// Ready pods.
    pub ready: u32,
}

impl Scale {
    /// Returns the scale of so many pods, all of them ready.
    pub fn of(pods: u32) -> Self {
        Self { spec: pods, status: pods, ready: pods }
    }
}

/// Jobs that are neither complete nor failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unfinished {
    /// All of them, whatever their pods do.
    pub running: u32,
    /// Those of them without a running pod.
    pub pending: u32,
}
