//! `doctor` in a cluster: what a real KEDA 2.20 on Kubernetes 1.36 said in `tests/faults/`, and KEDA itself, from a scripted API
//! server.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::faults::{Recorded, replace, situation};
use crate::support::api_server::{ApiServer, status};
use crate::support::{Finished, Qscale, RedisServer, SOON};

const KEDA: &str = "/apis/apps/v1/namespaces/keda/deployments";
const APISERVICES: &str = "/apis/apiregistration.k8s.io/v1/apiservices";
const METRICS_API: &str = "v1beta1.external.metrics.k8s.io";
const SECRETS: &str = "/api/v1/namespaces/of-context/secrets";
const CONFIG_MAPS: &str = "/api/v1/namespaces/of-context/configmaps";
const SERVICES: &str = "/api/v1/namespaces/of-context/services";
const POLICIES: &str = "/apis/networking.k8s.io/v1/namespaces/of-context/networkpolicies";

fn codes(run: &Finished) -> Vec<String> {
    let lines = run.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    lines.filter_map(|check| Some(check["code"].as_str()?.to_owned())).collect()
}

/// Situations, and the codes of what is found, in order.
const EXPECTED: &[(&str, &[&str])] = &[
    ("apiservice-missing", &["metrics-api-missing"]),
    ("at-max", &["at-maximum"]),
    ("below-activation", &["below-activation"]),
    ("consumers-missing-secret", &["secret-missing"]),
    ("consumers-wrong-password", &["pods-crash"]),
    ("controller-manager-down", &["pods-not-made"]),
    ("crds-missing", &["keda-crds-missing"]),
    ("crds-removed-later", &["keda-crds-missing"]),
    ("deployment-missing", &["target-missing"]),
    ("enable-tls-yes", &["trigger-invalid", "manifest"]),
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
    ("later-wrong-type-fallback", &["fallback-active", "pods-crash", "manifest"]),
    ("list-length-zero", &["autoscaler-invalid"]),
    ("min-above-max", &["scaled-object-missing"]),
    ("missing-configmap", &["config-map-missing"]),
    ("missing-secret-env", &["secret-missing"]),
    ("missing-secret-key-env", &["secret-key-missing"]),
    ("missing-secret-key-ta", &["secret-key-missing"]),
    ("missing-secret-ta", &["secret-missing"]),
    ("missing-trigger-authentication", &["trigger-authentication-missing"]),
    ("no-host-variable", &["variable-missing", "pods-crash"]),
    ("no-list-name", &["trigger-invalid", "manifest"]),
    ("no-route", &["keda-connecting", "manifest"]),
    ("no-route-later", &["redis-no-route", "probe-fails", "manifest"]),
    ("noperm-busy-key", &["redis-key-denied"]),
    ("noperm-eval", &["redis-command-denied"]),
    ("operator-down", &["keda-operator-down"]),
    ("operator-down-at-creation", &["keda-operator-down", "keda-not-watching"]),
    ("operator-down-long", &["keda-operator-down"]),
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
    ("tls-twice", &["trigger-invalid", "manifest"]),
    ("tls-unknown-ca", &["redis-certificate"]),
    ("two-scaled-objects", &[]),
    ("two-scaled-objects-no-webhook", &["two-scaled-objects", "two-autoscalers"]),
    ("unknown-metadata-key", &["manifest"]),
    ("unknown-trigger-type", &["trigger-type-unknown"]),
    ("unknown-user", &["redis-credentials-rejected"]),
    ("unschedulable", &["pods-unschedulable"]),
    ("wrong-container", &["container-missing"]),
    ("wrong-list-name", &["other-list", "manifest"]),
    ("wrong-password", &["redis-credentials-rejected"]),
    ("wrong-password-env", &["redis-credentials-rejected", "pods-crash"]),
    ("wrong-type-stream", &["redis-wrong-type", "pods-crash"]),
    ("wrong-type-string", &["redis-wrong-type", "pods-crash"]),
];

