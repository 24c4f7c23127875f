//! Where consumers run, and how many of them may be away at once.

use k8s_openapi::api::core::v1::{
    Affinity, PodAffinityTerm, PodAntiAffinity, TopologySpreadConstraint, WeightedPodAffinityTerm,
};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::metadata::{Component, selector};
use super::workload::Workload;

/// Said above the budget.
pub(super) const COMMENT: &str =
    "One pod at a time when nodes are drained; with few pods or none, `minAvailable` would block every drain.";

/// The consumers' `PodDisruptionBudget`.
pub(super) fn budget(workload: &Workload<'_>) -> PodDisruptionBudget {
    let name = workload.profile.deploy.consumer_name();
    PodDisruptionBudget {
        metadata: workload.metadata(&name, Component::Consumer),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(selector(&name, Component::Consumer)),
            // A pod that does not come up guards no item.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        status: None,
    }
}

/// On several nodes where there are several, so that one that fails takes few of them.
pub(super) fn apart(name: &str, component: Component) -> Affinity {
    let term = PodAffinityTerm {
        label_selector: Some(selector(name, component)),
        topology_key: "kubernetes.io/hostname".to_owned(),
        ..PodAffinityTerm::default()
    };
    let preferred = WeightedPodAffinityTerm { pod_affinity_term: term, weight: 100 };
    Affinity {
        pod_anti_affinity: Some(PodAntiAffinity {
            preferred_during_scheduling_ignored_during_execution: Some(vec![preferred]),
            ..PodAntiAffinity::default()
        }),
        ..Affinity::default()
    }
}

/// Over the zones; a pod that would be too many in its zone is still better than none.
pub(super) fn spread(name: &str, component: Component) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        label_selector: Some(selector(name, component)),
        max_skew: 1,
        topology_key: "topology.kubernetes.io/zone".to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        ..TopologySpreadConstraint::default()
    }
}
