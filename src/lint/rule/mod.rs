//! The rules, by what they look at.

pub(super) mod address;
pub(super) mod credentials;
pub(super) mod formula;
pub(super) mod metadata;
pub(super) mod pods;
pub(super) mod scaled_job;
pub(super) mod scaled_object;
pub(super) mod together;
pub(super) mod trigger;
pub(super) mod version;
