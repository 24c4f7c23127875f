//! A batch is on the list once and in order, whatever happens to it on the way: in transactions and through a script.

use std::thread;
use std::time::Duration;

use crate::support::{Finished, Proxy, Qscale, RedisServer, Running, SOON, at_once, wait_until};

/// Batch sizes: one that is passed through a script, one that is pushed in a transaction.
const BATCHES: [&str; 2] = ["20", "200"];

/// Number of batches of a run.
const COUNT: u64 = 100;

/// The key that produce counts in.
const STATS: &str = "{mylist}:stats";

/// Items told from all others, longer than a proxy reads at once in a batch of 200.
fn produce(redis: &str, batch: &str, words: &[&str]) -> Qscale {
    let payload = format!("<{{seq}}>{}", "x".repeat(1000));
    Qscale::new(["produce", "--redis", redis, "--batch", batch, "--payload", &payload, "--output", "json"]).args(words)
}

/// Starts a run of [`COUNT`] full batches, and waits until some of them are pushed. Returns the number of its items as well.
fn start(server: &RedisServer, redis: &str, batch: &str) -> (Running, u64) {
    let items = COUNT * batch.parse::<u64>().expect("a number");
    let run = produce(redis, batch, &["--every", "10ms", "--count", &items.to_string()]).spawn();
    wait_until("items are pushed", SOON, || server.llen("mylist") > items / COUNT);
    (run, items)
}

/// The numbers of the items on the list, in the order they were pushed.
#[track_caller]
fn numbers(server: &RedisServer, list: &str) -> Vec<u64> {
    let number = |item: &String| item[1..].split('>').next().and_then(|digits| digits.parse().ok());
    server.pushed(list).iter().map(|item| number(item).expect("a number")).collect()
}

#[track_caller]
fn is_on_the_list_once(server: &RedisServer, count: u64, run: &Finished) {
    assert_eq!(numbers(server, "mylist"), (1..=count).collect::<Vec<_>>(), "{}", run.stderr);
    let result: serde_json::Value = serde_json::from_str(&run.stdout).expect("the result is one JSON object");
    assert_eq!(result["items"], count);
    assert_eq!(server.cli(&["HGET", STATS, "pushed"]), count.to_string());
}

/// Starts a run that pushes 400 items and then waits, so that its token stays.
fn start_waiting(server: &RedisServer, redis: &str, batch: &str) -> Running {
    let run = produce(redis, batch, &["--pattern", "burst 400, 1h@0, burst 1"]).spawn();
    wait_until("the burst is pushed", SOON, || server.cli(&["HGET", STATS, "pushed"]) == "400");
    run
}

fn token(server: &RedisServer) -> String {
    server.keys().into_iter().find(|key| key.contains(":producer:")).expect("a token")
}

/// Number of times that the server has run a command.
fn calls(server: &RedisServer, command: &str) -> u64 {
    let stats = server.cli(&["INFO", "commandstats"]);
    let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
    line.map_or(0, |rest| rest.split(',').next().and_then(|count| count.parse().ok()).expect("a number"))
}

// ── what is lost on the way ──

#[test]
fn batch_cut_off_anywhere_is_pushed_once() {
    for batch in BATCHES {
        let middle = format!("<{}>", batch.parse::<u64>().expect("a number") * COUNT / 2 + 10);
        // A batch that is passed through a script is one command.
        let cuts = if batch == "20" { &["EVAL", &middle][..] } else { &["MULTI", "LPUSH", &middle, "EVAL", "EXEC"] };
        for cut in cuts {
            at_once([Proxy::lose_reply, Proxy::lose_request, Proxy::hold_request], |lose: fn(&Proxy, &str)| {
                let server = RedisServer::start();
                let proxy = Proxy::before(server.port());
                let (run, items) = start(&server, &proxy.url(), batch);
                lose(&proxy, cut);
                wait_until("it is lost", SOON, || proxy.lost() == 1);
                proxy.deliver();
                let run = run.finish(SOON).exits(0);
                is_on_the_list_once(&server, items, &run);
            });
        }
    }
}

#[test]
fn batch_that_arrives_late_is_not_pushed_again() {
    for batch in BATCHES {
        let server = RedisServer::start();
        let proxy = Proxy::before(server.port());
        proxy.hold_request("<350>");
        let run = start_waiting(&server, &proxy.url(), batch);
        // While it waits, once its items are gone, and when the run is over.
        proxy.deliver();
        assert_eq!(numbers(&server, "mylist"), (1..=400).collect::<Vec<_>>());
        run.terminate();
        is_on_the_list_once(&server, 400, &run.finish(SOON).exits(75));
    }
}

