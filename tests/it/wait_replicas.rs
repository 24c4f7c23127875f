//! `produce --wait-replicas`: what is confirmed is on replicas, and a failover does not lose it.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::{Proxy, Qscale, RedisServer, SOON, wait_until};

/// Time limit of a failover on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// A replica of `primary`, in sync with it.
fn replica_of(primary: &RedisServer) -> RedisServer {
    let line = format!("replicaof 127.0.0.1 {}", primary.port());
    let replica = RedisServer::builder().directive(&line).directive("repl-ping-replica-period 1").start();
    let is_in_sync = || replica.cli(&["INFO", "replication"]).contains("master_link_status:up");
    wait_until("the replica is in sync", LONG, is_in_sync);
    replica
}

fn primary() -> RedisServer {
    RedisServer::builder().directive("repl-diskless-sync-delay 0").directive("repl-timeout 600").start()
}

fn produce(url: &str, replicas: &str, words: &[&str]) -> Qscale {
    let all = ["produce", "--rate", "max", "--payload", "{seq}", "--output", "json", "--redis", url];
    Qscale::new(all).args(["--wait-replicas", replicas]).args(words).deadline(LONG)
}

/// Number of items in the result.
#[track_caller]
fn pushed(stdout: &str) -> u64 {
    let result: serde_json::Value = serde_json::from_str(stdout).expect("the result is one JSON object");
    result["items"].as_u64().expect("a number")
}

#[test]
fn batch_counts_once_replicas_hold_it() {
    let primary = primary();
    let replicas = [replica_of(&primary), replica_of(&primary)];
    for (words, count) in [(["--count", "40", "--batch", "10"], 40), (["--count", "600", "--batch", "200"], 640)] {
        let run = produce(&primary.url(), "2", &words).output().exits(0);
        assert_eq!(pushed(&run.stdout), words[1].parse::<u64>().unwrap());
        // As soon as the producer has ended: nothing is on its way.
        assert!(replicas.iter().all(|replica| replica.llen("mylist") == count), "{}", run.stderr);
    }
    let profile = "[produce]\ncount = 1\nwait-replicas = 3\n[redis]\nreconnect-for = \"1s\"\n";
    let run = Qscale::new(["produce", "--redis", &primary.url()]).file("qscale.toml", profile).output().exits(69);
    assert!(run.stderr.contains("2 of 3 replicas confirmed the last items within 1s"), "{}", run.stderr);
}

