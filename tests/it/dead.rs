//! Dead letters as a process sees them: listed, shown, put back and thrown away, and none lost or doubled on the way.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use crate::support::{Finished, Proxy, Qscale, RedisServer, SOON, wait_until};
use serde_json::{Value, json};

const DEAD: &str = "{mylist}:dead";

fn dead(server: &RedisServer, words: &[&str]) -> Qscale {
    Qscale::new(["dead"]).args(words).args(["--redis", &server.url()])
}

/// Redis' time, in ms since 1970.
fn now(server: &RedisServer) -> u64 {
    let time = server.cli(&["TIME"]);
    time.lines().next().and_then(|seconds| seconds.parse::<u64>().ok()).expect("TIME tells seconds") * 1000
}

/// An element as `consume` writes it, dead for `age`.
fn dead_letter(server: &RedisServer, id: &str, age: Duration, reason: &str, item: &[u8]) -> Vec<u8> {
    let died = now(server) - u64::try_from(age.as_millis()).expect("an age is short");
    let header = json!({
        "id": id, "attempts": 3, "crashes": 1, "since": died - 1000, "reason": reason, "died": died,
        "stderr": "one\ntwo \u{1b}[31m",
    });
    [header.to_string().as_bytes(), b"\n", item].concat()
}

/// Three dead letters, the last the newest, and between them an element that is none.
fn some_dead_letters(server: &RedisServer) {
    let hour = Duration::from_secs(3600);
    server.push(DEAD, [dead_letter(server, "a:1:1", 3 * hour, "exit status 1", b"first item")]);
    server.push(DEAD, [&b"not ours\xff"[..]]);
    server.push(DEAD, [dead_letter(server, "b:1:1", 2 * hour, "consumer crashed", b"\xff\xfe\0binary")]);
    server.push(DEAD, [dead_letter(server, "c:1:1", Duration::from_secs(5), "exit status 65", b"last\nitem")]);
}

fn json_lines(run: &Finished) -> Vec<Value> {
    run.stdout.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn ids(run: &Finished) -> Vec<Option<String>> {
    json_lines(run).iter().map(|dead_letter| dead_letter["id"].as_str().map(str::to_owned)).collect()
}

#[track_caller]
fn counters(server: &RedisServer) -> [u64; 2] {
    ["dead_requeued", "purged"].map(|name| server.cli(&["HGET", "{mylist}:stats", name]).parse().unwrap_or(0))
}

// ── looked at ──

#[test]
fn dead_letters_are_listed_newest_first_and_escaped() {
    let server = RedisServer::start();
    some_dead_letters(&server);
    let run = dead(&server, &["ls"]).output().exits(0);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 5, "{}", run.stdout);
    assert!(lines[0].starts_with("ID     "), "{}", lines[0]);
    for (line, parts) in lines[1..].iter().zip([
        ["c:1:1", "exit status 65", "last\\nitem"],
        ["b:1:1", "2h  ", "\\xff\\xfe\\u{0}binary"],
        ["-  ", "not a dead letter", "not ours\\xff"],
        ["a:1:1", "3h  ", "first item"],
    ]) {
        assert!(parts.iter().all(|part| line.contains(part)), "{parts:?} in {line}");
    }
    assert_eq!(server.llen(DEAD), 4);
}

#[test]
fn json_has_the_whole_item_as_text_or_base64() {
    let server = RedisServer::start();
    some_dead_letters(&server);
    let large = "x".repeat(3_000_000);
    server.push(DEAD, [dead_letter(&server, "d:1:1", Duration::ZERO, "large", large.as_bytes())]);
    let run = dead(&server, &["ls", "--output", "json"]).output().exits(0);
    let lines = json_lines(&run);
    assert_eq!(
        ids(&run),
        [Some("d:1:1"), Some("c:1:1"), Some("b:1:1"), None, Some("a:1:1")].map(|id| id.map(str::to_owned))
    );
    assert_eq!((&lines[0]["item"], &lines[0]["bytes"]), (&json!(large), &json!(3_000_000)));
    assert_eq!((&lines[1]["item"], &lines[1]["item_base64"]), (&json!("last\nitem"), &Value::Null));
    assert_eq!((&lines[2]["item"], &lines[2]["item_base64"]), (&Value::Null, &json!("//4AYmluYXJ5")));
    assert_eq!((&lines[3]["reason"], &lines[3]["item_base64"]), (&Value::Null, &json!("bm90IG91cnP/")));
    assert_eq!((&lines[4]["attempts"], &lines[4]["crashes"]), (&json!(3), &json!(1)));
    assert!(humantime::parse_rfc3339(lines[4]["died"].as_str().expect("a time")).is_ok());
}

