//! Settings for a target wait: formulas give the start of the search, trials the proof.
//!
//! With λ items a second at most, s seconds of work an item, c items at a time in a pod, and a wait W:
//!
//! * slots n: the fewest with n > λ·s (utilisation below 1) and, by Erlang C, P(wait > W) = C(n, λ·s) · e^(−(n − λ·s)·W/s)
//!   at most what the percentile leaves; so ⌈n/c⌉ pods at least
//! * list length: a pod that has L items in front of it is L·s/c behind, so L = (W − reaction) / s · c, where the reaction
//!   is one sync of the HPA and the start of a pod, and before that, from zero pods, a poll
//! * polling: a quarter of W, 30 s at most; cooldown and drain: no item in flight is to be cut
//!
//! Loads are no Poisson streams and the HPA counts in steps, so nothing is proposed that trials have not met, and of what
//! meets it the cheapest is taken.

mod demand;
mod search;
mod target_wait;

pub use self::demand::Demand;
pub use self::search::{Bounds, Candidate, Refusal, propose};
pub use self::target_wait::{Percentile, TargetWait, TargetWaitError};
