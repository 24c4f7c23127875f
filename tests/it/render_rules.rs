//! What the usual checkers of manifests ask, held over every profile that is shipped and many that are not.
//!
//! `make lint-manifests` asks the checkers themselves, where they can be had; these rules need none.

use std::collections::BTreeSet;
use std::fs;

use crate::support::manifest::{arguments, documents, shipped, template};
use crate::support::{Finished, Qscale};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A password that is nowhere else.
const MARKER: &str = "s3cret-marker";

/// The ways to render.
const WAYS: [&[&str]; 4] = [&[], &["--format=json"], &["--out-dir=objects"], &["--check"]];

const ELSEWHERE: &str = "[redis]\nhost = \"redis.example.com\"\n";
const WITH_PASSWORD: &str = "[redis]\nurl = \"rediss://app:s3cret-marker@redis.example.com:6380/3\"\n";
const WITH_FILE: &str = "[redis]\nhost = \"r.example.com\"\npassword-file = \"/s3cret-marker\"\n";

/// Every way to reach Redis by every kind of workload, with and without what stands around it.
fn matrix() -> Vec<(String, String)> {
    let secret = "secret = \"redis\"\n";
    let certificates = "secret = \"redis\"\nsecret-username-key = \"user\"\nsecret-ca-key = \"ca\"\n\
                        secret-cert-key = \"cert\"\nsecret-key-key = \"key\"\nwrite-secret = true\n";
    let other_namespace = "redis = true\nnamespace = \"no\"\ncreate-namespace = true\n";
    let stored = "redis = true\nredis-storage = \"1Gi\"\nnamespace = \"demo\"\nredis-image = \"redis@sha256:0000000000000000000000000000000000000000000000000000000000000000\"\n";
    let cluster = "[redis]\naddresses = [\"a.example.com:7000\", \"b.example.com:7001\"]\nmode = \"cluster\"\n";
    let sentinel = "[redis]\naddresses = [\"a.example.com:26379\"]\nmode = \"sentinel\"\nsentinel-master = \"m\"\n\
                    sentinel-username = \"monitor\"\n";
    let own = "secret = \"redis\"\nsecret-sentinel-password-key = \"own\"\nwrite-secret = true\n";
    let places = [
        ("cluster", cluster, ""),
        ("sentinel", sentinel, own),
        ("elsewhere", ELSEWHERE, ""),
        ("password", WITH_PASSWORD, secret),
        ("file", WITH_FILE, secret),
        ("certificates", WITH_PASSWORD, certificates),
        ("other-namespace", "", other_namespace),
        ("stored", "", stored),
    ];
    let kinds = [
        ("deployment", "producer = true\n", ""),
        ("stateful", "workload = \"StatefulSet\"\nprogram = \"/usr/bin/qscale\"\n", ""),
        ("jobs", "", "[scale]\nkind = \"ScaledJob\"\n"),
        (
            "target",
            "producer = true\n[deploy.target]\napi-version = \"a.io/v1\"\nkind = \"Rollout\"\nname = \"w\"\n",
            "",
        ),
        ("environment", "", "[scale]\nauthentication = \"environment\"\n"),
        (
            "command",
            "producer = true\n",
            "[consume]\ncommand = [\"./w\", \"$(X)\", \"$$\"]\nmetrics = \"0.0.0.0:9090\"\n",
        ),
        ("ending", "producer = true\n", "[produce]\nbatch = 1\ncount = 10\npayload = \"yes\"\n"),
        ("bare", "network-policy = false\ndisruption-budget = false\n", "[queue]\nlist = \"1_000\"\n"),
    ];
    let mut profiles = Vec::new();
    for (place, redis, there) in places {
        for (kind, deploy, tables) in kinds {
            let name = format!("{place}-{kind}");
            let text = format!("{redis}{tables}[deploy]\nname = \"{name}\"\n{there}{deploy}");
            profiles.push((name, text));
        }
    }
    profiles
}

/// Names and objects of all of them.
fn rendered() -> Vec<(String, Vec<Value>)> {
    let shipped = shipped().into_iter().map(|path| {
        let text = fs::read_to_string(&path).expect("a profile can be read");
        (path.display().to_string(), text)
    });
    let render = |(name, text): (String, String)| (name, documents(&yaml(&text)));
    shipped.chain(matrix()).map(render).collect()
}

