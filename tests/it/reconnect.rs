//! What happens to items and to the program when the connection is lost in the middle.

use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Finished, Proxy, Qscale, RedisServer, Running, SOON, wait_until};

/// Limit for a run to end after a signal.
const PROMPTLY: Duration = Duration::from_secs(2);

/// Batches of ten, each item told from all others.
fn produce(redis: &str, words: &[&str]) -> Qscale {
    Qscale::new(["produce", "--redis", redis, "--batch", "10", "--payload", "<{seq}>", "--output", "json"]).args(words)
}

/// Writes each item to stdout.
fn consume(redis: &str, words: &[&str]) -> Qscale {
    Qscale::new(["consume", "--redis", redis, "--delivery", "at-most-once", "--work", "none"]).args(words)
}

/// The first `count` items in the order they are pushed.
fn items(count: u64) -> Vec<String> {
    (1..=count).map(|seq| format!("<{seq}>")).collect()
}

/// Returns `field` of the result on stdout.
#[track_caller]
fn result(run: &Finished, field: &str) -> u64 {
    let result: serde_json::Value = serde_json::from_str(&run.stdout).expect("the result is one JSON object");
    result[field].as_u64().unwrap_or_else(|| panic!("no `{field}` in {result}"))
}

/// Starts an idle consumer and waits until it blocks in its pop.
fn blocked_consumer(server: &RedisServer, redis: &str, words: &[&str]) -> Running {
    let mut consumer = consume(redis, words).spawn();
    wait_until("the consumer waits for an item", SOON, || {
        assert!(consumer.is_running(), "it ended:\n{}", consumer.stderr());
        server.blocked_clients() > 0
    });
    consumer
}

/// The lines that warn of something, but of late items, which are another subject.
fn warnings(stderr: &str) -> Vec<&str> {
    let warns = |line: &&str| (line.contains("WARN") || line.contains("ERROR")) && !line.contains("items are late");
    stderr.lines().filter(warns).collect()
}

/// The ids of the clients that wait in a blocking command.
fn blocked_ids(server: &RedisServer) -> HashSet<String> {
    let clients = server.cli(&["CLIENT", "LIST"]);
    let fields = clients.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    fields
        .filter(|fields| {
            fields.iter().any(|field| field.strip_prefix("flags=").is_some_and(|flags| flags.contains('b')))
        })
        .map(|fields| fields[0].to_owned())
        .collect()
}

// ── produce: neither lost nor twice ──

#[test]
fn batch_is_pushed_once_when_its_reply_is_lost() {
    let server = RedisServer::start();
    for lost in ["<1>", "<55>", "<200>"] {
        server.cli(&["FLUSHALL"]);
        let proxy = Proxy::before(server.port());
        proxy.lose_reply(lost);
        let run = produce(&proxy.url(), &["--rate", "max", "--count", "200"]).output().exits(0);
        assert_eq!(proxy.lost(), 1);
        assert_eq!(server.pushed("mylist"), items(200), "the reply to {lost} was lost\n{}", run.stderr);
        assert_eq!(result(&run, "items"), 200);
    }
}

#[test]
fn batch_is_pushed_once_when_it_never_arrived() {
    let server = RedisServer::start();
    for lost in ["<1>", "<55>", "<200>"] {
        server.cli(&["FLUSHALL"]);
        let proxy = Proxy::before(server.port());
        proxy.lose_request(lost);
        let run = produce(&proxy.url(), &["--rate", "max", "--count", "200"]).output().exits(0);
        assert_eq!(proxy.lost(), 1);
        assert_eq!(server.pushed("mylist"), items(200), "the request with {lost} was lost\n{}", run.stderr);
        assert_eq!(result(&run, "items"), 200);
    }
}

