//! A Redis that is several servers: a cluster, and one that sentinels watch over.

use std::time::Duration;

use crate::support::{Qscale, RedisServer, SOON, wait_until};

/// Puts items on the list, works them with both kinds of delivery, looks at them, and stops a consumer that waits.
fn everything_works(server: &RedisServer, redis: &[&str]) {
    let run = |words: &[&str]| Qscale::new([&words[..1], redis, &words[1..]].concat()).deadline(SOON);
    run(&["produce", "--count", "1200", "--rate", "max", "--payload", "{seq}"]).output().exits(0);
    assert_eq!(server.llen("mylist"), 1_200);
    run(&["consume", "--work", "none", "--max-items", "600"]).output().exits(0);
    run(&["consume", "--work", "none", "--max-items", "599", "--delivery", "at-most-once"]).output().exits(0);
    let failed = run(&["consume", "--max-items", "1", "--max-attempts", "1", "--", "false"]).output();
    assert_eq!(server.llen("mylist"), 0, "{}", failed.stderr);
    let dead = Qscale::new(["dead", "ls"]).args(redis).output().exits(0);
    assert!(dead.stdout.contains("1200"), "{}", dead.stdout);
    run(&["watch", "--duration", "1s"]).output().exits(0);
    for delivery in ["at-least-once", "at-most-once"] {
        let waiting = run(&["consume", "--work", "none", "--delivery", delivery]).spawn();
        wait_until("the consumer waits", SOON, || server.blocked_clients() == 1);
        waiting.terminate();
        let ended = waiting.wait().exits(0);
        assert!(ended.took < Duration::from_secs(10), "{:?}", ended.took);
    }
}

#[test]
fn cluster_supports_every_subcommand() {
    let server = RedisServer::builder().cluster().start();
    server.take_all_slots();
    everything_works(&server, &["--addresses", &server.address(), "--mode", "cluster"]);
}

#[test]
fn cluster_finds_the_node_of_the_list() {
    let [near, far] = [(), ()].map(|()| RedisServer::builder().cluster().start());
    // That of `mylist`, and of its companions.
    far.take_slot(5_282, &near);
    everything_works(&far, &["--addresses", &near.address(), "--mode", "cluster"]);
}

#[test]
fn cluster_slot_that_moves_is_followed() {
    let [near, far] = [(), ()].map(|()| RedisServer::builder().cluster().start());
    far.take_slot(5_282, &near);
    let redis = ["--addresses", &near.address(), "--mode", "cluster"];
    let words = ["consume", "--work", "none", "--max-items", "2", "--delivery", "at-most-once"];
    let consumer = Qscale::new(words).args(redis).spawn();
    wait_until("the consumer waits", SOON, || far.blocked_clients() == 1);
    near.take_over(5_282, &far);
    wait_until("the consumer has followed", SOON, || near.blocked_clients() == 1);
    Qscale::new(["produce", "--count", "2", "--payload", "{seq}"]).args(redis).output().exits(0);
    assert_eq!(consumer.finish(SOON).exits(0).stdout, "1\n2\n");
}

#[test]
fn cluster_slot_that_moves_under_produce_loses_and_doubles_nothing() {
    let [near, far] = [(), ()].map(|()| RedisServer::builder().cluster().start());
    far.take_slot(5_282, &near);
    let redis = ["--addresses", &near.address(), "--mode", "cluster"];
    let words = ["produce", "--count", "200", "--rate", "100", "--batch", "1", "--payload", "{seq}"];
    let producer = Qscale::new(words).args(redis).spawn();
    wait_until("something is pushed", SOON, || far.llen("mylist") > 20);
    near.take_over(5_282, &far);
    producer.finish(SOON).exits(0);
    let expected: Vec<String> = (1..=200).map(|number: u32| number.to_string()).collect();
    assert_eq!(near.pushed("mylist"), expected);
}

#[test]
fn sentinel_supports_every_subcommand() {
    let server = RedisServer::start();
    let sentinel = RedisServer::builder().sentinel("mymaster", &server).start();
    let words = ["--addresses", &sentinel.address(), "--mode", "sentinel", "--sentinel-master", "mymaster"];
    everything_works(&server, &words);
}

#[test]
fn addresses_come_from_environment_and_profile() {
    let server = RedisServer::builder().cluster().start();
    server.take_all_slots();
    let produce = || Qscale::new(["produce", "--count", "3", "--rate", "max"]).deadline(SOON);
    produce().env("REDIS_ADDRESSES", server.address()).env("REDIS_MODE", "cluster").output().exits(0);
    let profile = format!("[redis]\naddresses = [\"{}\"]\nmode = \"cluster\"\n", server.address());
    produce().args(["--profile", "q.toml"]).file("q.toml", &profile).output().exits(0);
    assert_eq!(server.llen("mylist"), 6);
}

#[test]
fn addresses_of_different_deployments_are_refused() {
    let produce = |words: &[&str]| Qscale::new(["produce", "--count", "1"]).args(words).output();
    for (words, reason) in [
        (&["--addresses", "a:1,b:2"][..], "belong together"),
        (&["--addresses", "app:s3cret@a:1"], "without scheme, user or password"),
        (&["--addresses", "a:1", "--mode", "cluster", "--db", "3"], "only database 0"),
        (&["--addresses", "a:1", "--mode", "sentinel"], "--sentinel-master"),
    ] {
        let run = produce(words);
        assert!(run.status == 2 && run.stderr.contains(reason), "{}: {}", run.status, run.stderr);
        assert!(!run.stderr.contains("s3cret"), "{}", run.stderr);
    }
}