/// A Redis with items, and a cluster with a healthy KEDA.
struct Stage {
    redis: RedisServer,
    api: ApiServer,
}

impl Stage {
    fn new() -> Self {
        let redis = RedisServer::builder().durable().start();
        redis.push("mylist", ["a", "b", "c", "d", "e", "f", "g"]);
        let api = ApiServer::start();
        Self { redis, api }
    }

    /// Puts the objects of a situation into the cluster, and all that they refer to, but for what is missing in it.
    fn set(&self, name: &str) {
        let text = serde_json::to_string(&situation(name)).expect("JSON");
        // The address of the machine that it was recorded on.
        let text = text.replace("10.99.0.1:", "redis.of-context.svc.cluster.local:");
        let mut recorded: Recorded = serde_json::from_str(&text).expect("the same");
        for key in ["scaledobjects", "scaledjobs"] {
            for object in recorded.get_mut(key).into_iter().flatten() {
                if object["status"]["lastActiveTime"].is_string() {
                    object["status"]["lastActiveTime"] =
                        json!(humantime::format_rfc3339_seconds(SystemTime::now()).to_string());
                }
            }
        }
        // Recorded in the moment of a change, but for the one whose controller is down.
        for target in
            recorded.get_mut("deployments").into_iter().flatten().filter(|_| name != "controller-manager-down")
        {
            target["status"]["observedGeneration"] = target["metadata"]["generation"].clone();
        }
        replace(&self.api, &recorded);
        let keys = references(&recorded);
        let (without_secret, without_key, without_map) = (
            ["missing-secret-env", "consumers-missing-secret", "job-missing-secret-env", "missing-secret-ta"],
            ["missing-secret-key-env", "missing-secret-key-ta"],
            ["missing-configmap"],
        );
        let mut secrets = Vec::new();
        for (secret, keys) in &keys {
            let is_of_keda = secret != "redis-credentials";
            if without_secret.contains(&name) && is_of_keda == name.ends_with("-ta") {
                continue;
            }
            let lacks = without_key.contains(&name) && is_of_keda == name.ends_with("-ta");
            let keys: Vec<&str> = keys.iter().map(String::as_str).filter(|key| !lacks || *key != "password").collect();
            secrets.push(secret_of(secret, &keys));
        }
        self.api.replace(SECRETS, secrets);
        let map = (!without_map.contains(&name)).then(|| config_map(name)).into_iter().collect();
        self.api.replace(CONFIG_MAPS, map);
        self.api.replace(SERVICES, vec![service()]);
        self.api.replace(
            KEDA,
            ["keda-operator", "keda-metrics-apiserver", "keda-admission"]
                .map(|part| {
                    deployment(
                        part,
                        u32::from(
                            !(name.starts_with("operator-down") && part == "keda-operator" && !name.ends_with("back")),
                        ),
                    )
                })
                .to_vec(),
        );
        let service = (name != "apiservice-missing").then(|| api_service("True")).into_iter().collect();
        self.api.replace(APISERVICES, service);
        self.api.accept();
        if name.starts_with("crds-") {
            self.api.refuse(
                "keda.sh/v1alpha1",
                404,
                json!({ "kind": "Status", "code": 404, "reason": "", "message": "404 page not found" }),
            );
        }
    }

    fn doctor(&self, words: &[&str]) -> Qscale {
        Qscale::new(["doctor", "--output", "json", "--redis", &self.redis.url()])
            .args(words)
            .file("kubeconfig", self.api.kubeconfig())
            .env("KUBECONFIG", "kubeconfig")
            .deadline(SOON)
    }

    fn run(&self, name: &str) -> Finished {
        if name.starts_with("job-") {
            let profile = "[deploy]\nname = \"w\"\n[scale]\nkind = \"ScaledJob\"";
            return self.doctor(&[]).file("qscale.toml", profile).output();
        }
        self.doctor(&["--deployment", "w-consumer"]).output()
    }
}

