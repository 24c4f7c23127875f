//! Settings for a target wait: formulas give the start of the search, trials the proof.
//!
//! With λ items a second sustained, s seconds of processing per item, c items at a time in a pod, and a wait W:
//!
//! * pods: capacity first. n·c slots sustain the load if λ·s is at most 95 % of them: closer to 100 %, every fluctuation
//!   lets waits grow for hours
//! * list length: a pod that has L items in front of it is L·s/c behind, so L = (W − reaction) / s · c, where the reaction
//!   is one sync of the HPA and the start of a pod, and before that, from zero pods, a poll
//! * polling: a quarter of W, 30 s at most, and shorter where that does not do; cooldown and drain: no item in flight is
//!   to be cut
//!
//! Loads are no Poisson streams and the HPA counts in steps, so nothing is proposed that trials have not met, and of what
//! meets it the cheapest is taken. A refusal names the settings without which trials meet the target.

mod candidate;
mod demand;
mod diagnosis;
mod proposal;
mod refusal;
mod search;
mod target_wait;

pub use self::candidate::{Bounds, Candidate, HpaMetric, ScaleUp};
pub use self::demand::Demand;
pub use self::proposal::propose;
pub use self::refusal::{Obstacle, Refusal};
pub use self::target_wait::{Percentile, TargetWait, TargetWaitError};
