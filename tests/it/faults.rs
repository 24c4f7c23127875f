//! Faults of a cluster in words: what a real KEDA 2.20 on Kubernetes 1.36 said in `tests/faults/`, from a scripted API server.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use qscale::cluster::{LiveHpa, LiveScaledObject, LiveTarget};
use qscale::diagnosis::{Situation, diagnose};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::api_server::ApiServer;
use crate::support::{Qscale, RedisServer, Running, SOON, wait_until};
use crate::watch::{in_cluster, push, samples};

/// Collections of a situation, and their APIs.
const COLLECTIONS: [(&str, &str); 8] = [
    ("deployments", "/apis/apps/v1"),
    ("scaledobjects", "/apis/keda.sh/v1alpha1"),
    ("scaledjobs", "/apis/keda.sh/v1alpha1"),
    ("triggerauthentications", "/apis/keda.sh/v1alpha1"),
    ("horizontalpodautoscalers", "/apis/autoscaling/v2"),
    ("pods", "/api/v1"),
    ("jobs", "/apis/batch/v1"),
    ("events", "/apis/events.k8s.io/v1"),
];

/// Situations, and the codes of their faults, the most severe first.
const EXPECTED: &[(&str, &[&str])] = &[
    ("apiservice-missing", &["metrics-api-missing"]),
    ("at-max", &["at-maximum"]),
    ("below-activation", &["below-activation"]),
    ("consumers-missing-secret", &["secret-missing", "container-configuration"]),
    ("consumers-wrong-password", &["pods-crash"]),
    ("controller-manager-down", &["pods-not-made"]),
    ("crds-missing", &["scaled-object-missing"]),
    ("crds-removed-later", &["foreign-autoscaler", "scaled-object-missing"]),
    ("deployment-missing", &["target-missing"]),
    ("enable-tls-yes", &["trigger-invalid"]),
    ("foreign-hpa-first", &["foreign-autoscaler", "scaled-object-missing"]),
    ("healthy-env", &[]),
    ("healthy-ta", &[]),
    ("image-not-there", &["image-missing"]),
    ("job-healthy", &[]),
    ("job-missing-secret-env", &["secret-missing"]),
    ("job-paused", &["paused"]),
    ("job-wrong-password", &["redis-credentials-rejected"]),
    ("later-hpa-by-hand", &["two-autoscalers"]),
    ("later-target-deleted", &["target-missing"]),
    ("later-wrong-type", &["redis-wrong-type", "pods-crash"]),
    ("later-wrong-type-fallback", &["fallback-active", "pods-crash"]),
    ("list-length-zero", &["autoscaler-invalid"]),
    ("min-above-max", &["scaled-object-missing"]),
    ("missing-configmap", &["config-map-missing", "container-configuration"]),
    ("missing-secret-env", &["secret-missing", "container-configuration"]),
    ("missing-secret-key-env", &["redis-credentials-missing", "container-configuration"]),
    ("missing-secret-key-ta", &["redis-credentials-missing"]),
    ("missing-secret-ta", &["redis-credentials-missing"]),
    ("missing-trigger-authentication", &["redis-credentials-missing"]),
    ("no-host-variable", &["redis-address-missing", "pods-crash"]),
    ("no-list-name", &["trigger-invalid"]),
    ("no-route", &["keda-connecting"]),
    ("no-route-later", &["redis-no-route", "probe-fails"]),
    ("noperm-busy-key", &["redis-key-denied"]),
    ("noperm-eval", &["redis-command-denied"]),
    ("operator-down", &["at-maximum"]),
    ("operator-down-at-creation", &["keda-not-watching"]),
    ("operator-down-long", &["at-maximum"]),
    ("operator-down-long-and-back", &["at-maximum"]),
    ("paused", &["paused"]),
    ("paused-replicas", &["paused"]),
    ("paused-scale-in", &["paused-scale-in"]),
    ("paused-scale-out", &["paused-scale-out"]),
    ("probe-fails", &[]),
    ("quota", &["pods-forbidden"]),
    ("redis-down", &["redis-refused"]),
    ("redis-down-and-back", &["at-maximum"]),
    ("refused-port", &["redis-refused"]),
    ("short-host", &["redis-host-unknown"]),
    ("short-host-env", &["redis-host-unknown"]),
    ("tls-needed-but-off", &["redis-closed"]),
    ("tls-on-plain-port", &["redis-silent"]),
    ("tls-twice", &["trigger-invalid"]),
    ("tls-unknown-ca", &["redis-certificate"]),
    ("two-scaled-objects", &[]),
    ("two-scaled-objects-no-webhook", &["two-scaled-objects", "two-autoscalers"]),
    ("unknown-metadata-key", &[]),
    ("unknown-trigger-type", &["trigger-type-unknown"]),
    ("unknown-user", &["redis-credentials-rejected"]),
    ("unschedulable", &["pods-unschedulable"]),
    ("wrong-container", &["container-missing"]),
    ("wrong-list-name", &["other-list"]),
    ("wrong-password", &["redis-credentials-rejected"]),
    ("wrong-password-env", &["redis-credentials-rejected", "pods-crash"]),
    ("wrong-type-stream", &["redis-wrong-type", "pods-crash"]),
    ("wrong-type-string", &["redis-wrong-type", "pods-crash"]),
];

