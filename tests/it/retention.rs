//! Items that are given up without an attempt, time limits that items name, and dead letters beyond a limit.

use std::time::Duration;

use crate::support::{Qscale, RedisServer, SOON};

fn consume(server: &RedisServer, words: &[&str]) -> Qscale {
    Qscale::new(["consume", "--redis", &server.url(), "--stamp-field", "made", "--expire-after", "1h"]).args(words)
}

const OLD: &str = r#"{"made": "2026-03-01T12:00:00Z"}"#;

/// Pushes an item that has expired, and ones that have not: one from the future, and ones that do not say when they were made.
fn push(server: &RedisServer) {
    server.push("mylist", [OLD, r#"{"made": "2199-03-01T12:00:00Z"}"#, r#"{"made": "today"}"#, "text"]);
}

#[test]
fn expired_item_is_dead_lettered_without_an_attempt() {
    let server = RedisServer::start();
    push(&server);
    let run = consume(&server, &["--max-items", "4", "--output", "json", "--", "cat"]).output().exits(0);
    assert!(run.stdout.contains(r#""acknowledged":3,"retried":0,"dead":0,"expired":1,"#), "{}", run.stdout);
    assert!(!run.stderr.contains("2026-03-01T12:00"), "{}", run.stderr);
    let dead = Qscale::new(["dead", "ls", "--redis", &server.url(), "--output", "json"]).output().exits(0).stdout;
    assert!(dead.contains(r#""attempts":0"#) && dead.contains("expired 1h after its creation"), "{dead}");
    assert!(dead.contains("2026-03-01T12:00:00Z"), "{dead}");
}

#[test]
fn expired_item_is_dropped_if_so_asked() {
    for delivery in ["at-least-once", "at-most-once"] {
        let server = RedisServer::start();
        push(&server);
        let words = ["--delivery", delivery, "--expired", "drop", "--max-items", "4", "--output", "json"];
        let run = consume(&server, &words).args(["--work", "0s"]).output().exits(0);
        assert!(run.stdout.contains(r#""acknowledged":3,"retried":0,"dead":0,"expired":1,"#), "{}", run.stdout);
        assert_eq!((server.llen("mylist"), server.llen("{mylist}:dead")), (0, 0), "{delivery}");
    }
}

#[test]
fn expired_items_do_not_count_towards_the_rate() {
    let server = RedisServer::start();
    server.push("mylist", [OLD; 50]);
    let words = ["--expired", "drop", "--rate", "1/s", "--work", "0s", "--max-items", "50"];
    let run = consume(&server, &words).output().exits(0);
    assert!(run.took < Duration::from_secs(20), "{:?}", run.took);
}

#[test]
fn item_is_processed_for_as_long_as_it_says() {
    let server = RedisServer::start();
    server.push("mylist", [r#"{"limit": 0.3}"#, r#"{"limit": "5m"}"#]);
    let base = ["--timeout", "30s", "--timeout-field", "limit", "--concurrency", "2", "--max-attempts", "1"];
    let script = "grep -q 5m || sleep 60";
    let run = Qscale::new(["consume", "--redis", &server.url(), "--max-items", "2"]);
    let run = run.args(base).args(["--", "sh", "-c", script]).output().exits(0);
    assert!(run.stderr.contains("timed out after 300ms"), "{}", run.stderr);
    assert_eq!(server.llen("{mylist}:dead"), 1, "{}", run.stderr);
    assert!(run.took < SOON, "{:?}", run.took);
}

#[test]
fn process_that_stays_is_ended_when_an_item_is_overdue() {
    let server = RedisServer::start();
    server.push("mylist", [r#"{"limit": "5m"}"#, r#"{"limit": 0.3}"#]);
    let script = r#"import json, sys
for line in sys.stdin:
    job = json.loads(line)
    if "5m" in job["item"]:
        print(json.dumps({"id": job["id"], "ack": True}), flush=True)"#;
    let words = ["--handler", "lines", "--timeout-field", "limit", "--max-attempts", "1", "--max-items", "2"];
    let run = Qscale::new(["consume", "--redis", &server.url()]).args(words).args(["--", "python3", "-c", script]);
    let run = run.output().exits(0);
    assert!(run.stderr.contains("timed out after 300ms"), "{}", run.stderr);
    assert_eq!(server.llen("{mylist}:dead"), 1, "{}", run.stderr);
}

#[test]
fn item_that_names_an_absurd_limit_stops_nothing() {
    for handler in ["lines", "command"] {
        let server = RedisServer::start();
        server.push("mylist", [r#"{"limit": 1e19}"#, r#"{"limit": "500000000000years"}"#, r#"{"limit": 1e400}"#]);
        let script = r#"import json, sys
for line in sys.stdin:
    if "id" in json.loads(line):
        print(json.dumps({"id": json.loads(line)["id"], "ack": True}), flush=True)"#;
        let words = ["--handler", handler, "--timeout-field", "limit", "--max-items", "3"];
        let run = Qscale::new(["consume", "--redis", &server.url()]).args(words).args(["--", "python3", "-c", script]);
        run.output().exits(0);
        assert_eq!(server.llen("{mylist}:dead"), 0, "{handler}");
    }
}

#[test]
fn dead_letters_are_requeued_at_a_rate() {
    let server = RedisServer::start();
    kill_items(&server, 40);
    let run = Qscale::new(["dead", "requeue", "--redis", &server.url(), "--rate", "20/s"]).output().exits(0);
    assert_eq!(run.stdout.trim(), "requeued 40 dead letters to `mylist`");
    assert!(run.took >= Duration::from_millis(1900), "{:?}", run.took);
    assert_eq!((server.llen("mylist"), server.llen("{mylist}:dead")), (40, 0));
}

#[test]
fn slow_requeue_keeps_its_turn_and_stops_at_once() {
    let server = RedisServer::start();
    server.push("mylist", ["a", "b", "c"]);
    let consume = ["consume", "--redis", &server.url(), "--max-items", "3"];
    Qscale::new(consume).args(["--", "sh", "-c", "exit 65"]).output().exits(0);
    let slow = Qscale::new(["dead", "requeue", "--redis", &server.url(), "--rate", "1/h"]).spawn();
    crate::support::wait_until("the first is requeued", SOON, || server.llen("mylist") == 1);
    let other = Qscale::new(["dead", "purge", "--all", "--redis", &server.url()]).spawn();
    other.wait_for_line("waiting for another client", SOON);
    // Longer than a client that has crashed is waited for.
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(server.llen("{mylist}:dead"), 2);
    slow.terminate();
    slow.finish(SOON).exits(75);
    other.finish(SOON).exits(0);
    assert_eq!((server.llen("mylist"), server.llen("{mylist}:dead")), (1, 0));
}

#[test]
fn expiry_that_makes_no_sense_is_refused() {
    for (words, said) in [
        (&["--expire-after", "1h"][..], "--expire-after: needs the creation time of items: add `--stamp-field FIELD`"),
        (&["--expired", "drop"], "--expired: has no effect without `--expire-after`"),
        (&["--expire-after", "0s", "--stamp-field", "at"], "--expire-after: must be more than 0s"),
    ] {
        let run = Qscale::new(["consume", "--work", "none"]).args(words).output().exits(2);
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
}

/// Dead-letters items, the first of them longest ago.
fn kill_items(server: &RedisServer, items: usize) {
    server.push("mylist", (0..items).map(|number| number.to_string()));
    let count = items.to_string();
    let consume = ["consume", "--redis", &server.url(), "--max-items", &count, "--concurrency", "8"];
    Qscale::new(consume).args(["--", "sh", "-c", "exit 65"]).output().exits(0);
}

#[test]
fn dead_letters_beyond_the_limit_are_removed_the_oldest_first() {
    let server = RedisServer::start();
    kill_items(&server, 40);
    let newest = server.lrange("{mylist}:dead")[..7].to_vec();
    let run = Qscale::new(["consume", "--redis", &server.url(), "--dead-letter-limit", "7", "--idle-exit", "0s"]);
    let run = run.args(["--work", "0s", "--output", "json"]).output().exits(0);
    assert!(run.stdout.contains(r#""trimmed":33"#), "{}", run.stdout);
    assert!(run.stderr.contains("dead letters beyond the limit removed") && run.stderr.contains("removed=33"));
    assert_eq!(server.lrange("{mylist}:dead"), newest);
}

#[test]
fn limit_on_dead_letters_holds_when_a_consumer_ends() {
    let server = RedisServer::start();
    server.push("mylist", ["a", "b", "c", "d", "e"]);
    let words = ["--dead-letter-limit", "2", "--max-items", "5", "--output", "json", "--", "sh", "-c", "exit 65"];
    let run = Qscale::new(["consume", "--redis", &server.url()]).args(words).output().exits(0);
    assert_eq!(server.llen("{mylist}:dead"), 2, "{}", run.stderr);
    assert!(run.stdout.contains(r#""dead":5,"expired":0,"requeued":0,"lease_lost":0,"trimmed":3"#), "{}", run.stdout);
}

#[test]
fn dead_letters_are_removed_when_they_are_old_and_foreign_elements_with_them() {
    let server = RedisServer::start();
    server.cli(&["LPUSH", "{mylist}:dead", "older than all"]);
    kill_items(&server, 3);
    server.cli(&["LPUSH", "{mylist}:dead", "newer than all"]);
    std::thread::sleep(Duration::from_millis(1200));
    let words = ["--dead-letter-max-age", "1s", "--idle-exit", "0s", "--work", "0s"];
    Qscale::new(["consume", "--redis", &server.url()]).args(words).output().exits(0);
    assert_eq!(server.cli(&["LRANGE", "{mylist}:dead", "0", "-1"]).trim(), "newer than all");
}

#[test]
fn limit_on_dead_letters_needs_dead_letters_and_a_permission() {
    let run = Qscale::new(["consume", "--work", "none", "--delivery", "at-most-once", "--dead-letter-limit", "5"]);
    let run = run.output().exits(2);
    assert!(run.stderr.contains("--dead-letter-limit: has no effect with at-most-once delivery"), "{}", run.stderr);
    let server = RedisServer::start();
    server.cli(&["ACL", "SETUSER", "default", "-ltrim"]);
    kill_items(&server, 3);
    let words = ["--dead-letter-limit", "1", "--idle-exit", "0s", "--work", "0s"];
    let run = Qscale::new(["consume", "--redis", &server.url()]).args(words).output().exits(0);
    assert!(run.stderr.contains("cannot limit the dead letters"), "{}", run.stderr);
    assert_eq!(server.llen("{mylist}:dead"), 3);
}
