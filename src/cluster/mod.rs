//! The objects of a cluster that scaling is about, as far as they are read; their faults, and the live model of them.

mod event;
mod hpa;
mod job;
mod job_model;
mod metadata;
mod model;
mod reading;
mod scale;
mod scaled_object;
pub mod variables;
mod workload;

pub use self::event::ClusterEvent;
pub use self::hpa::LiveHpa;
pub use self::job::LiveJob;
pub use self::job_model::{JobLook, LiveJobModel};
pub use self::metadata::{ConditionStatus, ObjectMetadata, StatusCondition, condition};
pub use self::model::{LiveModel, Look, Reasoned};
pub use self::reading::{ClusterReading, Gotten, Listed, ObjectKey, Unreadable, elements, text};
pub use self::scale::LiveScale;
pub use self::scaled_object::{LiveScaledObject, Values};
pub use self::workload::{ClusterPod, LiveTarget, Terminated};