#[test]
fn produce_loses_nothing_when_the_connection_breaks_often() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    let run = produce(&proxy.url(), &["--every", "5ms", "--count", "2000"]).spawn();
    for round in 1..=6 {
        let mark = format!("<{}>", round * 300);
        if round % 2 == 0 {
            proxy.lose_reply(&mark);
        } else {
            proxy.lose_request(&mark);
        }
        wait_until("the next loss", SOON, || proxy.lost() == round);
    }
    run.wait().exits(0);
    assert_eq!(server.pushed("mylist"), items(2000));
    assert_eq!(server.cli(&["HGET", "{mylist}:stats", "pushed"]), "2000");
}

#[test]
fn produce_doubles_nothing_when_the_server_is_killed_and_restarted() {
    let mut server = RedisServer::builder().durable().start();
    let run = produce(&server.url(), &["--every", "10ms", "--count", "1000"]).spawn();
    for reached in [100, 400] {
        wait_until("some items are pushed", SOON, || server.llen("mylist") >= reached);
        server.kill();
        server.restart();
    }
    let run = run.wait().exits(0);
    assert_eq!(server.pushed("mylist"), items(1000), "{}", run.stderr);
    assert_eq!(result(&run, "items"), 1000);
}

#[test]
fn produce_gives_up_a_dead_link_and_loses_nothing() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    let run = produce(&proxy.url(), &["--every", "10ms", "--count", "1000"]).spawn();
    wait_until("some items are pushed", SOON, || server.llen("mylist") >= 100);
    proxy.swallow();
    let run = run.wait().exits(0);
    assert_eq!(server.pushed("mylist"), items(1000), "{}", run.stderr);
}

#[test]
fn produce_keys_expire() {
    let server = RedisServer::start();
    produce(&server.url(), &["--rate", "max", "--count", "100"]).output().exits(0);
    for key in server.cli(&["KEYS", "*"]).lines().filter(|key| !["mylist", "{mylist}:stats"].contains(key)) {
        let left: i64 = server.cli(&["TTL", key]).parse().unwrap();
        assert!((0..=3600).contains(&left), "{key} stays: TTL {left}");
    }
}

#[test]
fn scripts_are_loaded_again_after_script_flush() {
    let server = RedisServer::start();
    let run = produce(&server.url(), &["--every", "10ms", "--count", "500"]).spawn();
    wait_until("some items are pushed", SOON, || server.llen("mylist") >= 50);
    server.cli(&["SCRIPT", "FLUSH"]);
    let run = run.wait().exits(0);
    assert_eq!(server.pushed("mylist"), items(500));
    assert!(warnings(&run.stderr).is_empty(), "{}", run.stderr);
}