fn yaml(profile: &str) -> String {
    Qscale::new(["render"]).file("qscale.toml", profile).output().exits(0).stdout
}

/// Checks of every manifest, in one run: rendering takes longer than checking.
#[test]
fn rendered_manifests_keep_the_rules() {
    for (name, objects) in rendered() {
        for object in &objects {
            is_what_kubernetes_knows(&name, object);
            is_kept_as_written(&name, object);
            has_the_labels(&name, object);
            if let Some(template) = template(object) {
                is_hardened(&name, &objects, template);
                is_guarded(&name, &objects, object, template);
            }
        }
        come_in_order(&name, &objects);
        stay_in_one_namespace(&name, &objects);
        select_what_is_there(&name, &objects);
    }
}

/// Of what the API server stores otherwise than it is written, no second apply would be without a change.
fn is_kept_as_written(name: &str, value: &Value) {
    match value {
        Value::Null => panic!("{name}: null"),
        Value::Array(values) => {
            assert!(!values.is_empty(), "{name}: an empty list");
            for value in values {
                is_kept_as_written(name, value);
            }
        }
        Value::Object(entries) => {
            for (key, value) in entries {
                let meant = ["emptyDir", "namespaceSelector"].contains(&key.as_str());
                assert!(meant || *value != json!({}), "{name}: {key} is an empty map");
                is_kept_as_written(name, value);
            }
        }
        _ => {}
    }
}

/// Reads an object into its type, which fails on what that does not know.
fn is_what_kubernetes_knows(name: &str, object: &Value) {
    match object["kind"].as_str().expect("a kind") {
        "Namespace" => read_back::<Namespace>(name, object),
        "ServiceAccount" => read_back::<ServiceAccount>(name, object),
        "Role" => read_back::<Role>(name, object),
        "RoleBinding" => read_back::<RoleBinding>(name, object),
        "ConfigMap" => read_back::<ConfigMap>(name, object),
        "Secret" => read_back::<Secret>(name, object),
        "NetworkPolicy" => read_back::<NetworkPolicy>(name, object),
        "Service" => read_back::<Service>(name, object),
        "Deployment" => read_back::<Deployment>(name, object),
        "StatefulSet" => read_back::<StatefulSet>(name, object),
        "Job" => read_back::<Job>(name, object),
        "PodDisruptionBudget" => read_back::<PodDisruptionBudget>(name, object),
        "ScaledJob" => read_back::<JobSpec>(name, &object["spec"]["jobTargetRef"]),
        "ScaledObject" | "TriggerAuthentication" => {}
        kind => panic!("{name}: no rule for {kind}"),
    }
}

fn read_back<T: DeserializeOwned>(name: &str, value: &Value) {
    let mut ignored = Vec::new();
    let read: Result<T, _> = serde_ignored::deserialize(value, |path| ignored.push(path.to_string()));
    assert!(read.is_ok(), "{name}: {}: {value}", read.err().map(|error| error.to_string()).unwrap_or_default());
    assert!(ignored.is_empty(), "{name}: {ignored:?}");
}

fn has_the_labels(name: &str, object: &Value) {
    let labels = object["metadata"]["labels"].as_object().expect("labels");
    for key in ["name", "instance", "component", "part-of", "managed-by", "version"] {
        let value = labels[&format!("app.kubernetes.io/{key}")].as_str().expect("text");
        let fits = !value.is_empty() && value.len() <= 63 && value.chars().next().is_some_and(char::is_alphanumeric);
        assert!(fits, "{name}: {key}: {value}");
    }
    assert_eq!(labels["app.kubernetes.io/instance"], object["metadata"]["name"], "{name}");
    let selected = object["spec"]["selector"].to_string() + &object["spec"]["podSelector"].to_string();
    assert!(!selected.contains("/version"), "{name}: a selector cannot be changed: {selected}");
}

