//! Limits on what a consumer begins: a rate, and the pause of a list.

use std::time::Duration;

use crate::support::{Qscale, RedisServer, SOON, at_once, wait_until};

fn consume(server: &RedisServer, words: &[&str]) -> Qscale {
    Qscale::new(["consume", "--redis", &server.url(), "--work", "0s"]).args(words)
}

const DELIVERIES: [&str; 2] = ["at-least-once", "at-most-once"];

#[test]
fn paused_list_is_left_alone_until_the_key_is_gone() {
    at_once(DELIVERIES, |delivery| {
        let server = RedisServer::start();
        let run = consume(&server, &["--delivery", delivery]).spawn();
        run.wait_for_line("consuming", SOON);
        server.cli(&["SET", "{mylist}:paused", "by the release of 9:00"]);
        run.wait_for_line("list is paused", SOON);
        // A wait that was under way when the key came has ended by the next second.
        std::thread::sleep(Duration::from_millis(1100));
        server.push("mylist", ["a", "b", "c"]);
        std::thread::sleep(Duration::from_secs(2));
        assert_eq!(server.llen("mylist"), 3, "{delivery}: {}", run.stderr());
        server.cli(&["DEL", "{mylist}:paused"]);
        wait_until("it goes on", SOON, || server.llen("mylist") == 0);
        run.terminate();
        run.finish(SOON).exits(0);
    });
}

#[test]
fn pause_ends_with_the_expiry_of_the_key() {
    let server = RedisServer::start();
    server.push("mylist", ["a"]);
    server.cli(&["SET", "{mylist}:paused", "", "PX", "1500"]);
    let run = consume(&server, &["--once"]).output().exits(0);
    assert!(run.stderr.contains("list is not paused any more"), "{}", run.stderr);
    assert_eq!(server.llen("mylist"), 0);
    assert!(run.took >= Duration::from_secs(1), "{:?}", run.took);
}

#[test]
fn stop_ends_a_paused_consumer_at_once() {
    let server = RedisServer::start();
    server.cli(&["SET", "{mylist}:paused", ""]);
    let run = consume(&server, &["--idle-exit", "1s"]).spawn();
    run.wait_for_line("list is paused", SOON);
    run.terminate();
    run.finish(SOON).exits(0);
}

#[test]
fn rate_limits_what_is_begun_in_all_slots_together() {
    for delivery in DELIVERIES {
        let server = RedisServer::start();
        server.push("mylist", (0..40).map(|number| number.to_string()));
        let words = ["--delivery", delivery, "--concurrency", "8", "--rate", "20/s", "--max-items", "40"];
        let run = consume(&server, &words).output().exits(0);
        // The burst at the beginning is one item.
        assert!(run.took >= Duration::from_millis(1900), "{delivery}: {:?}", run.took);
        assert_eq!(server.llen("mylist"), 0);
    }
}

#[test]
fn pause_is_shown_with_its_end_and_its_reason() {
    let server = RedisServer::start();
    server.push("mylist", ["a"]);
    consume(&server, &["--idle-exit", "100ms"]).output().exits(0);
    let watch = || Qscale::new(["watch", "--once", "--redis", &server.url()]);
    assert!(!watch().output().exits(0).stdout.contains("paused"));
    server.cli(&["SET", "{mylist}:paused", "database upgrade", "EX", "600"]);
    let line = watch().output().exits(0).stdout;
    assert!(line.contains("reason: the list is paused until 20") && line.contains("Z: database upgrade"), "{line}");
    let json = watch().args(["--output", "json"]).output().exits(0).stdout;
    assert!(json.contains(r#""code":"list-paused""#), "{json}");
    let doctor = Qscale::new(["doctor", "--redis", &server.url(), "--no-cluster"]).output();
    assert!(
        doctor.stdout.contains("list-paused") || doctor.stdout.contains("the list is paused until"),
        "{}",
        doctor.stdout
    );
    server.cli(&["SET", "{mylist}:paused", ""]);
    let line = watch().output().exits(0).stdout;
    assert!(line.contains("reason: the list is paused") && !line.contains("until"), "{line}");
    // Who may not read the pause sees the consumers all the same.
    server.cli(&["ACL", "SETUSER", "default", "-pttl"]);
    let json = watch().args(["--output", "json"]).output().exits(0).stdout;
    assert!(!json.contains("paused") && json.contains(r#""consumers":0,"#), "{json}");
}
