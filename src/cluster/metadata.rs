//! Parts that all objects have: metadata and conditions.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use crate::units::rfc_3339;

/// `metadata` of an object.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ObjectMetadata {
    /// `name`.
    pub name: String,
    /// `namespace`.
    pub namespace: String,
    /// `labels`.
    pub labels: BTreeMap<String, String>,
    /// `annotations`.
    pub annotations: BTreeMap<String, String>,
    pub(super) generation: Option<u64>,
    creation_timestamp: Option<String>,
    deletion_timestamp: Option<String>,
}

/// One of `status.conditions`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct StatusCondition {
    #[serde(rename = "type")]
    kind: String,
    /// `status`.
    pub status: ConditionStatus,
    /// `reason`.
    pub reason: String,
    /// `message`.
    pub message: String,
}

/// `status` of a condition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Not known.
    #[default]
    #[serde(other)]
    Unknown,
}

/// `scaleTargetRef`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TargetReference {
    kind: Option<String>,
    /// `name`.
    pub name: String,
}

impl ObjectMetadata {
    /// Returns the creation time, as the time since 1970.
    pub fn created(&self) -> Option<Duration> {
        moment(self.creation_timestamp.as_deref())
    }

    /// Returns true while the object is being deleted.
    pub fn is_deleted(&self) -> bool {
        self.deletion_timestamp.is_some()
    }
}

impl TargetReference {
    /// Reports whether it names the object; the kind is a Deployment unless it is said.
    pub fn is(&self, kind: &str, name: &str) -> bool {
        self.name == name && self.kind.as_deref().unwrap_or("Deployment") == kind
    }
}

/// Returns the condition `kind`, if the object has it.
pub fn condition<'a>(conditions: &'a [StatusCondition], kind: &str) -> Option<&'a StatusCondition> {
    conditions.iter().find(|condition| condition.kind == kind)
}

/// Parses a timestamp of the API, as the time since 1970.
pub(super) fn moment(text: Option<&str>) -> Option<Duration> {
    rfc_3339(text?)?.duration_since(SystemTime::UNIX_EPOCH).ok()
}