pub(super) type Recorded = BTreeMap<String, Vec<Value>>;

pub(super) fn situation(name: &str) -> Recorded {
    let path = format!("tests/faults/{name}.json");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn object<T: DeserializeOwned>(situation: &Recorded, kind: &str) -> T {
    serde_json::from_value(situation[kind][0].clone()).expect("an object")
}

/// Puts the objects of a situation in the place of all others.
pub(super) fn replace(api: &ApiServer, situation: &Recorded) {
    for (kind, root) in COLLECTIONS {
        let objects = situation.get(kind).cloned().unwrap_or_default();
        api.replace(&format!("{root}/namespaces/of-context/{kind}"), objects);
    }
}

fn codes(sample: &Value) -> Vec<String> {
    let faults = sample["faults"].as_array().into_iter().flatten();
    faults.map(|fault| fault["code"].as_str().unwrap_or_default().to_owned()).collect()
}

#[track_caller]
fn expect(running: &Running, api: &ApiServer, name: &str, expected: &[&str]) -> Value {
    replace(api, &situation(name));
    let before = samples(&running.stdout()).len();
    let mut last = Value::Null;
    wait_until(&format!("{name}: {expected:?}"), SOON, || {
        last = samples(&running.stdout()).into_iter().skip(before).last().unwrap_or_default();
        !last.is_null() && codes(&last) == expected
    });
    last
}

#[test]
fn each_situation_has_its_codes() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    push(&redis, 7);
    let running = in_cluster(&redis, &api).args(["--deployment", "w-consumer"]).spawn();
    let jobs =
        in_cluster(&redis, &api).file("qscale.toml", "[deploy]\nname = \"w\"\n[scale]\nkind = \"ScaledJob\"").spawn();
    let files = fs::read_dir("tests/faults").expect("the situations").count();
    assert_eq!(files, EXPECTED.len(), "a situation is not in the table");
    for (name, codes) in EXPECTED {
        expect(if name.starts_with("job-") { &jobs } else { &running }, &api, name, codes);
    }
}

#[test]
fn words_name_the_cause_and_pods_that_crash() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    push(&redis, 7);
    let running = in_cluster(&redis, &api).args(["--deployment", "w-consumer"]).spawn();
    for (name, codes, words) in [
        (
            "noperm-eval",
            &["redis-command-denied"][..],
            "KEDA cannot read the list: its Redis user may not run a command that KEDA needs (NOPERM this user has no \
             permissions to run the 'eval' command)",
        ),
        (
            "missing-secret-ta",
            &["redis-credentials-missing"],
            "the TriggerAuthentication, its Secret or the key is missing",
        ),
        (
            "unschedulable",
            &["pods-unschedulable"],
            "; 3 pods not scheduled: 0/2 nodes are available: 2 Insufficient memory",
        ),
        (
            "image-not-there",
            &["image-missing"],
            "3 pods without the image \"registry.example.com/nope:1\" (ImagePullBackOff)",
        ),
    ] {
        let sample = expect(&running, &api, name, codes);
        let reason = sample["reason"].as_str().unwrap_or_default();
        assert!(reason.contains(words), "{name}: {reason}");
    }
    // Once each, though the samples are many.
    running.terminate();
    let run = running.finish(SOON).exits(0);
    assert_eq!(run.stderr.matches("redis-command-denied").count(), 1, "{}", run.stderr);
}

