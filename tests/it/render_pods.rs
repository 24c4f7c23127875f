//! Pods that `[deploy]` describes: as Kubernetes reads them, in every kind of workload.

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::{Value, json};

use crate::support::manifest::{arguments, documents, template, variables};
use crate::support::{Finished, Qscale, RedisServer};

/// All keys that describe pods.
const PODS: &str = r#"
[redis]
host = "redis.example.com"
[consume]
command = ["python3", "worker.py"]
timeout = "10s"
[deploy]
name = "orders"
producer = true
image-pull-secrets = ["registry", "mirror"]
env = { LOG_LEVEL = "$(x)", DATABASE_URL = { secret = "database", key = "url" }, REGION = { config-map = "c", key = "r", optional = true } }
env-from = [{ config-map = "settings" }, { secret = "payments", prefix = "PAY_", optional = true }]
service-account = "orders"
labels = { "example.com/team" = "orders" }
annotations = { "example.com/owner" = "me" }
node-selector = { "kubernetes.io/arch" = "arm64" }
priority-class = "batch"
read-only-root = false
tolerations = [{ key = "dedicated", operator = "Exists", effect = "NoExecute", seconds = 60 }]
topology-spread = [{ topology-key = "kubernetes.io/hostname", max-skew = 2, when-unsatisfiable = "DoNotSchedule" }]
[deploy.affinity.nodeAffinity]
requiredDuringSchedulingIgnoredDuringExecution = { nodeSelectorTerms = [{ matchExpressions = [{ key = "gpu", operator = "Exists" }] }] }
[[deploy.volumes]]
name = "models"
mount-path = "/models"
claim = "models"
read-only = true
[[deploy.volumes]]
name = "rules"
mount-path = "/etc/rules.json"
sub-path = "rules.json"
config-map = "rules"
[[deploy.volumes]]
name = "cache"
mount-path = "/cache"
empty-dir = "1024Mi"
"#;

fn render(profile: &str) -> Finished {
    Qscale::new(["render", "--quiet"]).file("qscale.toml", profile).output()
}

fn objects(profile: &str) -> Vec<Value> {
    documents(&render(profile).exits(0).stdout)
}

/// Returns the rendered object of a kind and component.
fn find<'a>(objects: &'a [Value], kind: &str, component: &str) -> &'a Value {
    let is_meant = |object: &&Value| {
        object["kind"] == kind && object["metadata"]["labels"]["app.kubernetes.io/component"] == component
    };
    objects.iter().find(is_meant).unwrap_or_else(|| panic!("no {kind} of the {component}"))
}

#[test]
fn keys_of_pods_are_rendered() {
    let objects = objects(PODS);
    let pod = &find(&objects, "Deployment", "consumer")["spec"]["template"];
    let spec = &pod["spec"];
    let container = &spec["containers"][0];
    let env: Vec<Value> = serde_json::from_value(container["env"].clone()).unwrap();
    let of = |name: &str| env.iter().find(|variable| variable["name"] == name).cloned().unwrap_or_default();
    assert_eq!(of("LOG_LEVEL"), json!({ "name": "LOG_LEVEL", "value": "$$(x)" }));
    assert_eq!(of("DATABASE_URL")["valueFrom"]["secretKeyRef"], json!({ "name": "database", "key": "url" }));
    assert_eq!(of("REGION")["valueFrom"]["configMapKeyRef"], json!({ "name": "c", "key": "r", "optional": true }));
    assert_eq!(of("HOME")["value"], "/tmp");
    assert_eq!(
        container["envFrom"],
        json!([
            { "configMapRef": { "name": "orders" } },
            { "configMapRef": { "name": "settings" } },
            { "prefix": "PAY_", "secretRef": { "name": "payments", "optional": true } },
        ])
    );
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], false);
    assert_eq!(
        container["resources"]["limits"],
        json!({ "cpu": "1", "ephemeral-storage": "512Mi", "memory": "512Mi" })
    );
    let mounts: Vec<&str> =
        container["volumeMounts"].as_array().unwrap().iter().filter_map(|mount| mount["mountPath"].as_str()).collect();
    assert_eq!(mounts, ["/models", "/etc/rules.json", "/cache", "/tmp"]);
    let volumes = spec["volumes"].as_array().unwrap();
    assert_eq!(
        volumes[0],
        json!({ "name": "models", "persistentVolumeClaim": { "claimName": "models", "readOnly": true } })
    );
    assert_eq!(volumes[1], json!({ "name": "rules", "configMap": { "name": "rules" } }));
    assert_eq!(volumes[2], json!({ "name": "cache", "emptyDir": { "sizeLimit": "1Gi" } }));
    assert_eq!(spec["imagePullSecrets"], json!([{ "name": "registry" }, { "name": "mirror" }]));
    assert_eq!(spec["serviceAccountName"], "orders");
    assert_eq!(spec["priorityClassName"], "batch");
    assert_eq!(spec["nodeSelector"], json!({ "kubernetes.io/arch": "arm64" }));
    assert_eq!(
        spec["tolerations"],
        json!([{ "effect": "NoExecute", "key": "dedicated", "operator": "Exists", "tolerationSeconds": 60 }])
    );
    assert_eq!(spec["topologySpreadConstraints"][0]["whenUnsatisfiable"], "DoNotSchedule");
    assert_eq!(spec["topologySpreadConstraints"][0]["maxSkew"], 2);
    assert!(spec["affinity"]["nodeAffinity"].is_object() && spec["affinity"]["podAntiAffinity"].is_object(), "{spec}");
    assert_eq!(pod["metadata"]["labels"]["example.com/team"], "orders");
    assert_eq!(pod["metadata"]["annotations"]["example.com/owner"], "me");
    assert!(objects.iter().all(|object| object["metadata"]["labels"]["example.com/team"] == "orders"));
    assert!(!objects.iter().any(|object| object["kind"] == "ServiceAccount"), "an existing one is used");
}