#[test]
fn filters_find_dead_letters() {
    let server = RedisServer::start();
    some_dead_letters(&server);
    for (words, found) in [
        (&["--match", "exit status"][..], &["c:1:1", "a:1:1"][..]),
        (&["--match", "first"], &["a:1:1"]),
        (&["--match", "[.*"], &[]),
        (&["--match", "two"], &["c:1:1", "b:1:1", "a:1:1"]),
        (&["--older-than", "90m"], &["b:1:1", "a:1:1"]),
        (&["--older-than", "90m", "--match", "binary"], &["b:1:1"]),
        (&["--limit", "1"], &["c:1:1"]),
        (&["--limit", "0"], &[]),
    ] {
        let run = dead(&server, &["ls", "--output", "json"]).args(words).output().exits(0);
        let found: Vec<_> = found.iter().map(|id| Some((*id).to_owned())).collect();
        assert_eq!(ids(&run), found, "{words:?}");
    }
    let run = dead(&server, &["ls", "--list", "another"]).output().exits(0);
    assert!(run.stdout.is_empty() && run.stderr.contains("no dead letters list=another"), "{}", run.stderr);
}

#[test]
fn summary_counts_by_reason_with_the_last_line_of_stderr() {
    let server = RedisServer::start();
    some_dead_letters(&server);
    server.push(DEAD, [dead_letter(&server, "d:1:1", Duration::from_secs(90), "exit status 1", b"another")]);
    let run = dead(&server, &["ls", "--summary", "--output", "json"]).output().exits(0);
    let counts: Vec<_> = json_lines(&run).iter().map(|one| (one["reason"].clone(), one["count"].clone())).collect();
    let expected = [
        ("exit status 1: two \u{1b}[31m", 2),
        ("(not a dead letter)", 1),
        ("consumer crashed", 1),
        ("exit status 65: two \u{1b}[31m", 1),
    ];
    assert_eq!(counts, expected.map(|(reason, count)| (json!(reason), json!(count))));
    let run = dead(&server, &["ls", "--summary", "--match", "exit status 1"]).output().exits(0);
    let words: Vec<&str> = run.stdout.lines().nth(1).expect("a row").split_whitespace().collect();
    assert_eq!(words[..2], ["2", "3h"], "{}", run.stdout);
    assert!(!run.stdout.contains('\u{1b}'));
}

