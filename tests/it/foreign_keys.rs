//! Companion keys that another program has written: each is named, with a remedy that works, and no item is lost.

use crate::doctor::{doctor, faults, warns};
use crate::support::{Finished, Qscale, RedisServer, SOON, at_once, wait_until};

const ITEMS: u64 = 40;

/// Runs a subcommand on `mylist`.
fn qscale(server: &RedisServer, words: &[&str]) -> Qscale {
    Qscale::new(&words[..1]).args(["--redis", &server.url(), "--list", "mylist"]).args(&words[1..]).deadline(SOON)
}

fn consume(server: &RedisServer) -> Qscale {
    qscale(server, &["consume", "--work", "none", "--idle-exit", "200ms"])
}

fn of(server: &RedisServer) -> Qscale {
    doctor().args(["--redis", &server.url()])
}

fn with_items() -> RedisServer {
    let server = RedisServer::start();
    server.push("mylist", (0..ITEMS).map(|item| item.to_string()));
    server
}

/// Runs the command that a hint puts in backticks.
fn mend(server: &RedisServer, run: &Finished) {
    let command = run.stderr.split_once("hint: ").and_then(|(_, hint)| hint.split('`').nth(1));
    let words: Vec<&str> = command.unwrap_or_else(|| panic!("no remedy:\n{}", run.stderr)).split(' ').collect();
    server.cli(&words);
}

/// Processes all that there is, some of it after the lease of a consumer that could not sign off.
fn consume_all(server: &RedisServer) {
    let run = qscale(server, &["consume", "--work", "none", "--lease", "1s", "--idle-exit", "5s"]).output().exits(0);
    let left = server.keys();
    assert!(left.iter().all(|key| key.contains(":stats") || key.starts_with("aside:")), "{left:?}");
    assert_eq!(server.llen("mylist"), 0, "{}", run.stderr);
}

#[test]
fn counter_that_is_not_a_number_is_named_before_anything_is_claimed() {
    for (field, value) in [("claimed", "x"), ("acknowledged", "1.5"), ("dead", "9223372036854775807"), ("requeued", "")]
    {
        let server = with_items();
        server.cli(&["HSET", "{mylist}:stats", field, value]);
        let run = consume(&server).output().exits(69);
        let said = format!("the field `{field}` of the key `{{mylist}}:stats` is not a count");
        assert!(run.stderr.contains(&said), "{}", run.stderr);
        assert_eq!((server.llen("mylist"), server.keys().len()), (ITEMS, 2), "{:?}", server.keys());
        faults(of(&server), &[("companion-foreign", &said, &format!("`HDEL {{mylist}}:stats {field}`"))]);
        mend(&server, &run);
        consume(&server).output().exits(0);
        assert_eq!(server.llen("mylist"), 0);
        faults(of(&server), &[]);
    }
    // A push that cannot be counted is a push, and no consumer needs its counter.
    let server = with_items();
    server.cli(&["HSET", "{mylist}:stats", "pushed", "x"]);
    qscale(&server, &["produce", "--count", "1"]).output().exits(0);
    consume(&server).output().exits(0);
    assert_eq!(server.llen("mylist"), 0);
}

#[test]
fn counter_that_is_overwritten_meanwhile_ends_the_consumer_and_loses_nothing() {
    at_once([("claimed", "0.1"), ("acknowledged", "0.1"), ("requeued", "5")], |(field, seconds)| {
        let server = with_items();
        let words = ["consume", "--lease", "1s", "--concurrency", "4", "--drain", "0s", "--", "sleep", seconds];
        let consumer = qscale(&server, &words).spawn();
        wait_until("items are in flight", SOON, || server.llen("mylist") <= ITEMS - 4);
        server.cli(&["HSET", "{mylist}:stats", field, "x"]);
        if field == "requeued" {
            consumer.terminate();
        }
        let run = consumer.wait().exits(69);
        assert!(run.stderr.contains(&format!("the field `{field}` of the key")), "{}", run.stderr);
        mend(&server, &run);
        consume_all(&server);
        let acknowledged: u64 = server.cli(&["HGET", "{mylist}:stats", "acknowledged"]).trim().parse().unwrap_or(0);
        let expected = if field == "acknowledged" { 1..=ITEMS } else { ITEMS..=ITEMS };
        assert!(expected.contains(&acknowledged), "{acknowledged} with {field}");
    });
}