#[test]
fn producer_has_nothing_of_the_command() {
    let objects = objects(PODS);
    let spec = &find(&objects, "Deployment", "producer")["spec"]["template"]["spec"];
    let container = &spec["containers"][0];
    let text = container.to_string();
    assert!(
        !text.contains("DATABASE_URL") && !text.contains("payments") && container["volumeMounts"].is_null(),
        "{text}"
    );
    assert_eq!(container["resources"]["limits"]["memory"], "128Mi");
    assert!(spec["affinity"].is_null() && spec["priorityClassName"].is_null(), "{spec}");
    assert_eq!(spec["nodeSelector"], json!({ "kubernetes.io/arch": "arm64" }));
    assert_eq!(spec["serviceAccountName"], "orders");
}

#[test]
fn pods_are_written_as_kubernetes_reads_them() {
    let workloads = ["", "workload = \"StatefulSet\"\n", "\n[scale]\nkind = \"ScaledJob\"\n"];
    for more in workloads {
        let (before, after) = if more.starts_with('\n') { ("", more) } else { (more, "") };
        let profile = PODS.replace("[deploy]\n", &format!("[deploy]\n{before}")) + after;
        let objects = objects(&profile);
        let pods: Vec<&Value> = objects.iter().filter_map(template).collect();
        assert_eq!(pods.len(), 2, "{more}");
        for pod in pods {
            let typed: PodTemplateSpec = serde_json::from_value(pod.clone()).unwrap();
            assert_eq!(serde_json::to_value(typed).unwrap(), *pod, "a field is unknown to Kubernetes");
        }
        for object in objects {
            let again = match object["kind"].as_str() {
                Some("Deployment") => serde_json::from_value::<Deployment>(object.clone()).map(serde_json::to_value),
                Some("StatefulSet") => serde_json::from_value::<StatefulSet>(object.clone()).map(serde_json::to_value),
                _ => continue,
            };
            assert_eq!(again.unwrap().unwrap(), object, "a field is unknown to Kubernetes");
        }
    }
}

#[test]
fn patch_is_laid_over_the_pods_of_consumers() {
    let patch = "spec:\n  hostNetwork: true\n  initContainers:\n  - name: proxy\n    image: proxy:1\n    restartPolicy: Always\n  \
                 containers:\n  - name: consumer\n    resources:\n      limits:\n        cpu: null\n";
    let profile = format!("{PODS}\n[env.patched.deploy]\npatch = \"pod.yaml\"\n");
    let run = Qscale::new(["render", "--quiet", "--env", "patched"]).file("qscale.toml", &profile);
    let objects = documents(&run.file("pod.yaml", patch).output().exits(0).stdout);
    let spec = &find(&objects, "Deployment", "consumer")["spec"]["template"]["spec"];
    assert_eq!((&spec["hostNetwork"], &spec["initContainers"][0]["restartPolicy"]), (&json!(true), &json!("Always")));
    let limits = &spec["containers"][0]["resources"]["limits"];
    assert!(limits["cpu"].is_null() && limits["memory"] == "512Mi", "{limits}");
    assert!(find(&objects, "Deployment", "producer")["spec"]["template"]["spec"]["hostNetwork"].is_null());
}