#[test]
fn one_look_waits_for_all_that_belongs_to_the_target() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    push(&redis, 7);
    for (name, profile) in [("consumers-wrong-password", ""), ("job-wrong-password", "[scale]\nkind = \"ScaledJob\"")] {
        replace(&api, &situation(name));
        let profile = format!("[deploy]\nname = \"w\"\n{profile}");
        let run = Qscale::new(["watch", "--once", "--output", "json", "--redis", &redis.url()])
            .file("kubeconfig", api.kubeconfig())
            .env("KUBECONFIG", "kubeconfig")
            .file("qscale.toml", &profile)
            .output()
            .exits(0);
        let expected = EXPECTED.iter().find(|(known, _)| *known == name).map(|(_, codes)| codes.to_vec());
        assert_eq!(
            Some(codes(&samples(&run.stdout)[0])),
            expected.map(|codes| codes.iter().map(ToString::to_string).collect())
        );
    }
}

#[test]
fn stopped_operator_is_told_by_its_last_poll() {
    let situation = situation("operator-down-long");
    let scaled: LiveScaledObject = object(&situation, "scaledobjects");
    let hpa: LiveHpa = object(&situation, "horizontalpodautoscalers");
    let target: LiveTarget = object(&situation, "deployments");
    let last = scaled.last_active().expect("a time");
    let after = |scaled: &LiveScaledObject, seconds: u64| {
        let past = Duration::from_secs(seconds);
        let found = diagnose(&Situation {
            kind: "Deployment",
            name: "w-consumer",
            list: "mylist",
            waiting_for: Some(past),
            ignored_for: None,
            now: last + past,
            scaled: Some(vec![scaled]),
            autoscalers: Some(vec![&hpa]),
            target: Some(&target),
            pods: &[],
            events: &[],
        });
        found.iter().any(|fault| fault.code.name() == "keda-stopped")
    };
    assert!(after(&scaled, 120) && !after(&scaled, 20));
    // At zero pods, nothing but the items that wait tells it; a threshold explains them.
    let at_zero = |activation: &str| {
        let mut object = situation["scaledobjects"][0].clone();
        for condition in object["status"]["conditions"].as_array_mut().expect("conditions") {
            if condition["type"] == "Active" {
                condition["status"] = json!("False");
            }
        }
        for trigger in object["spec"]["triggers"].as_array_mut().expect("triggers") {
            trigger["metadata"]["listName"] = json!("mylist");
            trigger["metadata"]["activationListLength"] = json!(activation);
        }
        serde_json::from_value::<LiveScaledObject>(object).expect("a ScaledObject")
    };
    assert!(after(&at_zero("0"), 120) && !after(&at_zero("0"), 20) && !after(&at_zero("5"), 120));
}

#[test]
fn faults_without_a_cause_that_is_known_keep_the_words_of_keda() {
    let healthy = situation("healthy-env");
    let condition = |kind: &str, status: &str, reason: &str, message: &str| json!({ "type": kind, "status": status, "reason": reason, "message": message });
    let able = condition("AbleToScale", "True", "", "");
    let active = |status: &str, message: &str| {
        let mut hpa = healthy["horizontalpodautoscalers"][0].clone();
        let reason = "FailedGetExternalMetric";
        hpa["status"]["conditions"] = json!([able, condition("ScalingActive", status, reason, message)]);
        hpa
    };
    let ready = |status: &str, reason: &str| {
        let mut scaled = healthy["scaledobjects"][0].clone();
        scaled["status"]["conditions"] = json!([condition("Ready", status, reason, "the moon is full")]);
        scaled
    };
    let target: LiveTarget = object(&healthy, "deployments");
    for (scaled, hpa, code, words) in [
        (ready("False", "TriggerError"), Some(active("True", "")), "trigger-failed", "the moon is full"),
        (ready("False", "ScaledObjectCheckFailed"), None, "trigger-failed", "KEDA does not scale: the moon is full"),
        (ready("True", "ScaledObjectReady"), Some(active("False", "it rains")), "metric-unavailable", "it rains"),
        (ready("True", "ScaledObjectReady"), None, "autoscaler-missing", "no HPA for Deployment `w-consumer`"),
    ] {
        let scaled: LiveScaledObject = serde_json::from_value(scaled).expect("a ScaledObject");
        let hpa: Option<LiveHpa> = hpa.map(|hpa| serde_json::from_value(hpa).expect("an HPA"));
        let found = diagnose(&Situation {
            kind: "Deployment",
            name: "w-consumer",
            list: "mylist",
            waiting_for: None,
            ignored_for: None,
            now: Duration::from_secs(1_800_000_000),
            scaled: Some(vec![&scaled]),
            autoscalers: Some(hpa.iter().collect()),
            target: Some(&target),
            pods: &[],
            events: &[],
        });
        let found = found.iter().find(|fault| fault.code.name() == code).unwrap_or_else(|| panic!("{code}: {found:?}"));
        assert!(found.text.contains(words), "{found:?}");
    }
}