#[test]
fn memory_of_produce_stays_flat_while_the_server_hangs() {
    let server = RedisServer::start();
    let run = produce(&server.url(), &["--rate", "max", "--count", "1000000000"]).spawn();
    wait_until("some items are pushed", SOON, || server.llen("mylist") >= 100);
    server.pause();
    // A program that does not mind would make some hundred thousand items in this time.
    thread::sleep(Duration::from_secs(2));
    #[cfg(target_os = "linux")]
    {
        let status = std::fs::read_to_string(format!("/proc/{}/status", run.pid())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(kilobytes < 64 * 1024, "{kilobytes} kB");
    }
    server.resume();
    run.terminate();
    let run = run.wait().exits(75);
    assert_eq!(result(&run, "items"), server.llen("mylist"));
    assert_eq!(server.pushed("mylist"), items(server.llen("mylist")));
}

// ── consume: the pop that blocks ──

#[test]
fn sigterm_ends_an_idle_consumer_at_once_and_leaves_the_next_item() {
    for round in 1..=3 {
        let server = RedisServer::start();
        let consumer = blocked_consumer(&server, &server.url(), &[]);
        consumer.terminate();
        let start = Instant::now();
        let run = consumer.wait().exits(0);
        // Before anything else: a pop that was left behind would take it.
        server.cli(&["LPUSH", "mylist", "next"]);
        assert_eq!(server.lrange("mylist"), ["next"], "round {round}");
        assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
        assert!(warnings(&run.stderr).is_empty(), "{}", run.stderr);
    }
}

#[test]
fn ctrl_c_ends_an_idle_consumer() {
    let server = RedisServer::start();
    let consumer = blocked_consumer(&server, &server.url(), &["--concurrency", "3"]);
    consumer.interrupt();
    consumer.finish(PROMPTLY).exits(0);
    server.cli(&["LPUSH", "mylist", "next"]);
    assert_eq!(server.lrange("mylist"), ["next"]);
}

#[test]
fn sigterm_to_a_busy_consumer_loses_no_item() {
    let server = RedisServer::start();
    for round in 1..=5 {
        server.cli(&["FLUSHALL"]);
        let consumer = blocked_consumer(&server, &server.url(), &["--concurrency", "2"]);
        let pushed = thread::scope(|scope| {
            let pusher = scope.spawn(|| {
                for seq in 1..=300 {
                    server.cli(&["LPUSH", "mylist", &format!("<{seq}>")]);
                }
                items(300)
            });
            consumer.wait_for_line("<100>", SOON);
            consumer.terminate();
            pusher.join().expect("every item is pushed")
        });
        let run = consumer.finish(PROMPTLY).exits(0);
        let mut seen: Vec<String> = run.stdout.lines().map(str::to_owned).chain(server.pushed("mylist")).collect();
        seen.sort_by_key(|item| item.trim_matches(['<', '>']).parse::<u64>().ok());
        assert_eq!(seen, pushed, "round {round}\n{}", run.stderr);
    }
}

#[test]
fn idle_wait_is_not_an_outage() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    let consumer = blocked_consumer(&server, &proxy.url(), &["--idle-exit", "3s"]);
    let connections = proxy.connections();
    let run = consumer.wait().exits(0);
    assert!(run.took >= Duration::from_secs(3), "{:?}", run.took);
    assert_eq!(proxy.connections(), connections, "it connected again");
    assert!(warnings(&run.stderr).is_empty(), "{}", run.stderr);
}

#[test]
fn item_of_bytes_is_not_lost() {
    let server = RedisServer::start();
    server.ask(&[&b"LPUSH"[..], b"mylist", b"a\xff\x00b"]).unwrap();
    let run = consume(&server.url(), &["--max-items", "1"]).output().exits(0);
    assert_eq!(run.stdout, "a\u{fffd}\0b\n");
}

#[test]
fn consume_gives_up_a_dead_link() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    let consumer = blocked_consumer(&server, &proxy.url(), &[]);
    let (connections, before) = (proxy.connections(), blocked_ids(&server));
    proxy.swallow();
    wait_until("it connects again", SOON, || proxy.connections() > connections);
    // What Redis sends over a dead link is lost to at-most-once; so the old pop has to be over.
    wait_until("the pop of the dead link ends", SOON, || blocked_ids(&server).is_disjoint(&before));
    server.cli(&["LPUSH", "mylist", "after"]);
    consumer.wait_for_line("after", SOON);
    assert_eq!(server.llen("mylist"), 0);
    consumer.terminate();
    consumer.finish(PROMPTLY).exits(0);
}

#[test]
fn item_that_takes_longer_than_a_timeout_to_arrive_is_not_lost() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    proxy.limit_rate(300_000);
    let item = "x".repeat(2_100_000);
    server.push("mylist", [&item]);
    let run = consume(&proxy.url(), &["--max-items", "1"]).output().exits(0);
    assert!(run.took > Duration::from_secs(6) && warnings(&run.stderr).is_empty(), "{:?}\n{}", run.took, run.stderr);
    assert!(run.stdout == item + "\n", "{} bytes", run.stdout.len());
}