#[test]
fn too_few_replicas_are_waited_for_and_then_an_error() {
    let primary = primary();
    let replica = replica_of(&primary);
    replica.pause();
    let late = produce(&primary.url(), "1", &["--count", "5"]).spawn();
    late.wait_for_line("too few replicas hold what was pushed, waiting", SOON);
    let run = produce(&primary.url(), "1", &["--count", "3", "--reconnect-for", "1s"]).output().exits(69);
    assert_eq!(pushed(&run.stdout), 0);
    for words in
        ["stopped after 0 items", "0 of 1 replica confirmed", "hint: check the replicas", "confirmed=0 wanted=1"]
    {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    // They are on the list all the same.
    assert_eq!(primary.llen("mylist"), 8);
    let stopped = produce(&primary.url(), "1", &["--count", "3"]).spawn();
    stopped.wait_for_line("too few replicas", SOON);
    stopped.terminate();
    let stopped = stopped.wait().exits(75);
    assert!(stopped.stderr.contains("items sent but not acknowledged by Redis items=3"), "{}", stopped.stderr);
    replica.resume();
    let late = late.wait().exits(0);
    assert_eq!(pushed(&late.stdout), 5);
    assert!(late.stderr.contains("enough replicas confirm again after"), "{}", late.stderr);
}

#[test]
fn batch_sent_again_is_not_confirmed_by_replicas_that_lack_it() {
    let primary = primary();
    let replica = replica_of(&primary);
    replica.pause();
    for batch in ["3", "300"] {
        let words = ["--count", batch, "--batch", batch, "--reconnect-for", "3s"];
        let before = primary.llen("mylist");
        let run = produce(&primary.url(), "1", &words).spawn();
        run.wait_for_line("too few replicas", SOON);
        // The next connection finds the batch on the list, and has written nothing itself.
        primary.cli(&["CLIENT", "KILL", "TYPE", "normal"]);
        let run = run.wait().exits(69);
        assert!(run.stderr.contains("reconnected after") && pushed(&run.stdout) == 0, "{}", run.stderr);
        assert_eq!(primary.llen("mylist") - before, batch.parse::<u64>().unwrap());
    }
    replica.resume();
}

#[test]
fn lost_reply_repeats_nothing() {
    let primary = primary();
    let replica = replica_of(&primary);
    let proxy = Proxy::before(primary.port());
    proxy.lose_reply("WAIT\r\n$1\r\n1");
    let run = produce(&proxy.url(), "1", &["--count", "400", "--batch", "20"]).output().exits(0);
    assert_eq!((pushed(&run.stdout), primary.llen("mylist"), replica.llen("mylist")), (400, 400, 400));
    assert_eq!(proxy.lost(), 1);
}

#[test]
fn user_needs_the_permission_to_wait() {
    let line = |rules: &str| format!("user app on >s3cret ~* &* {rules}");
    let primary = RedisServer::builder()
        .directive("repl-diskless-sync-delay 0")
        .directive(&line("+@all -wait"))
        .directive(&line("+@all -eval -evalsha").replace("app", "plain"))
        .start();
    let _replica = replica_of(&primary);
    let run = produce(&primary.url_with("app:s3cret"), "1", &["--count", "1"]).output().exits(69);
    assert!(run.stderr.contains("ACL SETUSER app +wait"), "{}", run.stderr);
    assert_eq!(primary.llen("mylist"), 0, "no item is pushed before that is known");
    let run = produce(&primary.url_with("plain:s3cret"), "1", &["--count", "7", "--batch", "2"]).output().exits(0);
    assert!(run.stderr.contains("pushing without a script") && pushed(&run.stdout) == 7, "{}", run.stderr);
}

#[test]
fn failover_under_load_loses_nothing_that_was_confirmed() {
    let mut primary = primary();
    let replicas = [replica_of(&primary), replica_of(&primary)];
    let sentinel = RedisServer::builder()
        .sentinel("mymaster", &primary)
        .directive("sentinel down-after-milliseconds mymaster 1000")
        .directive("sentinel failover-timeout mymaster 5000")
        .start();
    wait_until("the Sentinel knows the replicas", LONG, || sentinel.cli(&["INFO", "sentinel"]).contains("slaves=2"));
    let address = sentinel.address();
    let words = ["--mode", "sentinel", "--sentinel-master", "mymaster", "--addresses", &address];
    let produce = ["produce", "--payload", "{seq}", "--output", "json", "--wait-replicas", "1"];
    let load = ["--rate", "2000", "--count", "6000", "--batch", "20"];
    let producer = Qscale::new(produce).args(words).args(load).deadline(LONG).spawn();
    wait_until("items are pushed", LONG, || primary.llen("mylist") > 500);
    primary.kill();
    let run = producer.wait().exits(0);
    assert_eq!(pushed(&run.stdout), 6000, "{}", run.stderr);
    assert!(run.stderr.contains("reconnected after"), "{}", run.stderr);
    assert!(!run.stderr.contains("lost confirmed pushes"), "{}", run.stderr);
    let now = replicas.iter().find(|replica| replica.cli(&["ROLE"]).starts_with("master")).expect("a new primary");
    let items = now.pushed("mylist");
    let distinct: BTreeSet<&String> = items.iter().collect();
    assert_eq!((items.len(), distinct.len()), (6000, 6000), "each item is there once");
}
