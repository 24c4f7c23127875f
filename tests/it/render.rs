//! `qscale render`: k8s/ is current, and what is written is what Kubernetes and KEDA read.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::manifest::{arguments, documents, shipped, template, variables};
use serde_json::Value;
use tempfile::TempDir;

/// A password that is nowhere else.
const MARKER: &str = "s3cret-marker";

/// Everything that can be rendered at once; the text is what YAML 1.1 would read as something else.
const EVERYTHING: &str = r#"
[redis]
url = "rediss://app:s3cret-marker@redis.example.com:6380/3"
tls-skip-verify = true
[queue]
list = "yes"
[produce]
batch = 3
rate = "30/m"
payload = "on"
[consume]
concurrency = 4
work = "1500ms"
drain = "90s"
[scale]
min-replica-count = 1
max-replica-count = 7
list-length = 10
activation-list-length = 2
[scale.behavior.scale-down]
stabilization-window = "1m"
policies = [{ type = "Pods", value = 1, period = "30s" }]
[deploy]
name = "all"
namespace = "no"
create-namespace = true
image = "registry.example.com:5000/qscale:1"
image-pull-policy = "IfNotPresent"
image-pull-secrets = ["registry"]
secret = "redis"
secret-ca-key = "ca.pem"
producer = true
[deploy.resources.limits]
cpu = "1"
"#;

#[test]
fn manifests_in_k8s_are_current() {
    for profile in shipped() {
        let path = Path::new("k8s").join(profile.file_stem().unwrap()).with_extension("yaml");
        let shipped = fs::read_to_string(&path).unwrap_or_default();
        let rendered = rendered(&["--profile", profile.to_str().unwrap(), "render"]);
        assert!(shipped == rendered, "{} is not what `render` writes: run `make regenerate`", path.display());
    }
}

#[test]
fn built_in_profile_is_the_demo() {
    assert_eq!(rendered(&["render"]), rendered(&["--profile", "config/demo.toml", "render"]));
}

#[test]
fn render_is_reproducible_in_any_environment() {
    let folder = TempDir::new().unwrap();
    let profile = write(&folder, EVERYTHING);
    let variables = [
        ("REDIS_URL", "redis://:s3cret-marker@elsewhere"),
        ("REDIS_HOST", "elsewhere"),
        ("REDIS_PASSWORD", MARKER),
        ("REDIS_PORT", "tcp://10.0.0.1:6379"),
        ("LIST_NAME", "elsewhere"),
    ];
    let here = rendered(&["--profile", &profile, "render"]);
    let elsewhere = qscale(&["--profile", &profile, "render"]).envs(variables).output().unwrap();
    assert_eq!(here, stdout(elsewhere));
}