/// Under the strictest of the Pod Security Standards, with limits to everything.
fn is_hardened(name: &str, objects: &[Value], template: &Value) {
    let pod = &template["spec"];
    // The exporter alone talks to the API server.
    let exports = template["metadata"]["labels"]["app.kubernetes.io/component"] == "exporter";
    assert_eq!(pod["automountServiceAccountToken"], exports, "{name}");
    assert_eq!(pod["enableServiceLinks"], false, "{name}");
    for of_the_node in ["hostNetwork", "hostPID", "hostIPC", "serviceAccount"] {
        assert!(pod[of_the_node].is_null(), "{name}: {of_the_node}");
    }
    for volume in pod["volumes"].as_array().into_iter().flatten() {
        assert!(volume["hostPath"].is_null(), "{name}: {volume}");
    }
    let account =
        |object: &&Value| object["kind"] == "ServiceAccount" && object["metadata"]["name"] == pod["serviceAccountName"];
    assert!(objects.iter().any(|object| account(&object)), "{name}: no account {}", pod["serviceAccountName"]);
    let security = &pod["securityContext"];
    assert_eq!(security["runAsNonRoot"], true, "{name}");
    assert_eq!(security["seccompProfile"]["type"], "RuntimeDefault", "{name}");
    for id in ["runAsUser", "runAsGroup"] {
        assert!(security[id].as_i64().expect("an id") >= 10_000, "{name}: {id}");
    }
    for container in pod["containers"].as_array().expect("containers") {
        let security = &container["securityContext"];
        assert_eq!(security["readOnlyRootFilesystem"], true, "{name}");
        assert_eq!(security["allowPrivilegeEscalation"], false, "{name}");
        assert_eq!(security["capabilities"]["drop"][0], "ALL", "{name}");
        for amount in ["requests", "limits"] {
            for resource in ["cpu", "memory", "ephemeral-storage"] {
                assert!(container["resources"][amount][resource].is_string(), "{name}: no {amount} of {resource}");
            }
        }
        let image = container["image"].as_str().expect("an image");
        assert!(image.contains([':', '@']) && !image.ends_with(":latest"), "{name}: {image}");
        assert_eq!(container["imagePullPolicy"], "Always", "{name}");
        let (live, ready) = (&container["livenessProbe"], &container["readinessProbe"]);
        assert!(live.is_null() || live != ready, "{name}: one question asked twice");
        let mut names = BTreeSet::new();
        for variable in container["env"].as_array().into_iter().flatten() {
            assert!(names.insert(variable["name"].to_string()), "{name}: {variable} twice");
            let open = !variable["value"].is_null();
            let is_setting = variable["name"]
                .as_str()
                .is_some_and(|name| ["QSCALE_", "REDIS_", "LIST_NAME"].iter().any(|prefix| name.starts_with(prefix)));
            let allowed = !is_setting || variable["name"] == "QSCALE_HEARTBEAT";
            assert!(!open || allowed, "{name}: {variable} is no part of the ConfigMap");
        }
    }
}

/// A policy in both directions, a budget and a place apart for what is scaled, and no count that KEDA did not choose.
fn is_guarded(name: &str, objects: &[Value], object: &Value, template: &Value) {
    let chosen = |kind: &str| {
        let of_kind = objects.iter().filter(|other| other["kind"] == kind);
        of_kind.filter(|other| selects(other, template)).collect::<Vec<_>>()
    };
    let bare = name.ends_with("-bare");
    let policies = chosen("NetworkPolicy");
    assert_eq!(policies.len(), usize::from(!bare), "{name}: {policies:?}");
    for policy in policies {
        assert_eq!(policy["spec"]["policyTypes"], serde_json::json!(["Ingress", "Egress"]), "{name}");
    }
    let component = &object["metadata"]["labels"]["app.kubernetes.io/component"];
    let scaled = component == "consumer" && object["kind"] != "ScaledJob";
    let budgets = chosen("PodDisruptionBudget");
    assert_eq!(budgets.len(), usize::from(scaled && !bare), "{name}: {budgets:?}");
    for budget in budgets {
        assert_eq!(budget["spec"]["maxUnavailable"], 1, "{name}");
        assert_eq!(budget["spec"]["unhealthyPodEvictionPolicy"], "AlwaysAllow", "{name}");
    }
    if scaled {
        assert!(object["spec"]["replicas"].is_null(), "{name}: the count is KEDA's");
        assert!(!template["spec"]["containers"][0]["readinessProbe"].is_null(), "{name}");
        let apart = &template["spec"]["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"];
        assert_eq!(apart[0]["podAffinityTerm"]["topologyKey"], "kubernetes.io/hostname", "{name}");
        assert_eq!(template["spec"]["topologySpreadConstraints"][0]["whenUnsatisfiable"], "ScheduleAnyway", "{name}");
    }
    if object["kind"] == "Job" {
        // Taken away after a time, it would be made anew by the next apply, and push all items again.
        let excused = &object["metadata"]["annotations"]["ignore-check.kube-linter.io/job-ttl-seconds-after-finished"];
        assert!(excused.is_string() && object["spec"]["ttlSecondsAfterFinished"].is_null(), "{name}: {object}");
    }
    if object["kind"] == "StatefulSet" {
        let service =
            |other: &&Value| other["kind"] == "Service" && other["metadata"]["name"] == object["spec"]["serviceName"];
        let service = objects.iter().find(service).unwrap_or_else(|| panic!("{name}: no Service"));
        assert_eq!(service["spec"]["clusterIP"], "None", "{name}");
        assert!(selects(service, template), "{name}");
    }
}