#[test]
fn items_that_are_popped_during_a_stop_are_requeued() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    proxy.limit_rate(400_000);
    let items: Vec<String> = (0..20).map(|number| format!("{number:050000}")).collect();
    server.push("mylist", &items);
    let words = ["--redis", &proxy.url(), "--delivery", "at-most-once", "--concurrency", "7", "--work", "1h"];
    let run = Qscale::new(["consume", "--drain", "0s"]).args(words).spawn();
    // One, then two at a time, then four, which are still on their way.
    wait_until("the third pop", SOON, || server.llen("mylist") == 13);
    run.terminate();
    let run = run.finish(SOON).exits(0);
    assert!(run.stderr.contains("requeued=7"), "{}", run.stderr);
    assert!(server.pushed("mylist") == items, "{} items", server.llen("mylist"));
}

#[test]
fn items_are_popped_one_by_one_where_several_are_refused() {
    let server = RedisServer::builder().user("plain", "secret", "~mylist +brpop").start();
    server.push("mylist", items(100));
    let redis = server.url_with("plain:secret");
    let run = consume(&redis, &["--max-items", "100", "--concurrency", "64"]).output().exits(0);
    assert_eq!(run.stdout.lines().collect::<Vec<_>>(), items(100));
    assert_eq!(server.calls("brpop"), 100);
}

#[test]
fn sigterm_ends_a_consumer_on_a_dead_link() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    let consumer = blocked_consumer(&server, &proxy.url(), &[]);
    proxy.swallow();
    consumer.terminate();
    consumer.finish(Duration::from_secs(10)).exits(0);
}

#[test]
fn consumer_survives_many_lost_connections() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    let consumer = blocked_consumer(&server, &proxy.url(), &[]);
    for round in 1..=5 {
        let before = blocked_ids(&server);
        proxy.cut();
        wait_until("it waits for an item again", SOON, || {
            let now = blocked_ids(&server);
            !now.is_empty() && now.is_disjoint(&before)
        });
        let item = format!("<{round}>");
        server.cli(&["LPUSH", "mylist", &item]);
        consumer.wait_for_line(&item, SOON);
    }
    consumer.terminate();
    consumer.finish(PROMPTLY).exits(0);
}

// ── outages ──

#[test]
fn changed_password_is_named_while_it_is_retried() {
    let server = RedisServer::builder().user("app", "before", "~* &* +@all").start();
    let consumer = blocked_consumer(&server, &server.url_with("app:before"), &["--max-items", "1"]);
    server.cli(&["ACL", "SETUSER", "app", "resetpass", ">after"]);
    // As a provider does: Redis itself leaves connections open.
    server.cli(&["CLIENT", "KILL", "USER", "app"]);
    wait_until("the reason is known", SOON, || consumer.stderr().contains("WRONGPASS"));
    thread::sleep(Duration::from_secs(1));
    server.cli(&["ACL", "SETUSER", "app", ">before"]);
    server.push("mylist", ["<1>"]);
    let run = consumer.wait().exits(0);
    let [lost, named] = warnings(&run.stderr)[..] else { panic!("{}", run.stderr) };
    assert!(lost.contains("lost connection to Redis, retrying"), "{lost}");
    assert!(named.contains("cannot reconnect to Redis, retrying") && named.contains("retry_for=30s"), "{named}");
    assert!(run.stderr.contains("reconnected after"), "{}", run.stderr);
}

#[test]
fn changed_password_is_tried_once_more_for_the_items_in_flight() {
    let server = RedisServer::builder().user("app", "before", "~* &* +@all").start();
    server.push("mylist", ["a"]);
    let url = server.url_with("app:before");
    let words = ["--verbose", "consume", "--redis", &url, "--work", "1h", "--reconnect-for", "6s"];
    let consumer = Qscale::new(words).spawn();
    consumer.wait_for_line("payload=a", SOON);
    server.cli(&["ACL", "SETUSER", "app", "resetpass", ">after"]);
    server.cli(&["CLIENT", "KILL", "USER", "app"]);
    wait_until("the reason is known", SOON, || consumer.stderr().contains("WRONGPASS"));
    let named = Instant::now();
    let run = consumer.finish(SOON).exits(69);
    let took = named.elapsed();
    // Neither the look for a pause nor the requeue has taken as long again.
    assert!((Duration::from_secs(4)..Duration::from_secs(11)).contains(&took), "{took:?}\n{}", run.stderr);
}