#[test]
fn patch_that_does_not_fit_is_refused() {
    let profile = "[redis]\nhost = \"a.example.com\"\n[deploy]\npatch = \"pod.yaml\"\n";
    let missing = render(profile).exits(78).stderr;
    assert!(
        missing.starts_with("error: qscale.toml:4:9: deploy.patch: cannot read `pod.yaml`: No such file"),
        "{missing}"
    );
    let unknown = Qscale::new(["render"]).file("qscale.toml", profile).file("pod.yaml", "spec: {hostNetwrk: true}");
    let unknown = unknown.output().exits(78).stderr;
    assert!(unknown.contains("deploy.patch: `pod.yaml` has an unknown field `spec.hostNetwrk`"), "{unknown}");
}

#[test]
fn patch_with_which_the_api_server_refuses_the_pods_is_refused() {
    let of = |kind: &str, spec: &str| {
        let profile =
            format!("[redis]\nhost = \"a.example.com\"\n[scale]\nkind = \"{kind}\"\n[deploy]\npatch = \"pod.yaml\"\n");
        Qscale::new(["render"]).file("qscale.toml", &profile).file("pod.yaml", format!("spec: {spec}")).output()
    };
    for (spec, said) in [
        ("{containers: [{name: proxy}]}", "adds the container `proxy` without an image"),
        ("{initContainers: [{name: proxy, image: ''}]}", "adds the container `proxy` without an image"),
        ("{restartPolicy: Never}", "sets the restart policy `Never`: these pods need `Always`"),
        (
            "{containers: [{name: consumer, resources: {limits: {memory: 512Megs}}}]}",
            "gives the container `consumer` `512Megs`, which is not a valid quantity",
        ),
        (
            "{containers: [{name: consumer, resources: {limits: {memory: 16Mi}}}]}",
            "leaves the container `consumer` a request of 32Mi memory above its limit of 16Mi",
        ),
        (
            "{containers: [{name: consumer, volumeMounts: [{name: models, mountPath: /models}]}]}",
            "mounts `models` in the container `consumer`: there is no such volume",
        ),
        ("{volumes: [{name: models, emptyDir: {sizeLimit: lots}}]}", "has a volume of `lots`"),
    ] {
        let refused = of("ScaledObject", spec).exits(78).stderr;
        assert!(refused.contains(&format!("deploy.patch: `pod.yaml` {said}")), "{spec}: {refused}");
    }
    let refused = of("ScaledJob", "{restartPolicy: OnFailure}").exits(78).stderr;
    assert!(refused.contains("`OnFailure`: these pods need `Never`"), "{refused}");
    for (kind, policy) in [("ScaledObject", "Always"), ("ScaledJob", "Never")] {
        of(
            kind,
            &format!(
                "{{restartPolicy: {policy}, containers: [{{name: consumer, resources: {{limits: {{cpu: 2}}}}}}]}}"
            ),
        )
        .exits(0);
    }
}

#[test]
fn values_that_do_not_fit_are_refused() {
    for (text, place, said) in [
        ("env = { QSCALE_WORK = \"1s\" }", "deploy.env.QSCALE_WORK", "is a setting of qscale"),
        ("env = { A = { secret = \"s\" } }", "", "missing key `key`"),
        ("env = { A = { key = \"k\" } }", "deploy.env.A", "requires `secret` or `config-map`"),
        ("env = { A = 5 }", "", "a text in quotes"),
        ("env = { \"1A\" = \"x\" }", "deploy.env.1A", "has an invalid name"),
        ("env-from = [{ secret = \"a\", config-map = \"b\" }]", "deploy.env-from[0]", "has both"),
        ("volumes = [{ name = \"a\", mount-path = \"/a\" }]", "deploy.volumes[0].name", "requires one of"),
        (
            "volumes = [{ name = \"a\", mount-path = \"a\", claim = \"c\" }]",
            "deploy.volumes[0].mount-path",
            "is not the absolute",
        ),
        (
            "volumes = [{ name = \"a\", mount-path = \"/tmp\", claim = \"c\" }]",
            "deploy.volumes[0].mount-path",
            "is taken by",
        ),
        ("tolerations = [{ effect = \"NoSchedule\" }]", "deploy.tolerations[0].operator", "must be \"Exists\""),
        ("labels = { \"app.kubernetes.io/name\" = \"x\" }", "deploy.labels.app.kubernetes.io/name", "is set by qscale"),
        ("labels = { a = \"b c\" }", "deploy.labels.a", "has an invalid value"),
        ("affinity = { nodeAfinity = {a = 1} }", "deploy.affinity", "has an unknown field `nodeAfinity`"),
        ("image-pull-secret = \"a\"", "", "did you mean `image-pull-secrets`?"),
        ("priority-class = \"A\"", "deploy.priority-class", "is not a valid name"),
        ("env = { A = \"b\" }\ntarget = { name = \"w\" }", "deploy.env", "is ignored: with `target`"),
    ] {
        let profile = format!("[redis]\nhost = \"a.example.com\"\n[deploy]\n{text}\n");
        let error = render(&profile).exits(78).stderr;
        assert!(error.contains(said) && error.contains(place), "{text}: {error}");
        assert!(error.starts_with("error: qscale.toml:"), "{text}: {error}");
    }
}