#[test]
fn batch_that_arrives_after_the_end_of_the_run_is_not_pushed_again() {
    for batch in BATCHES {
        let server = RedisServer::start();
        let proxy = Proxy::before(server.port());
        proxy.hold_request("<350>");
        let run = produce(&proxy.url(), batch, &["--rate", "max", "--count", "400"]).output().exits(0);
        proxy.deliver();
        is_on_the_list_once(&server, 400, &run);
        let lifetime: u64 = server.cli(&["TTL", &token(&server)]).parse().expect("a lifetime");
        assert!((1..=60).contains(&lifetime), "{lifetime}");
    }
}

#[test]
fn consumer_that_waits_gets_nothing_of_a_batch_that_is_taken_back() {
    for batch in BATCHES {
        let server = RedisServer::start();
        let proxy = Proxy::before(server.port());
        proxy.hold_request("<350>");
        let run = start_waiting(&server, &proxy.url(), batch);
        server.cli(&["DEL", "mylist"]);
        let words = ["consume", "--redis", &server.url(), "--work", "none", "--delivery", "at-most-once"];
        let consumer = Qscale::new(words).spawn();
        wait_until("the consumer waits", SOON, || server.blocked_clients() == 1);
        proxy.deliver();
        assert_eq!((server.blocked_clients(), server.llen("mylist")), (1, 0));
        consumer.terminate();
        assert_eq!(consumer.finish(SOON).exits(0).stdout, "");
        run.terminate();
        run.finish(SOON).exits(75);
    }
}

// ── what the server refuses ──

#[test]
fn order_survives_a_server_that_is_full_now_and_then() {
    for batch in BATCHES {
        let server = RedisServer::start();
        let (mut run, items) = start(&server, &server.url(), batch);
        wait_until("it has been full some times", SOON, || {
            server.cli(&["CONFIG", "SET", "maxmemory", "1"]);
            thread::sleep(Duration::from_millis(5));
            server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
            thread::sleep(Duration::from_millis(50));
            !run.is_running() || run.stderr().matches("out of memory (OOM)").count() >= 3
        });
        let run = run.finish(SOON).exits(0);
        assert!(run.stderr.contains("out of memory (OOM)"), "{}", run.stderr);
        is_on_the_list_once(&server, items, &run);
    }
}

#[test]
fn list_that_becomes_another_type_ends_the_run_with_an_exact_count() {
    for batch in BATCHES {
        let server = RedisServer::start();
        let (run, _) = start(&server, &server.url(), batch);
        server.cli(&["EVAL", "redis.call('RENAME', 'mylist', 'list') redis.call('SET', 'mylist', 'text')", "0"]);
        let run = run.finish(SOON).exits(69);
        assert!(run.stderr.contains("not a list (WRONGTYPE)"), "{}", run.stderr);
        let pushed = numbers(&server, "list");
        assert_eq!(pushed, (1..=pushed.len() as u64).collect::<Vec<_>>());
        assert!(run.stderr.contains(&format!("stopped after {} items", pushed.len())), "{}", run.stderr);
        assert_eq!(server.cli(&["HGET", STATS, "pushed"]), pushed.len().to_string());
        assert_eq!(server.cli(&["GET", "mylist"]), "text");
    }
}

#[test]
fn scripts_that_the_server_forgets_are_no_failure() {
    for batch in BATCHES {
        let server = RedisServer::start();
        let (run, items) = start(&server, &server.url(), batch);
        for percent in [10, 30, 60] {
            wait_until("items are pushed", SOON, || server.llen("mylist") > items * percent / 100);
            server.cli(&["SCRIPT", "FLUSH"]);
        }
        let run = run.finish(SOON).exits(0);
        is_on_the_list_once(&server, items, &run);
        assert!(!run.stderr.contains("retrying"), "{}", run.stderr);
    }
}

// ── what the server forgets ──

#[test]
fn batches_after_those_that_redis_lost_are_pushed_once() {
    for batch in BATCHES {
        let server = RedisServer::start();
        let (run, items) = start(&server, &server.url(), batch);
        // As after a failover to a replica that lacks the last batches; their items are kept here, to be counted.
        server.cli(&["EVAL", "redis.call('SET', KEYS[1], redis.call('GET', KEYS[1]) - 3)", "1", &token(&server)]);
        run.wait_for_line("Redis lost confirmed pushes", SOON);
        let pushed = server.llen("mylist");
        wait_until("more is pushed", SOON, || server.llen("mylist") > pushed);
        server.cli(&["DEL", &token(&server)]);
        is_on_the_list_once(&server, items, &run.finish(SOON).exits(0));
    }
}

