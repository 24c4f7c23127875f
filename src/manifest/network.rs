//! What goes in and out of pods: a `NetworkPolicy` for each component.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort,
    NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::connection::{PORT, SERVICE};
use super::list::some;
use super::metadata::{Component, annotated, label, selecting};
use super::pod::{METRICS_PORT, metrics};
use super::workload::Workload;
use crate::profile::ScaleKind;

/// Said above the policy of a component that only needs Redis.
const NARROW: &str =
    "Out to DNS and the port of Redis, and nothing else; the port is that of the pod behind a Service.";

/// Said above the policy of a component that talks to several servers of Redis.
const SEVERAL: &str =
    "Nothing comes in. What goes out is open: servers name each other, and the ports are theirs to say.";

/// Said above the policy of consumers that run a command.
const WIDE: &str = "Nothing comes in. What goes out is the handler's own affair: narrow it to what yours needs.";

/// Said above the policy of the exporter.
const SCRAPED: &str = "In to the metrics. What goes out is open: the API server has an address that no rule can name.";

/// Said above the policy of the Redis for demos.
pub(super) const REDIS_COMMENT: &str = "In from this workload's own pods and from KEDA, in whatever namespace that is.";

/// Port 53: names of Services and of the world outside.
const DNS: i32 = 53;

/// The comment and the policy of a producer.
pub(super) fn producer(workload: &Workload<'_>) -> (&'static str, NetworkPolicy) {
    let name = workload.profile.deploy.producer_name();
    let (comment, egress) = redis_and_dns(workload);
    (comment, policy(workload, &name, Component::Producer, Vec::new(), egress))
}

/// The comment and the policy of consumers.
pub(super) fn consumer(workload: &Workload<'_>) -> (&'static str, NetworkPolicy) {
    let name = workload.profile.deploy.consumer_name();
    let metrics = metrics(workload).map(|_| NetworkPolicyIngressRule {
        from: None,
        ports: Some(vec![port("TCP", IntOrString::String(METRICS_PORT.to_owned()))]),
    });
    let consume = &workload.profile.consume;
    // A web service that items are posted to is another container of the pod, as a rule.
    let (comment, egress) = if consume.command.is_some() || consume.url.is_some() {
        (WIDE, vec![NetworkPolicyEgressRule::default()])
    } else {
        redis_and_dns(workload)
    };
    let mut policy = policy(workload, &name, Component::Consumer, metrics.into_iter().collect(), egress);
    if workload.profile.scale.kind() == ScaleKind::ScaledJob {
        // Its pods are none that a checker of files can see.
        let ignored = ("kube-score/ignore".to_owned(), "networkpolicy-targets-pod".to_owned());
        policy.metadata = annotated(policy.metadata, BTreeMap::from([ignored]));
    }
    (comment, policy)
}

/// The comment and the policy of the exporter.
pub(super) fn exporter(workload: &Workload<'_>, name: &str) -> (&'static str, NetworkPolicy) {
    let scrapes = NetworkPolicyIngressRule {
        from: None,
        ports: Some(vec![port("TCP", IntOrString::String(METRICS_PORT.to_owned()))]),
    };
    (SCRAPED, policy(workload, name, Component::Exporter, vec![scrapes], vec![NetworkPolicyEgressRule::default()]))
}

/// The policy of the Redis for demos.
pub(super) fn redis(workload: &Workload<'_>) -> NetworkPolicy {
    let own = labels([label("part-of", workload.profile.deploy.name())]);
    // The chart's own label; https://github.com/kedacore/charts
    let keda = labels([("app".to_owned(), "keda-operator".to_owned())]);
    let peers = vec![
        NetworkPolicyPeer { pod_selector: Some(own), ..NetworkPolicyPeer::default() },
        NetworkPolicyPeer {
            namespace_selector: Some(LabelSelector::default()),
            pod_selector: Some(keda),
            ..NetworkPolicyPeer::default()
        },
    ];
    let rule =
        NetworkPolicyIngressRule { from: Some(peers), ports: Some(vec![port("TCP", IntOrString::Int(PORT.into()))]) };
    policy(workload, SERVICE, Component::Redis, vec![rule], Vec::new())
}

/// Egress that producers and consumers need.
fn redis_and_dns(workload: &Workload<'_>) -> (&'static str, Vec<NetworkPolicyEgressRule>) {
    let Some(redis_port) = workload.connection.port() else {
        return (SEVERAL, vec![NetworkPolicyEgressRule::default()]);
    };
    let rendered = workload.profile.deploy.redis == Some(true);
    let redis = NetworkPolicyPeer {
        pod_selector: Some(labels(selecting(SERVICE, Component::Redis))),
        ..NetworkPolicyPeer::default()
    };
    let rules = vec![
        NetworkPolicyEgressRule {
            ports: Some(["UDP", "TCP"].map(|protocol| port(protocol, IntOrString::Int(DNS))).to_vec()),
            to: None,
        },
        NetworkPolicyEgressRule {
            ports: Some(vec![port("TCP", IntOrString::Int(redis_port.into()))]),
            to: rendered.then(|| vec![redis]),
        },
    ];
    (NARROW, rules)
}

fn policy(
    workload: &Workload<'_>,
    name: &str,
    component: Component,
    ingress: Vec<NetworkPolicyIngressRule>,
    egress: Vec<NetworkPolicyEgressRule>,
) -> NetworkPolicy {
    NetworkPolicy {
        metadata: workload.metadata(name, component),
        spec: Some(NetworkPolicySpec {
            // One label is enough, and checkers that compare labels one by one understand it.
            pod_selector: Some(labels([label("instance", name)])),
            policy_types: Some(["Ingress", "Egress"].map(str::to_owned).to_vec()),
            // The API server does not keep empty lists: with them no second apply would be without a change.
            ingress: some(ingress),
            egress: some(egress),
        }),
    }
}

fn port(protocol: &str, port: IntOrString) -> NetworkPolicyPort {
    NetworkPolicyPort { protocol: Some(protocol.to_owned()), port: Some(port), end_port: None }
}

fn labels(labels: impl IntoIterator<Item = (String, String)>) -> LabelSelector {
    LabelSelector { match_labels: Some(BTreeMap::from_iter(labels)), ..LabelSelector::default() }
}
