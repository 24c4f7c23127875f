//! The workloads that the profiles in config/ describe, produced and consumed as their readers would.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::{Certificates, Qscale, RedisServer, SOON, wait_until};

/// Limit for a run to end after a signal.
const PROMPTLY: Duration = Duration::from_secs(5);

fn profile(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name)
}

/// A managed Redis: TLS with an authority of its own, and a user that may do what the service allows.
struct Managed {
    server: RedisServer,
    certificates: Certificates,
}

impl Managed {
    fn start() -> Self {
        let certificates = Certificates::new();
        let server = RedisServer::builder()
            .password("not-for-us")
            .user("doadmin", "s3cret/+&?", "~* &* +@all -@admin -@dangerous")
            .tls(&certificates, &certificates.server)
            .start();
        Self { server, certificates }
    }

    /// The command line and environment of the tutorial.
    fn run(&self, command: &str) -> Qscale {
        Qscale::new(["--profile"])
            .arg(profile("managed-redis.toml"))
            .args([command, "--tls-ca"])
            .arg(&self.certificates.ca)
            .env("REDIS_HOST", "localhost")
            .env("REDIS_PORT", self.server.port().to_string())
            .env("REDIS_USERNAME", "doadmin")
            .env("REDIS_PASSWORD", "s3cret/+&?")
    }
}

/// Returns whether `item` is one of the fifty messages of the tutorial.
fn is_message(item: &str) -> bool {
    item.strip_prefix("message-").and_then(|number| number.parse().ok()).is_some_and(|number: u8| number < 50)
}

#[test]
fn managed_redis_profile_processes_its_load() {
    let managed = Managed::start();
    let Managed { server, .. } = &managed;

    let produced = managed.run("produce").args(["--duration", "3s"]).output().exits(0);
    assert!(produced.stdout.starts_with("pushed 100 items in 2 batches to `mylist`"), "{}", produced.stdout);
    assert!(produced.took >= Duration::from_secs(2), "{:?}", produced.took);
    assert_eq!(server.llen("mylist"), 100);
    let messages = server.pushed("mylist");
    assert!(messages.iter().all(|message| is_message(message)), "{messages:?}");
    // A line for each batch, as the tutorial's own producer has it.
    for part in ["50 items every 2s", "items=50 total=50", "items=50 total=100"] {
        assert!(produced.stderr.contains(part), "{part}: {}", produced.stderr);
    }

    let consumed = managed.run("consume").args(["--verbose", "--speed", "400", "--max-items", "100"]).output().exits(0);
    let processed: Vec<&str> = consumed
        .stderr
        .lines()
        .filter_map(|line| Some(line.split_once("item processed ")?.1.split_once("payload=")?.1))
        .collect();
    assert_eq!(processed, messages);
    assert_eq!(server.keys(), ["{mylist}:stats"]);
    for said in [&produced, &consumed] {
        assert!(!said.stderr.contains("s3cret") && !said.stderr.contains("WARN"), "{}", said.stderr);
    }
}

#[test]
fn managed_redis_profile_runs_until_stopped() {
    let managed = Managed::start();
    let Managed { server, .. } = &managed;
    let consumer = managed.run("consume").args(["--verbose", "--speed", "0.1"]).env("LIST_NAME", "another").spawn();
    let producer = managed.run("produce").env("LIST_NAME", "another").spawn();
    consumer.wait_for_line("payload=message-", SOON);
    producer.wait_for_line("items=50 total=50", SOON);
    producer.terminate();
    producer.finish(PROMPTLY).exits(0);
    // Items in flight are requeued when a second signal insists.
    consumer.terminate();
    consumer.wait_for_line("finishing items in flight reason=SIGTERM in_flight=1", SOON);
    consumer.terminate();
    let consumer = consumer.finish(PROMPTLY).exits(0);
    let done = consumer.stderr.matches("item processed").count() as u64;
    assert_eq!(server.llen("another") + done, 50);
    assert_eq!(server.keys(), ["another", "{another}:stats"]);
}

#[test]
fn events_profile_runs_a_job_per_event() {
    let server = RedisServer::start();
    let run = |words: &[&str]| {
        Qscale::new(["--profile"]).arg(profile("events.toml")).args(words).env("REDIS_URL", server.url())
    };

    let producer = run(&["produce"]).spawn();
    wait_until("the first ten events are there", SOON, || server.llen("events") == 10);
    producer.terminate();
    let filled = producer.finish(PROMPTLY).exits(0);
    let events = server.pushed("events");
    let echoed: Vec<&str> =
        filled.stderr.lines().filter_map(|line| Some(line.split_once("pushing item item=")?.1)).collect();
    assert_eq!(echoed, events);
    for event in &events {
        let event: serde_json::Value = serde_json::from_str(event).expect("an event is JSON");
        assert!(event["wait"].as_u64().is_some_and(|wait| (10..=20).contains(&wait)), "{event}");
    }

    for (number, event) in events.iter().take(3).enumerate() {
        let consumed = run(&["--verbose", "consume", "--once", "--speed", "1000"]).output().exits(0);
        assert!(consumed.stderr.contains(&format!("payload={event}")), "{}", consumed.stderr);
        assert_eq!(consumed.stderr.matches("item processed").count(), 1, "{}", consumed.stderr);
        assert_eq!(server.llen("events"), 9 - number as u64);
    }
    let rest = ["consume", "--speed", "1000", "--concurrency", "7", "--max-items", "7", "--output", "json"];
    let rest = run(&rest).output().exits(0);
    assert!(rest.stdout.contains(r#""acknowledged":7,"retried":0,"dead":0"#), "{}", rest.stdout);
    assert_eq!(server.keys(), ["{events}:stats"]);
    // One that comes when there is nothing left ends as well.
    run(&["consume", "--once"]).output().exits(0);
}

#[test]
fn built_in_profile_pushes_50_items_every_2s() {
    let server = RedisServer::start();
    let run = Qscale::new(["produce", "--duration", "3s"]).env("REDIS_URL", server.url()).output().exits(0);
    assert_eq!(server.llen("mylist"), 100);
    assert!(server.pushed("mylist").iter().all(|item| is_message(item)), "{}", run.stderr);
}
