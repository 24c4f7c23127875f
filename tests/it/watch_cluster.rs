//! `watch` of a cluster with KEDA: reasons for the replicas, and recovery of its streams.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::api_server::{ApiServer, status};
use crate::support::{Proxy, Qscale, RedisServer, Running, SOON, wait_until};
use crate::watch::{NAMESPACE, deploy, in_cluster, push, samples, wait_for_sample};

const NAME: &str = "demo-consumer";

fn collection(api: &str, kind: &str) -> String {
    format!("{api}{NAMESPACE}{kind}")
}

/// A ScaledObject that KEDA found in order, with its HPA.
fn keda(api: &ApiServer, active: bool) {
    keda_of(api, active, &json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": NAME }));
}

/// The same for a target of any kind.
fn keda_of(api: &ApiServer, active: bool, reference: &Value) {
    let trigger =
        |key: &str, length: &str| json!({ "type": "redis", "metadata": { "listName": key, "listLength": length } });
    let scaled = json!({
        "metadata": { "name": NAME, "creationTimestamp": "2026-11-28T09:24:43Z" },
        "spec": {
            "scaleTargetRef": reference, "minReplicaCount": 0, "maxReplicaCount": 3, "pollingInterval": 5,
            "cooldownPeriod": 20, "triggers": [trigger("mylist", "5"), trigger("{mylist}:busy", "1")],
        },
        "status": { "conditions": [
            { "type": "Ready", "status": "True", "reason": "ScaledObjectReady", "message": "is ready" },
            { "type": "Active", "status": if active { "True" } else { "False" }, "reason": "ScalerActive" },
        ] },
    });
    let hpa = json!({
        "metadata": { "name": "keda-hpa-demo-consumer" },
        "spec": { "scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 3, "metrics": [] },
        "status": { "currentReplicas": 1, "conditions": [
            { "type": "AbleToScale", "status": "True", "reason": "ReadyForNewScale" },
            { "type": "ScalingActive", "status": "True", "reason": "ValidMetricFound" },
        ] },
    });
    api.put(&collection("/apis/keda.sh/v1alpha1", "scaledobjects"), scaled);
    api.put(&collection("/apis/autoscaling/v2", "horizontalpodautoscalers"), hpa);
}

#[track_caller]
fn wait_for_reason(running: &Running, part: &str) -> Value {
    wait_for_sample(running, part, |sample| sample["reason"].as_str().is_some_and(|reason| reason.contains(part)))
}

#[test]
fn reason_follows_from_the_live_objects_and_the_list() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    keda(&api, false);
    deploy(&api, "of-context", NAME, [0, 0, 0, 0]);
    let running = in_cluster(&redis, &api).spawn();
    let idle = wait_for_reason(&running, "KEDA: inactive: no active trigger");
    assert!(idle["next"]["what"].as_str().unwrap().starts_with("KEDA polls"), "{idle}");
    push(&redis, 40);
    deploy(&api, "of-context", NAME, [1, 0, 0, 0]);
    wait_for_reason(&running, "KEDA: activated: 40 waiting (activationListLength 0)");
    running.terminate();
    running.finish(SOON).exits(0);

    deploy(&api, "of-context", NAME, [3, 3, 3, 3]);
    let running = in_cluster(&redis, &api).spawn();
    wait_for_reason(&running, "HPA: 40 waiting ÷ 5 per pod = 8 replicas, capped at maxReplicaCount 3");
    running.terminate();
    running.finish(SOON).exits(0);
}

#[test]
fn change_is_explained_by_the_items_that_were_there_before_it() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    let link = Proxy::before(redis.port());
    link.delay(Duration::from_millis(300));
    let watch = || {
        let watch = Qscale::new(["watch", "--redis", &link.url(), "--every", "100ms", "--output", "json"]);
        watch.file("kubeconfig", api.kubeconfig()).env("KUBECONFIG", "kubeconfig")
    };
    keda(&api, false);
    // Some of them come while a reply with the items from before is on its way.
    for pause in [200, 400, 600] {
        redis.cli(&["DEL", "mylist"]);
        deploy(&api, "of-context", NAME, [0, 0, 0, 0]);
        let running = watch().spawn();
        wait_for_reason(&running, "KEDA: inactive: no active trigger");
        std::thread::sleep(Duration::from_millis(pause));
        push(&redis, 40);
        deploy(&api, "of-context", NAME, [1, 0, 0, 0]);
        wait_for_reason(&running, "KEDA: activated: 40 waiting (activationListLength 0)");
        running.terminate();
        running.finish(SOON).exits(0);
    }
}

#[test]
fn streams_recover_from_refusals_and_broken_connections() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    let has = |desired: u32| move |sample: &Value| sample["target"]["desired"] == desired;
    for (desired, refusal) in
        [(2, None), (3, Some(("watch=true", 410, "Expired"))), (4, Some(("", 429, "TooManyRequests")))]
    {
        deploy(&api, "of-context", NAME, [1, 1, 1, 1]);
        let running = in_cluster(&redis, &api).spawn();
        wait_for_sample(&running, "one pod", has(1));
        match refusal {
            Some((part, code, reason)) => api.refuse(part, code, status(code, reason)),
            None => api.cut(),
        }
        deploy(&api, "of-context", NAME, [desired, 1, 1, 1]);
        if refusal.is_some_and(|(_, code, _)| code == 429) {
            let before = api.requests().len();
            wait_until("a request is refused", SOON, || api.requests().len() > before);
            api.accept();
        }
        wait_for_sample(&running, "the new count", has(desired));
        api.accept();
        running.terminate();
        running.finish(SOON).exits(0);
    }
}