#[test]
fn password_is_never_written() {
    let folder = TempDir::new().unwrap();
    let output = qscale(&["--verbose", "--profile", &write(&folder, EVERYTHING), "render"])
        .env("REDIS_PASSWORD", MARKER)
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && !said.contains(MARKER), "{said}");

    // Without a Secret to name there is no way to render it at all.
    let text = EVERYTHING.replace("secret = \"redis\"\nsecret-ca-key = \"ca.pem\"\n", "");
    let output = qscale(&["--verbose", "--profile", &write(&folder, &text), "render"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("`secret` in [deploy]") && !said.contains(MARKER), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn replicas_are_left_out_of_a_scaled_deployment() {
    for (name, document) in all_documents() {
        if document["kind"] == "ScaledObject" {
            let target = &document["spec"]["scaleTargetRef"];
            let deployment = find(&name, target["kind"].as_str().unwrap(), target["name"].as_str().unwrap());
            assert_eq!(deployment["spec"].get("replicas"), None, "{name}");
            assert_eq!(deployment["metadata"]["namespace"], document["metadata"]["namespace"], "{name}");
        }
    }
}

#[test]
fn trigger_metadata_is_text() {
    let mut values = 0;
    for (name, document) in all_documents() {
        for trigger in document["spec"]["triggers"].as_array().into_iter().flatten() {
            for (key, value) in trigger["metadata"].as_object().unwrap() {
                assert!(value.is_string(), "{name}: {key}: {value}");
                values += 1;
            }
        }
    }
    assert!(values > 10, "only {values} values were looked at");
}

#[test]
fn profile_settings_are_rendered() {
    let consumer = find("everything", "Deployment", "all-consumer");
    let pod = &consumer["spec"]["template"]["spec"];
    // 90 s to drain, and a margin.
    assert_eq!(pod["terminationGracePeriodSeconds"], 100);
    assert_eq!(pod["imagePullSecrets"][0]["name"], "registry");
    let container = &pod["containers"][0];
    assert_eq!(container["imagePullPolicy"], "IfNotPresent");
    assert_eq!(container["resources"]["limits"]["cpu"], "1");
    let arguments = arguments(&consumer, &documents_of("everything"));
    assert_eq!(arguments, ["consume"]);
    let variables = container["env"].as_array().unwrap();
    let password = variables.iter().find(|variable| variable["name"] == "REDIS_PASSWORD").unwrap();
    assert_eq!(password["valueFrom"]["secretKeyRef"]["name"], "redis");
    assert_eq!(container["envFrom"][0]["configMapRef"]["name"], "all");
    let settings = &find("everything", "ConfigMap", "all")["data"];
    assert_eq!(settings["REDIS_HOST"], "redis.example.com");
    assert_eq!(settings["REDIS_PORT"], "6380");
    assert_eq!(settings["REDIS_USERNAME"], "app");
    assert_eq!(settings["REDIS_TLS"], "true");
    assert_eq!(settings["REDIS_TLS_CA"], "/etc/qscale/tls/ca.crt");
    assert_eq!(settings["LIST_NAME"], "yes");
    assert_eq!(settings["QSCALE_PROFILE"], "/dev/null");
    assert_eq!(settings["QSCALE_CONCURRENCY"], "4");
    assert_eq!(settings["QSCALE_WORK"], "1s 500ms");
    assert_eq!(settings["QSCALE_DRAIN"], "1m 30s");

    let scaled = find("everything", "ScaledObject", "all-consumer");
    assert_eq!(scaled["spec"]["minReplicaCount"], 1);
    let behavior = &scaled["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"];
    assert_eq!(behavior["scaleDown"]["stabilizationWindowSeconds"], 60);
    assert_eq!(behavior["scaleDown"]["policies"].as_array().unwrap().len(), 1);
    assert_eq!(behavior["scaleUp"]["policies"].as_array().unwrap().len(), 2);
    let trigger = &scaled["spec"]["triggers"][0];
    assert_eq!(trigger["metadata"]["listName"], "yes");
    assert_eq!(trigger["metadata"]["activationListLength"], "2");
    let authentication = trigger["authenticationRef"]["name"].as_str().unwrap();
    let authentication = find("everything", "TriggerAuthentication", authentication);
    assert_eq!(authentication["spec"]["secretTargetRef"].as_array().unwrap().len(), 2, "password and ca");
}

#[test]
fn arguments_of_every_pod_parse() {
    let mut understood = 0;
    for name in all_names() {
        let documents = documents_of(&name);
        for document in documents.iter().filter(|document| template(document).is_some()) {
            if document["metadata"]["labels"]["app.kubernetes.io/name"] == "qscale" {
                let arguments = arguments(document, &documents);
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                // Past the command line and the profile, and no further.
                let folder = tempfile::tempdir().unwrap();
                let mut qscale = qscale(&arguments);
                let connection = |name: &str| name.starts_with("REDIS_");
                let settings = variables(document, &documents).into_iter().filter(|(name, _)| !connection(name));
                // Its ports and its folders are those of a pod.
                qscale.envs(settings).env_remove("QSCALE_METRICS").env_remove("QSCALE_HEARTBEAT");
                let qscale = qscale.args(["--reconnect-for=1s"].iter().filter(|_| arguments.len() == 1));
                qscale.current_dir(folder.path()).env("REDIS_URL", "unix:///nowhere/redis.sock");
                let qscale = qscale.env("QSCALE_CONNECT_FOR", "0s");
                let output = qscale.output().unwrap();
                let said = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.code(), Some(69), "{name}: {arguments:?}: {said}");
                understood += 1;
            }
        }
    }
    assert!(understood >= 8, "only {understood} containers were looked at");
}

#[test]
fn producer_that_ends_is_a_job() {
    let job = find("ending", "Job", "demo-producer");
    assert_eq!(job["spec"]["backoffLimit"], 0, "a second try would push everything twice");
}

#[test]
fn namespace_and_image_are_flags() {
    let documents =
        documents(&rendered(&["render", "--namespace", "elsewhere", "--image", "registry.example.com/qscale:2"]));
    for document in &documents {
        let metadata = &document["metadata"];
        let namespace = if document["kind"] == "Namespace" { &metadata["name"] } else { &metadata["namespace"] };
        assert_eq!(namespace, "elsewhere", "{document}");
        if document["metadata"]["name"] == "demo-consumer" && document["kind"] == "Deployment" {
            let container = &document["spec"]["template"]["spec"]["containers"][0];
            assert_eq!(container["image"], "registry.example.com/qscale:2");
        }
        if document["kind"] == "ConfigMap" {
            assert_eq!(document["data"]["REDIS_HOST"], "redis.elsewhere.svc");
        }
    }
    for wrong in [["--namespace", "Not_A_Name"], ["--image", "untagged"]] {
        assert_eq!(qscale(&["render", wrong[0], wrong[1]]).output().unwrap().status.code(), Some(2), "{wrong:?}");
    }
}

/// Every profile that is looked at.
fn all_names() -> Vec<String> {
    let shipped = shipped().into_iter().map(|path| path.display().to_string());
    shipped.chain(["everything", "ending"].map(str::to_owned)).collect()
}

/// Every profile that is looked at, by name, with its documents.
fn all_documents() -> Vec<(String, Value)> {
    let documents = |name: String| documents_of(&name).into_iter().map(move |value| (name.clone(), value));
    all_names().into_iter().flat_map(documents).collect()
}

fn documents_of(name: &str) -> Vec<Value> {
    let folder = TempDir::new().expect("a folder");
    let profile = match name {
        "everything" => write(&folder, EVERYTHING),
        "ending" => {
            let demo = fs::read_to_string("config/demo.toml").expect("the demo's profile");
            write(&folder, &demo.replace("batch = 50", "batch = 50\ncount = 1000"))
        }
        path => path.to_owned(),
    };
    documents(&rendered(&["--profile", &profile, "render"]))
}

fn find(name: &str, kind: &str, object: &str) -> Value {
    let documents = documents_of(name).into_iter();
    let mut found = documents.filter(|document| document["kind"] == kind && document["metadata"]["name"] == object);
    found.next().unwrap_or_else(|| panic!("{name}: no {kind} {object}"))
}

fn write(folder: &TempDir, profile: &str) -> String {
    let path = folder.path().join("q.toml");
    fs::write(&path, profile).expect("the profile can be written");
    path.to_str().expect("a path in UTF-8").to_owned()
}

fn rendered(arguments: &[&str]) -> String {
    stdout(qscale(arguments).output().expect("qscale can be run"))
}

fn stdout(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("YAML is UTF-8")
}

/// The binary, in surroundings that say nothing.
fn qscale(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qscale"));
    command.args(arguments).env_clear();
    command
}
