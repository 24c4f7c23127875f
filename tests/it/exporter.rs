//! `watch --metrics`: what is exported, and that dashboard and alerts ask for nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::support::api_server::ApiServer;
use crate::support::{Qscale, RedisServer, Running, SOON, wait_until};
use crate::watch::{NAMESPACE, deploy};

const NAME: &str = "demo-consumer";

fn exporter(redis: &RedisServer, words: &[&str]) -> Qscale {
    Qscale::new(["watch", "--every=100ms", "--metrics=0", "--redis", &redis.url()]).args(words)
}

/// The address of the metrics, as logged.
#[track_caller]
fn address(run: &Running) -> String {
    let line = run.wait_for_line("serving metrics url=http://", SOON);
    let address = line.split_once("http://").and_then(|(_, rest)| rest.strip_suffix("/metrics"));
    address.unwrap_or_else(|| panic!("no address in: {line}")).to_owned()
}

#[track_caller]
fn scrape(address: &str) -> String {
    let mut link = TcpStream::connect(address).expect("it listens");
    write!(link, "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    link.read_to_string(&mut answer).expect("it answers with text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    assert!(head.contains("application/openmetrics-text") && body.ends_with("# EOF\n"), "{answer}");
    body.to_owned()
}

#[track_caller]
fn wait_for(address: &str, line: &str) {
    let mut last = String::new();
    wait_until(line, SOON, || {
        last = scrape(address);
        last.lines().any(|known| known == line)
    });
}

/// Names of samples in a scrape.
fn names(scrape: &str) -> BTreeSet<String> {
    let samples = scrape.lines().filter(|line| !line.starts_with('#'));
    samples.map(|line| line.split(['{', ' ']).next().unwrap_or_default().to_owned()).collect()
}

/// Metrics of qscale that a text asks for.
fn asked(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("qscale_")).map(ToOwned::to_owned).collect()
}

fn items(redis: &RedisServer) {
    let produce = ["produce", "--count=5", "--payload={\"time\": \"{time}\"}", "--redis", &redis.url()];
    Qscale::new(produce).output().exits(0);
    let consume = ["consume", "--max-items=1", "--work=1ms", "--redis", &redis.url()];
    Qscale::new(consume).output().exits(0);
}

/// A Deployment of three pods, two of which are ready.
fn pods(api: &ApiServer) {
    deploy(api, "of-context", NAME, [3, 3, 2, 2]);
}

/// A ScaledJob with a Job that runs and one that has failed.
fn jobs(api: &ApiServer) {
    let labels = json!({ "scaledjob.keda.sh/name": NAME });
    let job = |name: &str, status: Value| json!({ "metadata": { "name": name, "labels": labels }, "status": status });
    let jobs = format!("/apis/batch/v1{NAMESPACE}jobs");
    let scaled = json!({ "metadata": { "name": NAME }, "spec": { "triggers": [] } });
    api.put(&format!("/apis/keda.sh/v1alpha1{NAMESPACE}scaledjobs"), scaled);
    api.put(&jobs, job("a", json!({ "active": 1, "ready": 1 })));
    api.put(&jobs, job("b", json!({ "failed": 1, "conditions": [{ "type": "Failed", "status": "True" }] })));
}

#[test]
fn list_and_pods_are_exported_without_a_consumer() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    items(&redis);
    pods(&api);
    let in_cluster = |words: &[&str]| {
        let run = exporter(&redis, words).file("kubeconfig", api.kubeconfig()).env("KUBECONFIG", "kubeconfig");
        run.env("QSCALE_STAMP_FIELD", "time").spawn()
    };
    let run = in_cluster(&[]);
    let at = address(&run);
    for line in [
        "qscale_list_backlog{list=\"mylist\"} 4.0",
        "qscale_list_in_flight{list=\"mylist\"} 0.0",
        "qscale_list_dead_letters{list=\"mylist\"} 0.0",
        "qscale_list_pushed_total{list=\"mylist\"} 5",
        "qscale_list_acknowledged_total{list=\"mylist\"} 1",
        "qscale_pods{list=\"mylist\",state=\"desired\"} 3.0",
        "qscale_pods{list=\"mylist\",state=\"ready\"} 2.0",
        "qscale_redis_up{list=\"mylist\"} 1",
    ] {
        wait_for(&at, line);
    }
    assert!(names(&scrape(&at)).contains("qscale_list_oldest_item_seconds"), "{}", scrape(&at));
    run.terminate();
    run.finish(SOON).exits(0);
}

