//! Profile → Kubernetes objects, one file per kind, and their YAML.

mod arguments;
mod availability;
mod certificate;
mod configuration;
mod connection;
mod consumer;
mod container;
mod deployment;
mod exporter;
pub mod form;
mod keda_version;
mod list;
mod literal;
mod metadata;
mod network;
mod object;
mod objects;
mod patch;
mod patched_pod;
mod pod;
mod pod_settings;
mod reach;
mod redis;
mod references;
mod scaled_job;
mod scaled_object;
mod secret_key;
mod sidecar;
mod trigger;
mod trigger_authentication;
mod trigger_source;
mod workload;

pub use self::object::Manifest;
pub use self::patch::{PatchError, PodPatch};
pub use self::workload::Workload;