#[test]
fn companion_of_another_type_is_named_by_every_subcommand() {
    let cases = [
        ("landing", "set", ["SADD", "", "x"].as_slice()),
        ("consumers", "string", &["SET", "", "x"]),
        ("busy", "list", &["RPUSH", "", "x"]),
        ("delayed", "hash", &["HSET", "", "x", "y"]),
        ("items", "list", &["RPUSH", "", "x"]),
        ("dead", "zset", &["ZADD", "", "1", "x"]),
        ("stats", "string", &["SET", "", "x"]),
        ("inflight:ghost", "string", &["SET", "", "x"]),
    ];
    at_once(cases, |(name, kind, write)| {
        let server = with_items();
        let key = format!("{{mylist}}:{name}");
        if name == "inflight:ghost" {
            server.cli(&["ZADD", "{mylist}:consumers", "1", "ghost"]);
        }
        let command: Vec<&str> = write.iter().map(|word| if word.is_empty() { key.as_str() } else { word }).collect();
        server.cli(&command);
        let said = format!("the key `{key}` is of type {kind}, not ");
        faults(of(&server), &[("companion-foreign", &said, &format!("`RENAMENX {key} aside:{key}`"))]);
        let watch = qscale(&server, &["watch", "--once"]).output().exits(69);
        assert!(watch.stderr.contains(&said), "{}", watch.stderr);
        if name == "dead" {
            let dead = Qscale::new(["dead", "ls", "--redis", &server.url()]).output().exits(69);
            assert!(dead.stderr.contains(&said), "{}", dead.stderr);
        }
        qscale(&server, &["produce", "--count", "1", "--payload", "40"]).output().exits(0);
        let run = consume(&server).output().exits(69);
        assert!(run.stderr.contains(&said), "{}", run.stderr);
        mend(&server, &run);
        consume_all(&server);
    });
}

#[test]
fn landing_list_of_another_type_ends_a_wait() {
    let server = RedisServer::start();
    let consumer = qscale(&server, &["consume", "--work", "none", "--lease", "1s"]).spawn();
    wait_until("it waits", SOON, || server.blocked_clients() > 0);
    server.cli(&["SET", "{mylist}:landing", "x"]);
    server.push("mylist", ["1"]);
    let run = consumer.wait().exits(69);
    assert!(run.stderr.contains("the key `{mylist}:landing` is of type string"), "{}", run.stderr);
    mend(&server, &run);
    consume_all(&server);
}

#[test]
fn damaged_history_or_foreign_field_keeps_no_consumer_from_leaving() {
    for history in ["{bad", "[1]", r#"{"attempts":"x","crashes":-5,"id":7,"since":1,"reason":[]}"#] {
        let server = RedisServer::start();
        server.cli(&["ZADD", "{mylist}:delayed", "1", "a:c1:1"]);
        server.cli(&["HSET", "{mylist}:items", "a:c1:1", "7", "a:c1:1 history", history, "a:c1:1 at", "zz"]);
        // One more whose consumer has crashed, and whose next crash is its last.
        server.cli(&["ZADD", "{mylist}:consumers", "1", "ghost"]);
        server.cli(&[
            "HSET",
            "{mylist}:inflight:ghost",
            "c1:1",
            "8",
            "c1:1 history",
            history,
            "lease",
            "x",
            "histories",
            "y",
        ]);
        qscale(&server, &["watch", "--once"]).output().exits(0);
        let words = ["consume", "--lease", "1s", "--idle-exit", "4s", "--max-crashes", "1", "--", "cat"];
        let run = qscale(&server, &words).output().exits(0);
        assert!(run.stderr.contains("] 7\n"), "{}", run.stderr);
        assert_eq!(server.keys(), ["{mylist}:dead", "{mylist}:stats"]);
        let requeue = Qscale::new(["dead", "requeue", "--all", "--redis", &server.url()]).output().exits(0);
        assert_eq!(server.lrange("mylist"), ["8"], "{}", requeue.stderr);
    }
    let server = RedisServer::start();
    let consumer = qscale(&server, &["consume", "--work", "none"]).spawn();
    wait_until("it waits", SOON, || server.blocked_clients() > 0);
    let name = server.cli(&["ZRANGE", "{mylist}:consumers", "0", "0"]).trim().to_owned();
    server.cli(&["HSET", &format!("{{mylist}}:inflight:{name}"), "note", "x"]);
    consumer.terminate();
    consumer.wait().exits(0);
    assert_eq!(server.keys(), [""; 0]);
}

#[test]
fn items_of_a_consumer_that_another_program_has_deleted_come_back() {
    let server = RedisServer::start();
    server.cli(&["HSET", "{mylist}:inflight:gone", "c1:1", "7"]);
    let command = "ZADD {mylist}:consumers 0 gone";
    let run = of(&server).output();
    warns(of(&server), "consumers-gone", "1 item in flight");
    assert!(run.stdout.contains(command), "{}", run.stdout);
    server.cli(&command.split(' ').collect::<Vec<_>>());
    consume_all(&server);
}