#[test]
fn cluster_slot_that_moves_under_large_batches_loses_and_doubles_nothing() {
    let [near, far] = [(), ()].map(|()| RedisServer::builder().cluster().start());
    far.take_slot(5_282, &near);
    let redis = ["--addresses", &near.address(), "--mode", "cluster"];
    let words = ["produce", "--count", "40000", "--every", "5ms", "--batch", "200", "--payload", "{seq}"];
    let producer = Qscale::new(words).args(redis).spawn();
    wait_until("items are pushed", SOON, || far.llen("mylist") > 1000);
    near.take_over(5_282, &far);
    producer.finish(SOON).exits(0);
    assert_eq!(near.pushed("mylist"), (1..=40_000).map(|number| number.to_string()).collect::<Vec<_>>());
}

// ── who else pushes, and who may ──

#[test]
fn producers_of_one_list_do_not_disturb_each_other() {
    let server = RedisServer::start();
    let proxies = [(), ()].map(|()| Proxy::before(server.port()));
    let runs = [("a", 0), ("b", 1)].map(|(name, index)| {
        let words = ["--batch", "200", "--every", "20ms", "--count", "20000", "--payload"];
        let payload = format!("{name}{{seq}}");
        Qscale::new(["produce", "--redis", &proxies[index].url()]).args(words).arg(&payload).spawn()
    });
    for losses in 1..=3 {
        for proxy in &proxies {
            // Each batch has an item whose number ends so.
            proxy.lose_reply("00\r\n");
            wait_until("a reply is lost", SOON, || proxy.lost() == losses);
        }
    }
    for run in runs {
        run.finish(SOON).exits(0);
    }
    let pushed = server.pushed("mylist");
    for name in ["a", "b"] {
        let own: Vec<&String> = pushed.iter().filter(|item| item.starts_with(name)).collect();
        let expected: Vec<String> = (1..=20_000).map(|number| format!("{name}{number}")).collect();
        assert_eq!(own, expected.iter().collect::<Vec<_>>());
    }
}

#[test]
fn items_of_large_batches_do_not_pass_through_lua() {
    let server = RedisServer::start();
    produce(&server.url(), "200", &["--rate", "max", "--count", "2000"]).output().exits(0);
    // Ten of batches, one of the empty batch before them, taken twice.
    assert_eq!((calls(&server, "exec"), calls(&server, "lpush"), calls(&server, "eval")), (12, 10, 12));
}

#[test]
fn user_without_transactions_pushes_once_by_the_script_alone() {
    let builder = RedisServer::builder();
    let server = builder
        .user("none", "secret", "~* +@all -@transaction")
        .user("half", "secret", "~* +@all -exec")
        .user("quarter", "secret", "~* +@all -multi")
        .start();
    for user in ["none", "half", "quarter"] {
        server.cli(&["FLUSHALL"]);
        let proxy = Proxy::before(server.port());
        proxy.lose_reply("<1500>");
        let redis = format!("redis://{user}:secret@{}", proxy.address());
        let run = produce(&redis, "200", &["--rate", "max", "--count", "2000"]).output().exits(0);
        assert_eq!(proxy.lost(), 1);
        is_on_the_list_once(&server, 2000, &run);
        assert!(!run.stderr.contains("pushing without a script"), "{}", run.stderr);
    }
}

#[test]
fn user_who_lacks_a_right_of_the_script_pushes_plainly() {
    for command in ["eval", "get", "set", "llen", "ltrim"] {
        let server = RedisServer::builder().user("app", "secret", &format!("~* +@all -{command}")).start();
        let redis = server.url_with("app:secret");
        let run = produce(&redis, "200", &["--rate", "max", "--count", "2000"]).output().exits(0);
        assert_eq!(numbers(&server, "mylist"), (1..=2000).collect::<Vec<_>>(), "{command}");
        assert!(run.stderr.contains("pushing without a script"), "{command}: {}", run.stderr);
    }
    // A user who may not count pushes all the same.
    let server = RedisServer::builder().user("app", "secret", "~* +@all -hincrby").start();
    let run = produce(&server.url_with("app:secret"), "200", &["--rate", "max", "--count", "2000"]).output().exits(0);
    assert_eq!(numbers(&server, "mylist"), (1..=2000).collect::<Vec<_>>());
    assert!(!run.stderr.contains("WARN"), "{}", run.stderr);
}
