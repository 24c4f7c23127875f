//! KEDA and the HPA: observations and state in; replicas, next state and the reason out.
//!
//! The rules are those of KEDA 2.20 and Kubernetes 1.36; each function names the one it follows. Times count from any fixed
//! moment whose whole seconds are those of the cluster; no clock is read.

mod behavior;
mod controller;
mod count;
pub mod defaults;
mod fallback;
mod formula;
mod hpa;
mod job;
mod job_reason;
mod keda;
mod metrics;
mod observation;
mod pause;
mod reason;
mod scaled_object;
mod settings;
mod standing;
mod strategy;
mod trigger;

pub use self::behavior::{Behavior, Direction, PolicyKind, Rules, ScalingPolicy, SelectPolicy};
pub use self::controller::Controller;
pub use self::count::{Count, Inactivity};
pub use self::defaults::SYNC_PERIOD;
pub use self::fallback::{Fallback, FallbackBehavior};
pub use self::formula::{EvaluationError, Formula, FormulaError};
pub use self::job::JobSettings;
pub use self::job_reason::{Created, JobReason, JobSum, StrategyRule, jobs_in_words};
pub use self::observation::{Reading, Scale, Unfinished};
pub use self::pause::Pause;
pub use self::reason::{Cooldown, Decision, Limit, PausedBy, Proposal, Reason, Tolerated};
pub use self::scaled_object::Scaler;
pub use self::settings::Settings;
pub use self::standing::{NextStep, Rhythm, Standing};
pub use self::strategy::{Calculation, Strategy};
pub use self::trigger::{Composite, Counted, MetricType, TRIGGERS, Trigger};
