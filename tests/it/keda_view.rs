//! What a real KEDA says about a list while something is wrong, asked with `kubectl`.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::wait_until;

/// Time in which KEDA notices a new object, or tells an event.
const NOTICED: Duration = Duration::from_secs(60);

/// Number of ScaledObjects so far, for their names.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// A cluster with KEDA, which reaches the loopback of this machine.
pub(crate) struct Keda {
    kubeconfig: String,
}

/// A ScaledObject whose trigger is `mylist`; deleted when dropped.
pub(crate) struct KedaView {
    keda: Keda,
    name: String,
}

impl Keda {
    /// The cluster of `FAULTS_KUBECONFIG`, if it names one.
    pub(crate) fn from_environment() -> Option<Self> {
        let kubeconfig = std::env::var("FAULTS_KUBECONFIG").ok().filter(|path| !path.is_empty())?;
        Some(Self { kubeconfig })
    }

    /// Lets KEDA poll the list of a Redis, as the flags of `qscale` name it, and waits until it does.
    pub(crate) fn watch(self, redis: &[&str]) -> KedaView {
        let name = format!("fault-{}-{}", std::process::id(), COUNT.fetch_add(1, Relaxed));
        let after = |flag: &str| redis.iter().skip_while(|word| **word != flag).nth(1).copied();
        let address = after("--addresses").or(after("--redis")).expect("an address").trim_start_matches("redis://");
        let kind = match after("--mode") {
            Some("sentinel") => "redis-sentinel",
            Some("cluster") => "redis-cluster",
            _ => "redis",
        };
        let key = if kind == "redis" { "address" } else { "addresses" };
        let mut metadata = json!({ key: address, "listName": "mylist", "listLength": "5" });
        if let Some(master) = after("--sentinel-master") {
            metadata["sentinelMaster"] = master.into();
        }
        let labels = json!({ "app": name });
        let container = json!({ "name": "worker", "image": "registry.k8s.io/pause:3.10" });
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
            "spec": {
                "replicas": 0,
                "selector": { "matchLabels": labels },
                "template": { "metadata": { "labels": labels }, "spec": { "containers": [container] } },
            },
        });
        let scaled_object = json!({
            "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": { "name": name },
            "spec": {
                "scaleTargetRef": { "name": name }, "pollingInterval": 1, "maxReplicaCount": 1,
                "triggers": [{ "type": kind, "metadata": metadata }],
            },
        });
        let view = KedaView { keda: self, name };
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": [deployment, scaled_object] });
        view.kubectl(&["apply", "--filename", "-"], &list.to_string());
        wait_until("KEDA polls the list", NOTICED, || {
            let object = view.kubectl(&["get", "scaledobject", &view.name, "--output", "json"], "");
            let object: Value = serde_json::from_str(&object).unwrap_or_default();
            let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
            ["Ready", "Active"].iter().all(|kind| {
                conditions.iter().any(|condition| condition["type"] == *kind && condition["status"] != "Unknown")
            })
        });
        view
    }
}

impl KedaView {
    /// Returns the first warning that KEDA has told about the object, without the addresses of this run.
    pub(crate) fn said(&self) -> String {
        let selector = format!("involvedObject.name={},type=Warning", self.name);
        let events = self.kubectl(&["get", "events", "--field-selector", &selector, "--output", "json"], "");
        let events: Value = serde_json::from_str(&events).expect("kubectl prints JSON");
        let events = events["items"].as_array().cloned().unwrap_or_default();
        let told = |event: &&Value| event["involvedObject"]["kind"] == "ScaledObject";
        let first = events.iter().filter(told).min_by_key(|event| event["firstTimestamp"].as_str().map(str::to_owned));
        let Some(first) = first else { return "nothing".to_owned() };
        let text = |field: &str| first[field].as_str().unwrap_or_default().to_owned();
        let message = text("message").replace(&self.name, "NAME").replace('|', "\\|");
        let message = message.lines().next().unwrap_or_default();
        format!("{}: {}", text("reason"), without_ports(message))
    }

    fn kubectl(&self, words: &[&str], input: &str) -> String {
        let mut command = Command::new("kubectl");
        command.args(["--kubeconfig", &self.keda.kubeconfig, "--request-timeout", "20s"]).args(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("kubectl can be started");
        process.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("kubectl reads its stdin");
        let output = process.wait_with_output().expect("kubectl ends");
        assert!(output.status.success(), "kubectl {words:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for KedaView {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let names = [format!("scaledobject/{}", self.name), format!("deployment/{}", self.name)];
        self.kubectl(&["delete", "--wait=false", &names[0], &names[1]], "");
    }
}

/// Returns `text` with ports as `PORT`: they differ from run to run.
fn without_ports(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| shown + "127.0.0.1:PORT" + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[test]
fn ports_of_a_run_are_not_kept() {
    let text = "dial tcp 127.0.0.1:41234->127.0.0.1:6379: refused (127.0.0.1)";
    assert_eq!(without_ports(text), "dial tcp 127.0.0.1:PORT->127.0.0.1:PORT: refused (127.0.0.1)");
}
