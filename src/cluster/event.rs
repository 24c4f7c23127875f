//! Events: what controllers say about an object.

use std::time::Duration;

use serde::Deserialize;

use super::metadata::{ObjectMetadata, moment};

/// An event of `events.k8s.io/v1`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ClusterEvent {
    /// `metadata`.
    pub metadata: ObjectMetadata,
    /// `reason`.
    pub reason: String,
    /// `note`: the text.
    pub note: String,
    /// `regarding`: its subject.
    pub regarding: Regarding,
    event_time: Option<String>,
    deprecated_last_timestamp: Option<String>,
    series: Option<EventSeries>,
}

/// The object that an event is about.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Regarding {
    /// `kind`.
    pub kind: String,
    /// `name`.
    pub name: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct EventSeries {
    last_observed_time: Option<String>,
}

impl ClusterEvent {
    /// Returns the time it was last seen, as the time since 1970. KEDA and the HPA use the old recorder, which sets the
    /// deprecated field alone.
    pub fn last_seen(&self) -> Option<Duration> {
        let series = self.series.as_ref().and_then(|series| series.last_observed_time.as_deref());
        [series, self.deprecated_last_timestamp.as_deref(), self.event_time.as_deref()].into_iter().find_map(moment)
    }
}