fn deployment(name: &str, available: u32) -> Value {
    json!({
        "metadata": { "name": name, "labels": { "app.kubernetes.io/version": "2.20.2" } },
        "spec": { "replicas": 1, "template": { "spec": { "containers": [
            { "name": name, "image": format!("ghcr.io/kedacore/{name}:2.20.2") },
        ] } } },
        "status": { "availableReplicas": available },
    })
}

fn api_service(available: &str) -> Value {
    json!({
        "metadata": { "name": METRICS_API },
        "spec": { "service": { "name": "keda-metrics-apiserver", "namespace": "keda" } },
        "status": { "conditions": [
            { "type": "Available", "status": available, "message": "no endpoints for service keda-metrics-apiserver" },
        ] },
    })
}

fn service() -> Value {
    json!({ "metadata": { "name": "redis" }, "spec": { "selector": { "app": "redis" }, "ports": [{ "port": 7379, "targetPort": 6379 }] } })
}

/// A Secret with these keys, each of a value in base64.
fn secret_of(name: &str, keys: &[&str]) -> Value {
    let data: serde_json::Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), json!("czNjcmV0"))).collect();
    json!({ "metadata": { "name": name }, "data": data })
}

/// Secrets and their keys that the objects of a situation refer to.
fn references(recorded: &Recorded) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut open: Vec<&Value> = recorded.values().flatten().collect();
    while let Some(value) = open.pop() {
        let references = [Some(&value["secretKeyRef"]), value.get("parameter").map(|_| value)];
        for reference in references.into_iter().flatten().filter(|reference| reference["key"].is_string()) {
            let text = |field: &str| reference[field].as_str().unwrap_or_default().to_owned();
            found.entry(text("name")).or_default().insert(text("key"));
        }
        open.extend(value.as_array().into_iter().flatten());
        open.extend(value.as_object().into_iter().flat_map(|object| object.values()));
    }
    found
}

/// The ConfigMap of the consumers; the host is short, or absent, where that is the fault.
fn config_map(name: &str) -> Value {
    let host = if name == "short-host-env" { "redis" } else { "redis.of-context.svc.cluster.local" };
    let mut data = json!({ "REDIS_HOST": host, "REDIS_PORT": "6379", "QSCALE_DRAIN": "20s", "QSCALE_WORK": "none" });
    if name == "no-host-variable" {
        data.as_object_mut().expect("an object").remove("REDIS_HOST");
    }
    json!({ "metadata": { "name": "w" }, "data": data })
}

/// The check of this code, which is there.
#[track_caller]
fn found(run: &Finished, code: &str) -> Value {
    let lines = run.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    let found = lines.into_iter().find(|check| check["code"] == code);
    found.unwrap_or_else(|| panic!("no {code}: {}", run.stdout))
}

/// The check of this name, which is there.
#[track_caller]
fn check(run: &Finished, name: &str) -> Value {
    let lines = run.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    let found = lines.into_iter().find(|check| check["check"] == name);
    found.unwrap_or_else(|| panic!("no {name}: {}", run.stdout))
}