#[test]
fn stale_values_are_absent() {
    let mut redis = RedisServer::start();
    items(&redis);
    let run = exporter(&redis, &[]).spawn();
    let at = address(&run);
    wait_for(&at, "qscale_redis_up{list=\"mylist\"} 1");
    redis.kill();
    wait_for(&at, "qscale_redis_up{list=\"mylist\"} 0");
    assert!(!names(&scrape(&at)).contains("qscale_list_backlog"), "{}", scrape(&at));
    run.terminate();
    run.finish(SOON).exits(0);
}

#[test]
fn dashboard_and_alerts_ask_for_metrics_that_are_exported() {
    let (redis, api) = (RedisServer::start(), ApiServer::start());
    items(&redis);
    jobs(&api);
    let run = exporter(&redis, &["--target", &format!("ScaledJob/{NAME}")]);
    let run = run.file("kubeconfig", api.kubeconfig()).env("KUBECONFIG", "kubeconfig");
    let run = run.env("QSCALE_STAMP_FIELD", "time").spawn();
    let at = address(&run);
    wait_for(&at, "qscale_jobs{list=\"mylist\",state=\"failed\"} 1.0");
    wait_for(&at, "qscale_jobs{list=\"mylist\",state=\"running\"} 1.0");
    let mut known = names(&scrape(&at));
    run.terminate();
    run.finish(SOON).exits(0);

    pods(&api);
    let run = exporter(&redis, &[]).file("kubeconfig", api.kubeconfig()).env("KUBECONFIG", "kubeconfig").spawn();
    let at = address(&run);
    wait_until("pods and a fault", SOON, || {
        let scraped = names(&scrape(&at));
        scraped.contains("qscale_pods") && scraped.contains("qscale_scaler_fault")
    });
    known.extend(names(&scrape(&at)));
    run.terminate();
    run.finish(SOON).exits(0);

    let consume = ["consume", "--metrics=0", "--work=1ms", "--redis", &redis.url()];
    let run = Qscale::new(consume).spawn();
    known.extend(names(&scrape(&address(&run))));
    run.terminate();
    run.finish(SOON).exits(0);

    for file in ["docs/grafana-dashboard.json", "docs/alerts.yaml"] {
        let text = fs::read_to_string(file).expect("a file of the repository");
        let asked = asked(&text);
        assert!(asked.len() > 5, "{file}: {asked:?}");
        let unknown: Vec<_> = asked.difference(&known).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?} not in {known:?}");
    }
    let alerts: Value = serde_saphyr::from_str(&fs::read_to_string("docs/alerts.yaml").unwrap()).expect("YAML");
    let rules = alerts["groups"][0]["rules"].as_array().expect("a list of rules");
    assert!(rules.iter().all(|rule| rule["alert"].is_string() && rule["expr"].is_string()), "{rules:?}");
    let board = fs::read_to_string("docs/grafana-dashboard.json").unwrap();
    let board: Value = serde_json::from_str(&board).expect("JSON");
    let page = fs::read_to_string("docs/metrics.md").unwrap();
    assert!(board["panels"].as_array().is_some_and(|panels| panels.len() > 5), "{board}");
    let undocumented: Vec<_> = asked_by_page(&page, &known);
    assert!(undocumented.is_empty(), "docs/metrics.md lacks {undocumented:?}");
}

/// Exported metrics that a page does not name, without the suffixes of histograms.
fn asked_by_page(page: &str, known: &BTreeSet<String>) -> Vec<String> {
    let plain = |name: &str| {
        ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name).to_owned()
    };
    known.iter().map(|name| plain(name)).filter(|name| !page.contains(name.as_str())).collect()
}