#[test]
fn target_may_be_deleted_and_made_again() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    deploy(&api, "of-context", NAME, [1, 1, 1, 1]);
    let running = in_cluster(&redis, &api).spawn();
    let has = |desired: u32| move |sample: &Value| sample["target"]["desired"] == desired;
    wait_for_sample(&running, "one pod", has(1));
    api.delete("/apis/apps/v1/namespaces/of-context/deployments", NAME);
    running.wait_for_line("Deployment `demo-consumer` not found", SOON);
    deploy(&api, "of-context", NAME, [5, 1, 1, 1]);
    running.wait_for_line("reading replica counts again", SOON);
    wait_for_sample(&running, "made again", has(5));
    running.terminate();
    running.finish(SOON).exits(0);
}

#[test]
fn cluster_without_keda_is_said_once_and_pods_are_shown() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    api.refuse("/keda.sh/", 404, json!("404 page not found"));
    deploy(&api, "of-context", NAME, [2, 2, 2, 2]);
    let running = in_cluster(&redis, &api).spawn();
    running.wait_for_line("the cluster does not know ScaledObject (keda.sh)", SOON);
    wait_for_sample(&running, "two pods", |sample| sample["target"]["desired"] == 2 && sample["reason"].is_null());
    running.terminate();
    let run = running.finish(SOON).exits(0);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
}

/// A custom resource that keeps its counts under names of its own, as only its scale tells.
fn fleet(api: &ApiServer, [desired, current]: [u32; 2]) {
    let fleets = collection("/apis/example.com/v1", "fleets");
    let scale = json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": { "name": "scale" },
        "spec": { "replicas": desired }, "status": { "replicas": current, "selector": "app=fleet" },
    });
    api.put(&format!("{fleets}/web"), scale);
    api.put(
        &fleets,
        json!({ "metadata": { "name": "web" }, "spec": { "workers": desired }, "status": { "workers": current } }),
    );
}

fn pod(api: &ApiServer, name: &str, app: &str, is_ready: bool) {
    let containers = json!([{ "name": "c", "ready": is_ready, "restartCount": 0 }]);
    let pod = json!({
        "metadata": { "name": name, "labels": { "app": app } },
        "status": { "phase": "Running", "containerStatuses": containers },
    });
    api.put(&collection("/api/v1", "pods"), pod);
}

#[test]
fn target_with_its_counts_in_its_scale_alone_has_counts_pods_and_a_reason() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    keda_of(&api, true, &json!({ "apiVersion": "example.com/v1", "kind": "Fleet", "name": "web" }));
    fleet(&api, [3, 2]);
    pod(&api, "web-1", "fleet", true);
    pod(&api, "web-2", "fleet", false);
    pod(&api, "other-1", "other", true);
    push(&redis, 40);
    let running = in_cluster(&redis, &api).args(["--target", "example.com/v1/Fleet/web"]).spawn();
    let counted = |counts: [u32; 3]| {
        move |sample: &Value| ["desired", "current", "ready"].map(|count| sample["target"][count].clone()) == counts
    };
    wait_for_sample(&running, "three pods, of which one is ready", counted([3, 2, 1]));
    wait_for_reason(&running, "HPA: 40 waiting ÷ 5 per pod = 8 replicas, capped at maxReplicaCount 3");
    pod(&api, "web-2", "fleet", true);
    wait_for_sample(&running, "a second ready pod", counted([3, 2, 2]));
    fleet(&api, [0, 0]);
    wait_for_sample(&running, "no pods desired", |sample| sample["target"]["desired"] == 0);
    let reads = api.requests().into_iter().filter(|request| request.ends_with("/fleets/web/scale")).count();
    assert!((2..=4).contains(&reads), "{reads} reads of the scale, with two changes");
    running.terminate();
    let run = running.finish(SOON).exits(0);
    assert!(run.stderr.is_empty(), "{}", run.stderr);
}

#[test]
fn scale_that_may_not_be_read_is_missed_only_without_the_usual_names() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    fleet(&api, [3, 2]);
    api.refuse("/scale", 403, status(403, "Forbidden"));
    let running = in_cluster(&redis, &api).args(["--target", "example.com/v1/Fleet/web"]).spawn();
    running.wait_for_line("`fleets.example.com/scale`", SOON);
    wait_for_sample(&running, "no counts", |sample| sample["target"].is_null());
    let named = json!({
        "metadata": { "name": "web" }, "spec": { "replicas": 4 },
        "status": { "replicas": 4, "readyReplicas": 3, "availableReplicas": 3 },
    });
    api.put(&collection("/apis/example.com/v1", "fleets"), named);
    wait_for_sample(&running, "counts of the resource", |sample| sample["target"]["ready"] == 3);
    running.terminate();
    running.finish(SOON).exits(0);
}

#[test]
fn right_to_get_is_enough_for_the_replica_counts() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    deploy(&api, "of-context", NAME, [2, 2, 2, 2]);
    api.refuse("?", 403, status(403, "Forbidden"));
    let running = in_cluster(&redis, &api).spawn();
    wait_for_sample(&running, "two pods", |sample| sample["target"]["desired"] == 2);
    running.terminate();
    let run = running.finish(SOON).exits(0);
    assert_eq!(run.stderr.matches("access denied to").count(), 1, "{}", run.stderr);
    assert!(!samples(&run.stdout).is_empty());
}