#[test]
fn each_situation_is_told_apart() {
    let stage = Stage::new();
    let files = fs::read_dir("tests/faults").expect("the situations").count();
    assert_eq!(files, EXPECTED.len(), "a situation is not in the table");
    let mut differences = Vec::new();
    for (name, expected) in EXPECTED {
        stage.set(name);
        let run = stage.run(name);
        if codes(&run) != *expected {
            differences.push(format!("{name}: {:?} and not {expected:?}\n{}", codes(&run), run.stdout));
        }
        let is_fault = run.stdout.contains("\"severity\":\"fault\"");
        assert_eq!(run.status, if is_fault { 4 } else { 0 }, "{name}: {}", run.stderr);
        assert!(!run.stdout.contains("s3cret") && !run.stdout.contains("czNjcmV0"), "{name}");
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn no_auth_is_told_by_what_is_missing() {
    let stage = Stage::new();
    for (name, code, words) in [
        (
            "missing-trigger-authentication",
            "trigger-authentication-missing",
            "does not exist, and a trigger refers to it",
        ),
        (
            "missing-secret-ta",
            "secret-missing",
            "does not exist in namespace `of-context`, for TriggerAuthentication `w-redis`",
        ),
        ("missing-secret-key-ta", "secret-key-missing", "has no key `password`, for TriggerAuthentication `w-redis`"),
        (
            "missing-secret-key-env",
            "secret-key-missing",
            "Secret `redis-credentials` has no key `password`, for container `consumer`",
        ),
    ] {
        stage.set(name);
        let run = stage.run(name).exits(4);
        let found = found(&run, code);
        assert!(found["got"].as_str().is_some_and(|got| got.contains(words)), "{name}: {found}");
        assert!(!run.stdout.contains("redis-credentials-missing"), "KEDA only says what follows: {}", run.stdout);
    }
}

#[test]
fn short_host_is_told_with_the_full_name() {
    let stage = Stage::new();
    for name in ["short-host", "short-host-env"] {
        stage.set(name);
        let run = stage.run(name).exits(4);
        let found = found(&run, "redis-host-unknown");
        assert!(
            found["hint"].as_str().is_some_and(|hint| hint.contains("redis.of-context.svc.cluster.local")),
            "{found}"
        );
    }
}

#[test]
fn parts_of_keda_are_checked() {
    let stage = Stage::new();
    stage.set("healthy-ta");
    for (part, code, status) in [
        ("keda-operator", "keda-operator-down", 4),
        ("keda-metrics-apiserver", "keda-adapter-down", 4),
        ("keda-admission", "keda-webhook-down", 0),
    ] {
        stage.api.put(KEDA, deployment(part, 0));
        let run = stage.run("healthy-ta").exits(status);
        assert_eq!(codes(&run), [code], "{}", run.stdout);
        stage.api.put(KEDA, deployment(part, 1));
    }
    stage.api.put(APISERVICES, api_service("False"));
    let run = stage.run("healthy-ta").exits(4);
    assert!(found(&run, "metrics-api-silent")["got"].as_str().is_some_and(|got| got.contains("no endpoints")));
    stage.api.put(APISERVICES, api_service("True"));
    let mut old = deployment("keda-operator", 1);
    old["spec"]["template"]["spec"]["containers"][0]["image"] = json!("ghcr.io/kedacore/keda:2.11.2");
    stage.api.put(KEDA, old);
    let run = stage.run("healthy-ta").exits(0);
    assert!(found(&run, "keda-version")["got"].as_str().is_some_and(|got| got.contains("KEDA 2.11.2 is older than")));
    stage.api.replace(KEDA, Vec::new());
    let run = stage.run("healthy-ta").exits(0);
    let keda = check(&run, "keda");
    assert!(
        keda["severity"] == "not-checked"
            && keda["hint"].as_str().is_some_and(|hint| hint.contains("--keda-namespace"))
    );
}

#[test]
fn secret_that_may_not_be_read_is_not_taken_for_missing() {
    let stage = Stage::new();
    stage.set("healthy-env");
    stage.api.refuse("/secrets/", 403, status(403, "Forbidden"));
    let run = stage.run("healthy-env").exits(0);
    let check = check(&run, "references");
    assert!(
        check["severity"] == "not-checked" && check["hint"].as_str().is_some_and(|hint| hint.contains("secrets")),
        "{check}"
    );
    assert_eq!(codes(&run), [""; 0], "{}", run.stdout);
}

#[test]
fn password_in_a_secret_that_ends_with_a_newline_is_told() {
    let stage = Stage::new();
    stage.set("healthy-env");
    let mut secret = secret_of("redis-credentials", &["username", "password"]);
    secret["data"]["password"] = json!("czNjcmV0Cg==");
    stage.api.put(SECRETS, secret);
    let run = stage.run("healthy-env").exits(0);
    let found = found(&run, "password-newline");
    assert!(
        found["got"].as_str().is_some_and(|got| got.contains("the key `password` of Secret `redis-credentials`")),
        "{found}"
    );
}

#[test]
fn network_policy_that_admits_others_only_is_told() {
    let stage = Stage::new();
    stage.set("healthy-ta");
    let policy = |from: Value| {
        json!({
            "metadata": { "name": "redis", "namespace": "of-context" },
            "spec": { "podSelector": { "matchLabels": { "app": "redis" } }, "policyTypes": ["Ingress"], "ingress": [{ "from": from }] },
        })
    };
    stage.api.put(POLICIES, policy(json!([{ "podSelector": {} }])));
    let run = stage.run("healthy-ta").exits(0);
    let found = found(&run, "network-policy");
    assert!(found["hint"].as_str().is_some_and(|hint| hint.contains("kubernetes.io/metadata.name: keda")), "{found}");
    let keda = json!([{ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "keda" } } }]);
    stage.api.put(POLICIES, policy(keda.clone()));
    assert_eq!(codes(&stage.run("healthy-ta").exits(0)), [""; 0]);
    let with_ports = |ports: Value| {
        let mut policy = policy(keda.clone());
        policy["spec"]["ingress"][0]["ports"] = ports;
        policy
    };
    for (ports, is_open) in [
        (json!([{ "port": 6379 }]), true),
        (json!([{ "port": 9121 }, { "protocol": "TCP", "port": 6000, "endPort": 6400 }]), true),
        (json!([{ "protocol": "TCP" }]), true),
        (json!([{ "port": "redis" }]), true),
        (json!([{ "port": 9121 }]), false),
        (json!([{ "protocol": "UDP", "port": 6379 }]), false),
        (json!([{ "port": 6000, "endPort": 6378 }]), false),
    ] {
        stage.api.put(POLICIES, with_ports(ports.clone()));
        let run = stage.run("healthy-ta").exits(0);
        let expected: &[&str] = if is_open { &[] } else { &["network-policy"] };
        assert_eq!(codes(&run), expected, "{ports}: {}", run.stdout);
        if !is_open {
            let found = self::found(&run, "network-policy");
            assert!(found["got"].as_str().is_some_and(|got| got.contains("to port 6379 of Redis")), "{found}");
        }
    }
}