#[test]
fn password_in_a_variable_is_refused_and_not_shown() {
    for (env, place) in [
        ("env = { PASSWORD = \"s3cret77\" }", "qscale.toml:7:7: deploy.env: is a secret"),
        (
            "[deploy.env]\nDATABASE_URL = \"postgres://app:s3cret77@db/x\"",
            "qscale.toml:7:1: deploy.env: contains a password",
        ),
    ] {
        let profile = format!(
            "[redis]\nhost = \"a.example.com\"\n[consume]\ncommand = [\"w\"]\ntimeout = \"1s\"\n[deploy]\n{env}\n"
        )
        .replace("[deploy]\n[", "\n[");
        let run = render(&profile).exits(78);
        assert!(run.stderr.contains(place) && run.stderr.contains("keep it in a Secret"), "{}", run.stderr);
        assert!(!run.stderr.contains("s3cret77") && run.stdout.is_empty(), "{}", run.stderr);
    }
}

/// Settings of consumers, whatever their handler.
const SETTINGS: &str = r#"
batch = 3
linger = "10s"
rate = "1000/s"
timeout = "10s"
drain = "10s"
lease = "20s"
max-attempts = 5
max-crashes = 2
backoff = "1s..2s"
max-age = "1h"
stamp-field = "at"
expire-after = "1h"
expired = "drop"
dead-letter-limit = 5
dead-letter-max-age = "1h"
[produce]
batch = 50
"#;

#[test]
fn consumer_of_a_pod_has_the_settings_of_the_profile() {
    let help = Qscale::new(["consume", "--help"]).output().exits(0).stdout;
    let lines = "import json, sys\nprint('{\"ready\":true}', flush=True)\nfor line in sys.stdin: print(json.dumps({'ack': len(json.loads(line)) == 3}), flush=True)";
    for (handler, command, exit) in [
        ("handler = \"http\"\nurl = \"http://127.0.0.1:8080/\"", None, ""),
        (
            "handler = \"lines\"\nready-within = \"1h\"\nrestart-after = 90\nper-process = 1",
            Some(["python3", "-c", lines]),
            "",
        ),
        (
            "separator = \"nul\"\nkill-after = \"1s\"",
            Some(["sh", "-c", "test $QSCALE_BATCH = 3"]),
            "exit = { dead = [3] }\n",
        ),
    ] {
        let run_by = command.map(|words| format!("command = {words:?}\n{exit}")).unwrap_or_default();
        let profile = format!("[redis]\nhost = \"r.data\"\n[consume]\n{handler}\n{run_by}{SETTINGS}");
        let objects = objects(&profile);
        let consumer = find(&objects, "Deployment", "consumer");
        let variables = variables(consumer, &objects);
        let settings = variables.iter().filter(|(name, _)| name.starts_with("QSCALE_") && name != "QSCALE_BATCH");
        for (name, _) in settings.clone() {
            let is_read = help.contains(&format!("[env: {name}]")) || name == "QSCALE_PROFILE";
            assert!(is_read, "{name} is not read by `consume`");
        }
        let server = RedisServer::start();
        server.push("mylist", ["a", "b", "c"]);
        let mut words = arguments(consumer, &objects);
        words.splice(1..1, ["--redis", &server.url(), "--max-items", "3"].map(str::to_owned));
        let run = settings.fold(Qscale::new(&words), |run, (name, value)| run.env(name, value));
        if command.is_some() {
            run.output().exits(0);
            assert_eq!(server.keys(), ["{mylist}:stats"], "{handler}");
        }
    }
}