#[test]
fn outage_and_its_end_are_logged_once() {
    let mut server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    let consumer = blocked_consumer(&server, &proxy.url(), &["--concurrency", "3"]);
    for outage in 1..=2 {
        let connections = proxy.connections();
        server.kill();
        wait_until("the outage is said", SOON, || warnings(&consumer.stderr()).len() == outage);
        wait_until("it has tried some times", SOON, || proxy.connections() >= connections + 5);
        server.restart();
        wait_until("it waits for an item again", SOON, || server.blocked_clients() > 0);
        let item = format!("<{outage}>");
        server.cli(&["LPUSH", "mylist", &item]);
        consumer.wait_for_line(&item, SOON);
        let stderr = consumer.stderr();
        assert_eq!(warnings(&stderr).len(), outage, "{stderr}");
        assert!(warnings(&stderr)[outage - 1].contains(&proxy.address()), "{stderr}");
        let back = stderr.lines().filter(|line| line.contains("INFO") && line.contains(&proxy.address())).count();
        assert!(back >= outage, "nothing says that the connection is back\n{stderr}");
    }
    consumer.terminate();
    consumer.finish(PROMPTLY).exits(0);
}

#[test]
fn loading_server_is_waited_for() {
    let mut server = RedisServer::builder().directive("save 3600 1000000").start();
    server.cli(&["DEBUG", "POPULATE", "3000"]);
    server.cli(&["SAVE"]);
    let consumer = blocked_consumer(&server, &server.url(), &[]);
    server.kill();
    // About two seconds in which every command is refused.
    server.configure("key-load-delay 500");
    server.configure("loading-process-events-interval-bytes 1024");
    server.restart_loading();
    wait_until("it waits for an item again", SOON, || server.blocked_clients() > 0);
    server.cli(&["LPUSH", "mylist", "after"]);
    consumer.wait_for_line("after", SOON);
    assert_eq!(warnings(&consumer.stderr()).len(), 1, "{}", consumer.stderr());
    consumer.terminate();
    consumer.finish(PROMPTLY).exits(0);
}

#[test]
fn replica_is_waited_for() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    let consumer = blocked_consumer(&server, &proxy.url(), &[]);
    let producer = produce(&proxy.url(), &["--every", "20ms", "--count", "1000", "--list", "another"]).spawn();
    wait_until("some items are pushed", SOON, || server.llen("another") >= 50);
    // There is no master to replicate from: it stays as it is, and refuses to write.
    server.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    wait_until("the consumer says so", SOON, || !warnings(&consumer.stderr()).is_empty());
    wait_until("the producer says so", SOON, || !warnings(&producer.stderr()).is_empty());
    let connections = proxy.connections();
    // Such a server greets every client: that is no end of the outage, and no reason to hurry.
    thread::sleep(Duration::from_secs(2));
    assert!(proxy.connections() - connections < 40, "{} connections in 2 s", proxy.connections() - connections);
    server.cli(&["REPLICAOF", "NO", "ONE"]);
    wait_until("it waits for an item again", SOON, || server.blocked_clients() > 0);
    server.cli(&["LPUSH", "mylist", "after"]);
    consumer.wait_for_line("after", SOON);
    let producer = producer.wait().exits(0);
    assert_eq!(server.pushed("another"), items(1000));
    consumer.terminate();
    let consumer = consumer.finish(PROMPTLY).exits(0);
    for run in [consumer, producer] {
        assert_eq!(warnings(&run.stderr).len(), 1, "{}", run.stderr);
    }
}

