//! Fill a Redis List, work it, watch it, and let KEDA scale its workers.

pub mod profile;
pub mod workload;