#[test]
fn show_prints_the_item_escaped_or_byte_for_byte() {
    let server = RedisServer::start();
    some_dead_letters(&server);
    let run = dead(&server, &["show", "b:1:1"]).output().exits(0);
    for part in
        ["id        b:1:1", "(2h ago)", "reason    consumer crashed", "stderr    two \\u{1b}[31m", "\\u{0}binary"]
    {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    let run = dead(&server, &["show", "b:1:1", "--raw"]).output().exits(0);
    assert_eq!(run.stdout_bytes, b"\xff\xfe\0binary");
    let run = dead(&server, &["show", "a:1:1", "-o", "json"]).output().exits(0);
    assert_eq!(json_lines(&run)[0]["stderr"], "one\ntwo \u{1b}[31m");
    let run = dead(&server, &["show", "z:9:9"]).output().exits(4);
    assert!(run.stderr.contains("no such dead letter list=mylist id=z:9:9"), "{}", run.stderr);
}

// ── put back ──

#[test]
fn requeued_items_are_bare_and_oldest_first() {
    let server = RedisServer::start();
    some_dead_letters(&server);
    server.push("mylist", ["waits"]);
    let run = dead(&server, &["requeue", "--dry-run", "-o", "json", "--limit", "2"]).output().exits(0);
    assert_eq!((ids(&run)[0].as_deref(), server.llen(DEAD)), (Some("a:1:1"), 4));

    let run = dead(&server, &["requeue"]).output().exits(0);
    assert_eq!(run.stdout, "requeued 3 dead letters to `mylist`\n");
    assert!(run.stderr.contains("skipped elements that are not dead letters elements=1"), "{}", run.stderr);
    let items: [&[u8]; 4] = [b"waits", b"first item", b"\xff\xfe\0binary", b"last\nitem"];
    assert_eq!(server.pushed_bytes("mylist"), items);
    assert_eq!(server.pushed_bytes(DEAD), [b"not ours\xff"]);
    assert_eq!((counters(&server), server.keys().len()), ([3, 0], 3));
}

#[test]
fn requeue_affects_only_what_is_selected() {
    for (words, items) in [
        (&["a:1:1", "c:1:1"][..], &["first item", "last\nitem"][..]),
        (&["--match", "first"], &["first item"]),
        (&["--limit", "1"], &["first item"]),
        (&["--older-than", "150m"], &["first item"]),
    ] {
        let server = RedisServer::start();
        some_dead_letters(&server);
        let run = dead(&server, &["requeue", "-o", "json"]).args(words).output().exits(0);
        assert_eq!(json_lines(&run)[0]["requeued"], items.len(), "{words:?}");
        assert_eq!(
            (server.pushed("mylist"), server.llen(DEAD)),
            (items.iter().map(ToString::to_string).collect(), 4 - items.len() as u64)
        );
    }
    let server = RedisServer::start();
    some_dead_letters(&server);
    let run = dead(&server, &["requeue", "a:1:1", "z:9:9"]).output().exits(4);
    assert!(run.stderr.contains("found=1 missing=1"), "{}", run.stderr);
    assert_eq!(server.llen("mylist"), 1);
}

#[test]
fn equal_dead_letters_keep_their_number() {
    let server = RedisServer::start();
    let one = dead_letter(&server, "a:1:1", Duration::from_secs(60), "twice", b"same");
    server.push(DEAD, [&one, &one, &one]);
    dead(&server, &["requeue", "--limit", "2"]).output().exits(0);
    assert_eq!((server.pushed("mylist"), server.llen(DEAD)), (vec!["same".to_owned(); 2], 1));
}

/// Fills the list of dead letters with `count`, each told from all others.
fn many_dead_letters(server: &RedisServer, count: u64) {
    let script = "for i = 1, ARGV[1] do redis.call('LPUSH', KEYS[1], '{\"id\":\"x:' .. i .. ':1\",\"attempts\":3,\"crashes\":0,\
                  \"since\":1,\"reason\":\"bad\",\"died\":2}\\n' .. i) end";
    server.cli(&["EVAL", script, "1", DEAD, &count.to_string()]);
}

#[test]
fn kill_loses_and_doubles_no_dead_letter() {
    const MANY: u64 = 50_000;
    let server = RedisServer::start();
    many_dead_letters(&server, MANY);
    let mut kills = 0;
    while server.llen(DEAD) > 0 {
        let mut run = dead(&server, &["requeue"]).spawn();
        let before = server.llen("mylist");
        wait_until("some are requeued", SOON, || server.llen("mylist") > before || !run.is_running());
        thread::sleep(Duration::from_millis(kills * 3));
        run.kill();
        run.wait();
        kills += 1;
        assert_eq!(server.llen("mylist") + server.llen(DEAD), MANY, "after {kills} kills");
    }
    assert!(kills > 1, "it was never killed in the middle");
    let items = server.pushed("mylist");
    assert_eq!(items.iter().collect::<BTreeSet<_>>().len() as u64, MANY);
    assert_eq!((items[0].as_str(), counters(&server)), ("1", [MANY, 0]));
}

#[test]
fn page_whose_reply_was_lost_counts_once() {
    let server = RedisServer::start();
    many_dead_letters(&server, 3000);
    let proxy = Proxy::before(server.port());
    proxy.lose_reply("bad");
    let words = ["dead", "requeue", "--match", "bad", "--limit", "700", "-o", "json", "--redis", &proxy.url()];
    let run = Qscale::new(words).output().exits(0);
    assert_eq!((proxy.lost(), &json_lines(&run)[0]["requeued"]), (1, &json!(700)));
    assert_eq!((server.llen("mylist"), server.llen(DEAD)), (700, 2300));
}

#[test]
fn requeue_is_not_shifted_by_new_dead_letters() {
    let server = RedisServer::start();
    many_dead_letters(&server, 20_000);
    let run = dead(&server, &["requeue", "--match", "bad"]).spawn();
    let mut others = 0;
    wait_until("all are requeued", SOON, || {
        server.push(DEAD, [dead_letter(&server, &format!("o:{others}:1"), Duration::ZERO, "good", b"other")]);
        others += 1;
        server.llen("mylist") == 20_000
    });
    run.wait().exits(0);
    assert_eq!((server.llen(DEAD), server.llen("mylist")), (others, 20_000));
}

#[test]
fn key_of_another_type_costs_no_dead_letter() {
    let server = RedisServer::start();
    some_dead_letters(&server);
    server.cli(&["SET", "mylist", "a string"]);
    dead(&server, &["requeue"]).output().exits(69);
    assert_eq!(server.llen(DEAD), 4);
}

#[test]
fn missing_permission_costs_and_doubles_no_dead_letter() {
    for right in ["rpop", "lpush", "lmove", "rename", "hincrby", "set"] {
        let server = RedisServer::builder().user("app", "secret", &format!("~* +@all -{right}")).start();
        some_dead_letters(&server);
        let words = ["dead", "requeue", "--redis", &server.url_with("app:secret")];
        let run = Qscale::new(words).output().exits(69);
        assert!(run.stderr.contains("NOPERM"), "{right}: {}", run.stderr);
        assert_eq!((server.llen(DEAD), server.llen("mylist")), (4, 0), "{right}");
    }
}

// ── thrown away ──

#[test]
fn purge_of_everything_needs_a_flag() {
    let server = RedisServer::start();
    some_dead_letters(&server);
    let run = dead(&server, &["purge"]).output().exits(2);
    assert!(run.stderr.contains("--all"), "{}", run.stderr);
    dead(&server, &["purge", "--limit", "1"]).output().exits(2);
    let run = dead(&server, &["purge", "--all", "--dry-run", "-o", "json"]).output().exits(0);
    assert_eq!((run.stdout.lines().count(), server.llen(DEAD)), (4, 4));
    let run = dead(&server, &["purge", "--older-than", "1h"]).output().exits(0);
    assert_eq!((run.stdout.as_str(), server.llen(DEAD)), ("purged 2 dead letters of `mylist`\n", 2));
    dead(&server, &["purge", "--all"]).output().exits(0);
    assert_eq!((server.pushed_bytes(DEAD), counters(&server)), (vec![b"not ours\xff".to_vec()], [0, 3]));
    assert_eq!(server.llen("mylist"), 0);
}

#[test]
fn large_dead_letter_is_listed_over_a_slow_link() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    proxy.limit_rate(400_000);
    let item = "x".repeat(2_600_000);
    server.push(DEAD, [dead_letter(&server, "a:1:1", Duration::ZERO, "exit status 1", item.as_bytes())]);
    let run = Qscale::new(["dead", "ls", "--output", "json", "--redis", &proxy.url()]).output().exits(0);
    assert!(run.took > Duration::from_secs(6) && run.stderr.is_empty(), "{:?}\n{}", run.took, run.stderr);
    let line: Value = serde_json::from_str(&run.stdout).expect("one object");
    assert_eq!(line["item"].as_str().map(str::len), Some(item.len()));
}