/// Objects come after those that they need.
fn come_in_order(name: &str, objects: &[Value]) {
    let place = |kind: &str| {
        let order = [
            &["Namespace"][..],
            &["ServiceAccount", "Role", "RoleBinding"],
            &["ConfigMap"],
            &["Secret"],
            &[
                "TriggerAuthentication",
                "NetworkPolicy",
                "Service",
                "Deployment",
                "StatefulSet",
                "Job",
                "PodDisruptionBudget",
            ],
            &["ScaledObject", "ScaledJob"],
        ];
        order.iter().position(|kinds| kinds.contains(&kind)).unwrap_or_else(|| panic!("{name}: {kind}"))
    };
    let places: Vec<usize> = objects.iter().map(|object| place(object["kind"].as_str().expect("a kind"))).collect();
    assert!(places.is_sorted(), "{name}: {places:?}");
    let mut names = BTreeSet::new();
    for object in objects {
        let one = format!("{}/{}", object["kind"], object["metadata"]["name"]);
        assert!(names.insert(one.clone()), "{name}: {one} twice");
    }
}

fn stay_in_one_namespace(name: &str, objects: &[Value]) {
    let objects = objects.iter().filter(|object| object["kind"] != "Namespace");
    let namespaces: BTreeSet<String> = objects.map(|object| object["metadata"]["namespace"].to_string()).collect();
    assert_eq!(namespaces.len(), 1, "{name}: {namespaces:?}");
}

/// No policy, budget or Service stands for pods that are not there.
fn select_what_is_there(name: &str, objects: &[Value]) {
    let templates: Vec<&Value> = objects.iter().filter_map(template).collect();
    for object in objects {
        if ["NetworkPolicy", "PodDisruptionBudget", "Service"].contains(&object["kind"].as_str().expect("a kind")) {
            let found = templates.iter().filter(|template| selects(object, template)).count();
            assert_eq!(found, 1, "{name}: {}", object["metadata"]["name"]);
        }
    }
}

/// Returns whether the selector of `object` matches the pods of `template`.
fn selects(object: &Value, template: &Value) -> bool {
    let spec = &object["spec"];
    let selectors = [&spec["podSelector"]["matchLabels"], &spec["selector"]["matchLabels"], &spec["selector"]];
    let selector = selectors.into_iter().find_map(Value::as_object).expect("a selector");
    let labels = &template["metadata"]["labels"];
    selector.iter().all(|(key, value)| labels[key] == *value)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever it is, wherever it is said, however it is rendered, and whether the profile is right or wrong.
    #[test]
    fn rendered_manifests_hold_no_password(
        rest in "[!-~]{4,24}",
        way in 0..WAYS.len(),
        fault in prop::sample::select(vec!["", "list-length = 0", "pasword = 5", "min-replica-count = 7"]),
    ) {
        let password = format!("{MARKER}{rest}");
        let in_url = utf8_percent_encode(&password, NON_ALPHANUMERIC).to_string();
        let url = format!("rediss://app:{in_url}@redis.example.com:6380/3");
        let profile = format!("{}\n[deploy]\nsecret = \"redis\"\n[scale]\n{fault}\n", match rest.len() % 3 {
            0 => format!("[redis]\nurl = \"{url}\""),
            1 => "[redis]\nhost = \"redis.example.com\"\npassword-file = \"password\"".to_owned(),
            _ => "[redis]\nhost = \"redis.example.com\"".to_owned(),
        });
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("qscale.toml", &profile), ("password", &password)] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let run = Qscale::new(["--verbose", "render"]).args(WAYS[way]).in_folder(folder.path());
        let run = run.env("REDIS_URL", &url).env("REDIS_PASSWORD", &password).env("REDIS_PASSWORD_FILE", "password");
        let Finished { status, stdout, stderr, .. } = run.output();
        let files = fs::read_dir(folder.path().join("objects")).into_iter().flatten().flatten();
        let files = files.map(|file| fs::read_to_string(file.path()).unwrap_or_default());
        let written = files.chain([stdout, stderr]).collect::<String>();
        let in_base64 = STANDARD.encode(&password);
        for hidden in ["s3cret", in_base64.trim_end_matches('=')] {
            prop_assert!(!written.contains(hidden), "{written}");
        }
        prop_assert!(status == 0 || !fault.is_empty(), "{written}");
    }
}