#[test]
fn settings_that_work_and_may_not_be_meant_are_told() {
    const TARGETS: &str = "/apis/apps/v1/namespaces/of-context/deployments";
    const SCALED: &str = "/apis/keda.sh/v1alpha1/namespaces/of-context/scaledobjects";
    let stage = Stage::new();
    stage.set("healthy-env");
    let mut target = situation("healthy-env")["deployments"][0].clone();
    let replicas = json!({ "f:spec": { "f:replicas": {} } });
    for (applied, is_told) in [("{\"spec\":{}}", false), ("{\"spec\":{\"replicas\":2}}", true)] {
        target["metadata"]["annotations"] = json!({ "kubectl.kubernetes.io/last-applied-configuration": applied });
        target["metadata"]["managedFields"] = json!([
            { "manager": "kubectl-client-side-apply", "operation": "Update", "fieldsV1": replicas },
        ]);
        stage.api.put(TARGETS, target.clone());
        let codes = codes(&stage.run("healthy-env").exits(0));
        assert_eq!(codes.contains(&"replicas-set-elsewhere".to_owned()), is_told, "{applied}: {codes:?}");
    }
    // The HPA has set them since, and the next apply sets them again.
    target["metadata"]["managedFields"] = json!([
        { "manager": "kube-controller-manager", "subresource": "scale", "fieldsV1": replicas },
    ]);
    stage.api.put(TARGETS, target.clone());
    let run = stage.run("healthy-env").exits(0);
    assert_eq!(found(&run, "replicas-set-elsewhere")["got"], "`kubectl apply` sets spec.replicas of `w-consumer`");
    target["metadata"]["managedFields"] = json!([
        { "manager": "keda", "subresource": "scale", "fieldsV1": { "f:spec": { "f:replicas": {} } } },
        { "manager": "argocd-controller", "operation": "Apply", "fieldsV1": { "f:spec": { "f:replicas": {} } } },
    ]);
    target["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = json!(10);
    stage.api.put(TARGETS, target);
    let mut scaled = situation("healthy-env")["scaledobjects"][0].clone();
    scaled["spec"]["minReplicaCount"] = json!(3);
    stage.api.put(SCALED, scaled);
    let run = stage.run("healthy-env").exits(0);
    for (code, words) in [
        ("replicas-set-elsewhere", "`argocd-controller` sets spec.replicas"),
        ("bounds-equal", "minReplicaCount and maxReplicaCount are 3"),
        ("grace-period-short", "killed after 10s"),
    ] {
        let found = found(&run, code);
        assert!(found["got"].as_str().is_some_and(|got| got.contains(words)), "{found}");
    }
}

#[test]
fn trigger_that_counts_another_database_and_mistyped_names_are_told() {
    const SCALED: &str = "/apis/keda.sh/v1alpha1/namespaces/of-context/scaledobjects";
    let stage = Stage::new();
    stage.set("healthy-ta");
    let mut scaled = situation("healthy-ta")["scaledobjects"][0].clone();
    for trigger in scaled["spec"]["triggers"].as_array_mut().expect("triggers") {
        trigger["metadata"]["listName"] = json!("mylist");
        trigger["metadata"]["databaseIndex"] = json!("3");
    }
    stage.api.put(SCALED, scaled.clone());
    let run = stage.run("healthy-ta").exits(0);
    let told = found(&run, "other-list");
    assert_eq!(told["got"], "KEDA counts `mylist` in database 3, and not in database 0");
    scaled["spec"]["scaleTargetRef"]["name"] = json!("w-consumr");
    stage.api.put(SCALED, scaled);
    let run = stage.run("healthy-ta").exits(4);
    let told = found(&run, "scaled-object-missing");
    assert_eq!(
        told["got"], "no ScaledObject scales Deployment `w-consumer`; `w-consumer` scales `w-consumr`",
        "{}",
        run.stdout
    );
}

#[test]
fn cluster_that_is_absent_or_unreachable_is_told_apart() {
    let stage = Stage::new();
    let without = Qscale::new(["doctor", "-o", "json", "--redis", &stage.redis.url()]).output().exits(0);
    assert_eq!(check(&without, "kubernetes")["severity"], "not-checked");
    stage.api.refuse("/apis/", 401, status(401, "Unauthorized"));
    let run = stage.doctor(&[]).output().exits(4);
    assert_eq!(codes(&run), ["kubernetes-unreadable"], "{}", run.stdout);
    for (code, body, said) in
        [(400, "", ": status 400: \\\"\\\""), (502, "no upstream", "status 502: \\\"no upstream\\\"")]
    {
        stage.api.refuse("/apis/", code, body.into());
        let run = stage.doctor(&[]).output().exits(4);
        assert!(run.stdout.contains(said) && !run.stdout.contains("parse"), "{}", run.stdout);
    }
    let run = stage.doctor(&["--no-cluster"]).output().exits(0);
    assert!(!run.stdout.contains("kubernetes"), "{}", run.stdout);
    stage.set("min-above-max");
    // Nothing names the consumers, and the built-in name is not in this cluster.
    let run = stage.doctor(&[]).output().exits(0);
    assert_eq!(check(&run, "scaled-object")["severity"], "not-checked", "{}", run.stdout);
}

#[test]
fn list_of_codes_is_current() {
    let run = Qscale::new(["doctor", "--codes"]).output().exits(0);
    let page = fs::read_to_string("docs/fault-codes.md").expect("the page");
    assert_eq!(run.stdout, page, "run `make regenerate`");
}
