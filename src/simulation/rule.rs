//! What makes two reasons the same.

use crate::scaler::{Limit, Reason};

/// The rule behind a reason, without its numbers.
pub(super) fn rule(reason: &Reason) -> &'static str {
    match reason {
        Reason::Asked { limit: Some(Limit::Max(_)), .. } => "max",
        Reason::Asked { limit: Some(Limit::Min(_)), .. } => "min",
        Reason::Asked { limit: Some(Limit::Window { .. }), .. } => "window",
        Reason::Asked { limit: Some(_), .. } => "policy",
        Reason::Asked { .. } => "asked",
        Reason::Cooldown { .. } => "cooldown",
        Reason::Active(_) => "active",
        Reason::AtZero => "at zero",
        Reason::Idle => "idle",
        _ => "other",
    }
}
