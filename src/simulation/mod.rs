//! Discrete-event simulation of a workload: arrivals, pods that start, process, drain and stop, KEDA's polls and the HPA's syncs.
//!
//! Pure: the same scenario gives the same run, down to the last bit.

mod calendar;
mod distribution;
mod fleet;
mod free_slots;
mod pod;
mod random;
mod recorder;
mod run;
mod scenario;
mod summary;
mod timeline;
mod waiting;

pub use self::distribution::{Distribution, Quantiles, Runs, Sequence, SequenceStep};
pub use self::random::UnknownDuration;
pub use self::run::run;
pub use self::scenario::{BOOT_TIME, Jobs, LateLimit, Protection, START_TIME, Scenario};
pub use self::summary::{ListWaits, Summary, Waits};
pub use self::timeline::{Change, Explanation, Point, Run};