#[test]
fn secret_is_written_on_request_with_placeholders() {
    let (_, text) = matrix().into_iter().find(|(name, _)| name == "certificates-deployment").unwrap();
    let run = Qscale::new(["render"]).file("qscale.toml", &text).output().exits(0);
    assert!(run.stderr.contains("replace them before applying it"), "{}", run.stderr);
    let objects = documents(&run.stdout);
    let secret = objects.iter().find(|object| object["kind"] == "Secret").unwrap();
    let held = secret["stringData"].as_object().unwrap();
    assert_eq!(held.keys().collect::<Vec<_>>(), ["ca", "cert", "key", "password", "user"]);
    assert!(held.values().all(|value| value.as_str().unwrap().starts_with("<replace this with ")), "{held:?}");
    // And every one of them is a file or a variable of the pods, and a parameter of KEDA's.
    let authentication = objects.iter().find(|object| object["kind"] == "TriggerAuthentication").unwrap();
    let known: Vec<_> = authentication["spec"]["secretTargetRef"].as_array().unwrap().iter().collect();
    let parameters: Vec<_> = known.iter().map(|one| one["parameter"].as_str().unwrap()).collect();
    assert_eq!(parameters, ["username", "password", "ca", "cert", "key"]);
    let config = objects.iter().find(|object| object["kind"] == "ConfigMap").unwrap();
    assert_eq!(config["data"]["REDIS_TLS_CERT"], "/etc/qscale/tls/tls.crt");
    assert_eq!(config["data"]["REDIS_TLS_KEY"], "/etc/qscale/tls/tls.key");

    let without = text.replace("write-secret = true\n", "");
    assert!(!yaml(&without).contains("kind: Secret"), "it was not requested");
}

#[test]
fn configuration_changes_restart_the_pods() {
    let checksum = |text: &str| {
        let objects = documents(&yaml(text));
        let is_consumer =
            |object: &Value| object["metadata"]["name"].as_str().is_some_and(|name| name.ends_with("-consumer"));
        let pods = objects.iter().find(|object| is_consumer(object) && template(object).is_some());
        template(pods.unwrap()).unwrap()["metadata"]["annotations"]["checksum/config"].as_str().unwrap().to_owned()
    };
    let before = checksum(ELSEWHERE);
    assert_eq!(before, checksum(&format!("{ELSEWHERE}[deploy]\nnamespace = \"other\"\n")));
    for change in ["port = 7000\n", "[queue]\nlist = \"other\"\n", "[consume]\nconcurrency = 2\n"] {
        assert_ne!(before, checksum(&format!("{ELSEWHERE}{change}")), "{change}");
    }
}

#[test]
fn settings_reach_the_program_unchanged() {
    let text = format!(
        "{ELSEWHERE}[produce]\npayload = \"$(HOME) $$ {{int:1..2}}\"\n[consume]\nwork = \"1s..2s\"\n\
                        command = [\"./w\", \"$(X)\"]\n[deploy]\nproducer = true\n"
    )
    .replace("work = \"1s..2s\"\n", "");
    let objects = documents(&yaml(&text));
    let of = |name: &str| {
        let found = objects.iter().find(|object| object["metadata"]["name"] == name && template(object).is_some());
        arguments(found.unwrap(), &objects)
    };
    assert_eq!(of("qscale-producer"), ["produce"]);
    let settings = objects.iter().find(|object| object["kind"] == "ConfigMap").unwrap();
    assert_eq!(settings["data"]["QSCALE_PAYLOAD"], "$(HOME) $$ {int:1..2}");
    assert_eq!(of("qscale-consumer"), ["consume", "--", "./w", "$(X)"]);
}