#[test]
fn replica_is_given_up_after_reconnect_for() {
    let server = RedisServer::start();
    let consumer = blocked_consumer(&server, &server.url(), &["--reconnect-for", "1s"]);
    server.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    let run = consumer.finish(SOON).exits(69);
    assert!(run.stderr.contains("hint: connect to the primary"), "{}", run.stderr);
}

#[test]
fn password_file_is_read_again_at_reconnect() {
    let mut server = RedisServer::builder().password("the-old-one").start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "the-old-one").unwrap();
    let consumer = blocked_consumer(&server, &server.url(), &["--password-file", file.to_str().unwrap()]);
    let before = blocked_ids(&server);
    server.change_password("the-new-one");
    server.cli(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    wait_until("the outage is said", SOON, || !warnings(&consumer.stderr()).is_empty());
    // A mounted Secret follows some time later.
    std::fs::write(&file, "the-new-one").unwrap();
    wait_until("it waits for an item again", SOON, || !blocked_ids(&server).is_subset(&before));
    server.cli(&["LPUSH", "mylist", "after"]);
    consumer.wait_for_line("after", SOON);
    consumer.terminate();
    consumer.finish(PROMPTLY).exits(0);
}

#[test]
fn reconnect_for_limits_the_attempts() {
    for start in [
        |server: &RedisServer| blocked_consumer(server, &server.url(), &["--reconnect-for", "2s"]),
        |server: &RedisServer| {
            let words = ["--reconnect-for", "2s", "--every", "10ms", "--count", "100000"];
            let producer = produce(&server.url(), &words).spawn();
            wait_until("some items are pushed", SOON, || server.llen("mylist") >= 20);
            producer
        },
    ] {
        let mut server = RedisServer::start();
        let running = start(&server);
        server.kill();
        let killed = Instant::now();
        let run = running.finish(SOON).exits(69);
        let took = killed.elapsed();
        assert!((Duration::from_millis(1500)..Duration::from_secs(6)).contains(&took), "{took:?}");
        let error = run.stderr.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
        assert!(error.contains(&server.address()), "{}", run.stderr);
        assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    }
}

#[test]
fn sigterm_ends_a_consumer_during_an_outage() {
    for delivery in ["at-least-once", "at-most-once"] {
        let mut server = RedisServer::start();
        let words =
            ["consume", "--redis", &server.url(), "--delivery", delivery, "--work", "none", "--concurrency", "2"];
        let consumer = Qscale::new(words).spawn();
        wait_until("the consumer waits for an item", SOON, || server.blocked_clients() > 0);
        server.kill();
        wait_until("the outage is said", SOON, || !warnings(&consumer.stderr()).is_empty());
        consumer.terminate();
        consumer.finish(PROMPTLY).exits(0);
    }
}

#[test]
fn exit_status_tells_when_an_item_could_not_be_requeued() {
    let mut server = RedisServer::start();
    server.push("mylist", ["a"]);
    let words = ["--verbose", "consume", "--redis", &server.url(), "--work", "1h", "--drain", "0s"];
    let consumer = Qscale::new(words).spawn();
    consumer.wait_for_line("payload=a", SOON);
    server.kill();
    consumer.terminate();
    let run = consumer.finish(SOON).exits(69);
    assert!(run.took >= Duration::from_secs(4), "it was waited for: {:?}", run.took);
    assert!(run.stderr.contains("\nhint: "), "{}", run.stderr);
}

#[test]
fn sigterm_ends_a_producer_during_an_outage() {
    let mut server = RedisServer::start();
    let producer = produce(&server.url(), &["--every", "10ms", "--count", "100000"]).spawn();
    wait_until("some items are pushed", SOON, || server.llen("mylist") >= 20);
    server.kill();
    wait_until("the outage is said", SOON, || !warnings(&producer.stderr()).is_empty());
    producer.terminate();
    producer.finish(PROMPTLY).exits(75);
}
