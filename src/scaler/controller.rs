//! Controllers that change the replicas.

use std::fmt;

/// Controller that makes a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Controller {
    /// KEDA: activation and scaling to zero, or all Jobs.
    Keda,
    /// The HPA that KEDA creates.
    Hpa,
}

impl fmt::Display for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keda => "KEDA",
            Self::Hpa => "HPA",
        })
    }
}