#[test]
fn network_policy_opens_egress_for_commands_only() {
    for (name, objects) in rendered() {
        for policy in objects.iter().filter(|object| object["kind"] == "NetworkPolicy") {
            let open =
                policy["spec"]["egress"].as_array().into_iter().flatten().any(|rule| rule.get("ports").is_none());
            let component = &policy["metadata"]["labels"]["app.kubernetes.io/component"];
            let (of_consumers, of_exporter) = (component == "consumer", component == "exporter");
            let commanded = ["-command", "worker.toml", "sidecar.toml"].iter().any(|end| name.ends_with(end));
            // The servers of a cluster name ports that no profile knows.
            let expected = name.starts_with("cluster-") || name.starts_with("sentinel-") || of_consumers && commanded
                // The API server has an address that no rule can name.
                || of_exporter;
            assert!(!open || expected, "{name}: {policy}");
            if of_consumers && name.ends_with("-command") {
                assert!(open, "{name}: {policy}");
                assert_eq!(policy["spec"]["ingress"][0]["ports"][0]["port"], "metrics", "{name}");
            }
        }
    }
}

/// Texts that YAML 1.1 reads as a number, a boolean, a date or null stay texts.
#[test]
fn texts_are_texts_in_yaml_1_1() {
    for text in [
        "yes",
        "NO",
        "on",
        "y",
        "~",
        "null",
        "1_000",
        "0x1F",
        "0o17",
        "017",
        "1e3",
        ".inf",
        "12:30:45",
        "2001-01-01",
        "=",
        "<<",
    ] {
        let yaml = yaml(&format!("{ELSEWHERE}[queue]\nlist = \"{text}\"\n"));
        let line = yaml.lines().find(|line| line.trim_start().starts_with("LIST_NAME:")).unwrap();
        let value = line.trim_start().trim_start_matches("LIST_NAME: ");
        assert!(value.starts_with(['"', '\'']), "{text}: {line}");
    }
}

#[test]
fn exporter_may_read_what_scales_the_consumers_and_nothing_else() {
    for (table, target, extra) in [
        ("", "--target=apps/v1/Deployment/qscale-consumer", None),
        ("workload = \"StatefulSet\"", "--target=apps/v1/StatefulSet/qscale-consumer", None),
        (
            "target = { api-version = \"argoproj.io/v1alpha1\", kind = \"Rollout\", name = \"w\" }",
            "--target=argoproj.io/v1alpha1/Rollout/w",
            Some("rollouts"),
        ),
        ("[scale]\nkind = \"ScaledJob\"", "--target=ScaledJob/qscale-consumer", None),
    ] {
        let text =
            format!("[redis]\nhost = \"r.example.com\"\n[deploy]\nnamespace = \"n\"\nexporter = true\n{table}\n");
        let objects = documents(&yaml(&text));
        let find = |kind: &str| {
            let own = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == "qscale-exporter";
            objects.iter().find(own).unwrap_or_else(|| panic!("{text}: no {kind}"))
        };
        let rules = find("Role")["rules"].as_array().expect("rules").clone();
        assert!(rules.iter().all(|rule| rule["verbs"] == json!(["get", "list", "watch"])), "{rules:?}");
        let readable = |resource: &str| rules.iter().any(|rule| rule["resources"].to_string().contains(resource));
        assert!(readable("\"pods\"") && !readable("secrets") && extra.is_none_or(readable), "{rules:?}");
        let arguments = &find("Deployment")["spec"]["template"]["spec"]["containers"][0]["args"];
        assert_eq!(*arguments, json!(["watch", "--metrics=0.0.0.0:9090", "--every=5s", target]));
        assert_eq!(find("RoleBinding")["subjects"][0]["name"], "qscale-exporter");
        assert_eq!(find("Service")["spec"]["ports"][0]["port"], 9090);
        assert_eq!(find("RoleBinding")["subjects"][0]["namespace"], "n");
        let linted = Qscale::new(["render", "--lint", "-"]).input(yaml(&text)).output();
        assert!(!linted.stdout.contains("exporter"), "{}", linted.stdout);
    }
}
