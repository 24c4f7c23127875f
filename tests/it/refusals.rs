//! Commands that a server refuses for now are tried again: nothing ends, nothing is processed twice, and it is said once.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Finished, Proxy, Qscale, RedisServer, Running, SOON, at_once, wait_until};

/// Both delivery guarantees: they follow the same rules.
const DELIVERIES: [&str; 2] = ["at-least-once", "at-most-once"];

/// Number of items that each producer pushes.
const COUNT: usize = 100;

/// Log lines that warn of something, but of late items, which are another subject.
fn warnings(stderr: &str) -> Vec<&str> {
    let warns = |line: &&str| (line.contains("WARN") || line.contains("ERROR")) && !line.contains("items are late");
    stderr.lines().filter(warns).collect()
}

fn qscale(words: &[&str], redis: &[&str]) -> Qscale {
    Qscale::new([&words[..1], redis, &words[1..]].concat()).deadline(Duration::from_secs(60))
}

/// A producer and two consumers, one for each delivery guarantee, in the middle of their items. Each consumer has a list of
/// its own and writes down every item that it begins.
struct Fleet {
    folder: tempfile::TempDir,
    producers: Vec<Running>,
    consumers: Vec<Running>,
}

impl Fleet {
    fn start(redis: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [mut producers, mut consumers] = [Vec::new(), Vec::new()];
        for delivery in DELIVERIES {
            // All in one slot, so that one node of a cluster has them.
            let list = format!("{delivery}{{mylist}}");
            let count = COUNT.to_string();
            let words = ["produce", "--list", &list, "--rate", "20", "--count", &count, "--payload", "{seq}"];
            producers.push(qscale(&words, redis).spawn());
            let script = format!("echo $(cat) >>{}/{delivery}; sleep 0.2", folder.path().display());
            let words =
                ["consume", "--list", &list, "--delivery", delivery, "--concurrency", "4", "--max-items", &count];
            consumers.push(qscale(&[&words[..], &["--", "sh", "-c", &script]].concat(), redis).spawn());
        }
        let fleet = Self { folder, producers, consumers };
        for delivery in DELIVERIES {
            wait_until("items are processed", SOON, || fleet.begun(delivery).len() >= 3);
        }
        fleet
    }

    /// The items that a consumer has begun, in order.
    fn begun(&self, delivery: &str) -> Vec<usize> {
        let text = fs::read_to_string(self.folder.path().join(delivery)).unwrap_or_default();
        let mut items: Vec<usize> = text.split_whitespace().map(|item| item.parse().expect("a number")).collect();
        items.sort_unstable();
        items
    }

    /// Waits until every program has warned of `reason`.
    fn wait_until_all_say(&mut self, reason: &str) {
        for running in self.producers.iter_mut().chain(&mut self.consumers) {
            wait_until(&format!("it says `{reason}`"), SOON, || {
                assert!(running.is_running(), "it ended:\n{}", running.stderr());
                warnings(&running.stderr()).iter().any(|line| line.contains(reason))
            });
        }
    }

    /// Waits for the end of all: every item was processed once, and each program warned once at most.
    fn ends_well(mut self) -> Vec<Finished> {
        let [producers, consumers] = [&mut self.producers, &mut self.consumers].map(std::mem::take);
        let runs: Vec<Finished> = producers.into_iter().chain(consumers).map(|run| run.wait().exits(0)).collect();
        for delivery in DELIVERIES {
            assert_eq!(self.begun(delivery), (1..=COUNT).collect::<Vec<_>>(), "{delivery}");
        }
        for run in &runs {
            assert!(warnings(&run.stderr).len() <= 1, "{}", run.stderr);
        }
        runs
    }
}

#[test]
fn refusal_for_lack_of_replicas_passes() {
    let server = RedisServer::start();
    let mut fleet = Fleet::start(&["--redis", &server.url()]);
    server.cli(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    fleet.wait_until_all_say("too few replicas in sync (NOREPLICAS)");
    // Items in flight finish meanwhile.
    thread::sleep(Duration::from_millis(500));
    server.cli(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
    for run in fleet.ends_well() {
        assert!(run.stderr.contains("Redis refuses commands, retrying"), "{}", run.stderr);
        assert!(run.stderr.contains("Redis accepts commands again after"), "{}", run.stderr);
    }
}

#[test]
fn refusal_for_a_failed_save_passes() {
    let server = RedisServer::start();
    let mut fleet = Fleet::start(&["--redis", &server.url()]);
    // A folder where the file should be.
    fs::create_dir_all(server.folder().join("dump.rdb/full")).unwrap();
    server.cli(&["CONFIG", "SET", "save", "3600 1000000"]);
    server.cli(&["BGSAVE"]);
    fleet.wait_until_all_say("cannot save its data to disk (MISCONF)");
    server.cli(&["CONFIG", "SET", "stop-writes-on-bgsave-error", "no"]);
    fleet.ends_well();
}

#[test]
fn refusal_while_a_script_runs_passes() {
    let server = RedisServer::builder().directive("lua-time-limit 50").start();
    let mut fleet = Fleet::start(&["--redis", &server.url()]);
    thread::scope(|scope| {
        scope.spawn(|| server.ask(&["EVAL", "while true do end", "0"]));
        // A command that blocked before gets no reply, and has timed out.
        fleet.wait_until_all_say("retrying");
        server.cli(&["SCRIPT", "KILL"]);
    });
    let runs = fleet.ends_well();
    assert!(runs.iter().any(|run| run.stderr.contains("busy running a script (BUSY)")), "none says BUSY");
}

#[test]
fn refusal_for_too_many_clients_passes() {
    let server = RedisServer::start();
    let mut fleet = Fleet::start(&["--redis", &server.url()]);
    let mut control = TcpStream::connect(server.address()).unwrap();
    let mut call = |command: &str| {
        control.write_all(format!("{command}\r\n").as_bytes()).unwrap();
        control.read_exact(&mut [0; 1]).unwrap();
    };
    call("CONFIG SET maxclients 1");
    call("CLIENT KILL TYPE normal SKIPME yes");
    fleet.wait_until_all_say("retrying");
    let run = qscale(&["consume", "--idle-exit", "1s"], &["--redis", &server.url()]).output().exits(69);
    assert!(run.took < Duration::from_secs(15), "{:?}", run.took);
    assert!(run.stderr.contains("limit of clients (maxclients)\nhint: raise `maxclients`"), "{}", run.stderr);
    call("CONFIG SET maxclients 10000");
    fleet.ends_well();
}

#[test]
fn refusal_for_lack_of_memory_passes_in_produce_and_stops_no_consumer() {
    let server = RedisServer::start();
    server.push("waiting", ["a", "b", "c"]);
    let redis = server.url();
    let producer =
        qscale(&["produce", "--rate", "50", "--count", "100", "--payload", "{seq}"], &["--redis", &redis]).spawn();
    wait_until("some items are pushed", SOON, || server.llen("mylist") >= 10);
    server.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    producer.wait_for_line("out of memory (OOM)", SOON);
    let words = ["consume", "--list", "waiting", "--delivery", "at-most-once", "--work", "none", "--max-items", "3"];
    assert_eq!(qscale(&words, &["--redis", &redis]).output().exits(0).stdout, "a\nb\nc\n");
    server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    let run = producer.wait().exits(0);
    assert_eq!(server.pushed("mylist"), (1..=100).map(|seq| seq.to_string()).collect::<Vec<_>>());
    assert_eq!(warnings(&run.stderr).iter().filter(|line| line.contains("OOM")).count(), 1, "{}", run.stderr);
}

#[test]
fn producer_without_a_script_pushes_again_what_was_refused() {
    let server = RedisServer::builder().user("plain", "secret", "~* +@all -@scripting").start();
    let redis = server.url_with("plain:secret");
    let words = ["produce", "--rate", "50", "--count", "100", "--payload", "{seq}"];
    let producer = qscale(&words, &["--redis", &redis]).spawn();
    wait_until("some items are pushed", SOON, || server.llen("mylist") >= 10);
    server.cli(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    producer.wait_for_line("NOREPLICAS", SOON);
    server.cli(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
    producer.wait().exits(0);
    assert_eq!(server.pushed("mylist"), (1..=100).map(|seq| seq.to_string()).collect::<Vec<_>>());
}

#[test]
fn node_of_a_cluster_that_dies_stops_no_list_of_another_node() {
    let builder = || RedisServer::builder().cluster().directive("cluster-require-full-coverage no");
    let mut servers = [(), (), ()].map(|()| builder().directive("cluster-node-timeout 1000").start());
    // The slot of every `{mylist}`.
    RedisServer::take_slots_of_three(&servers, 5_282);
    // The only address is that of the node that dies.
    let seed = servers[1].address();
    let redis = ["--addresses", &seed, "--mode", "cluster"];
    let fleet = Fleet::start(&redis);
    servers[1].kill();
    for run in fleet.ends_well() {
        assert!(warnings(&run.stderr).is_empty(), "{}", run.stderr);
    }
    // What starts now finds the list through the nodes that are left, and what has known them reconnects.
    let addresses = format!("{seed},{}", servers[2].address());
    let redis = ["--addresses", &addresses, "--mode", "cluster"];
    let consumer = qscale(&["consume", "--work", "none", "--max-items", "1"], &redis).spawn();
    wait_until("the consumer waits", SOON, || servers[0].blocked_clients() == 1);
    servers[0].cli(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    qscale(&["produce", "--count", "1", "--payload", "after"], &redis).output().exits(0);
    assert_eq!(consumer.wait().exits(0).stdout, "after\n");
    // The node of the list is the one that is named, and not the one that was asked for it.
    let words = ["consume", "--reconnect-for", "1s"];
    let consumer = qscale(&words, &["--addresses", &servers[2].address(), "--mode", "cluster"]).spawn();
    wait_until("the consumer waits", SOON, || servers[0].blocked_clients() == 1);
    servers[0].kill();
    let run = consumer.finish(SOON).exits(69);
    let node = format!("node {}: ", servers[0].address());
    assert!(warnings(&run.stderr)[0].contains(&node), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("{node}connection refused\nhint: check that this node")), "{}", run.stderr);
}

#[test]
fn server_that_is_no_cluster_and_node_of_one_are_told_apart() {
    let server = RedisServer::start();
    let run = qscale(&["produce", "--count", "1"], &["--addresses", &server.address(), "--mode", "cluster"]);
    let run = run.output().exits(69);
    assert!(run.stderr.contains("not part of a cluster\nhint: remove --mode"), "{}", run.stderr);
    let servers = [(), (), ()].map(|()| RedisServer::builder().cluster().start());
    RedisServer::take_slots_of_three(&servers, 5_282);
    for words in [["produce", "--count=1"], ["consume", "--once"], ["consume", "--delivery=at-most-once"]] {
        let run = qscale(&words, &["--redis", &servers[1].url()]).output().exits(69);
        assert!(run.stderr.contains("on another one (MOVED)\nhint: use --mode cluster"), "{}", run.stderr);
    }
}

#[test]
fn errors_of_a_proxy_about_its_server_pass() {
    at_once(["ERR Connection timed out", "upstream failure", "ERR no server connection avaliable"], |text| {
        let server = RedisServer::start();
        let proxy = Proxy::before(server.port());
        let mut fleet = Fleet::start(&["--redis", &proxy.url()]);
        proxy.refuse(Some(text));
        fleet.wait_until_all_say(text);
        proxy.refuse(None);
        fleet.ends_well();
    });
}

#[test]
fn refusal_is_given_up_after_reconnect_for() {
    let server = RedisServer::start();
    server.push("mylist", ["a"]);
    server.cli(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    for words in [["produce", "--count=1"], ["consume", "--once"], ["consume", "--delivery=at-most-once"]] {
        let run = qscale(&words, &["--redis", &server.url(), "--reconnect-for", "1s"]).output().exits(69);
        assert!(run.stderr.contains("hint: check the replicas with `INFO replication`"), "{}", run.stderr);
    }
    assert_eq!(server.lrange("mylist"), ["a"]);
}

#[test]
fn unfinished_items_are_requeued_after_a_refusal() {
    for delivery in DELIVERIES {
        let server = RedisServer::start();
        server.push("mylist", ["a", "b"]);
        let words =
            ["consume", "--verbose", "--delivery", delivery, "--work", "1h", "--concurrency", "2", "--drain", "0s"];
        let consumer = qscale(&words, &["--redis", &server.url()]).spawn();
        wait_until("both are in flight", SOON, || server.llen("mylist") == 0);
        consumer.wait_for_line("payload=b", SOON);
        server.cli(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
        consumer.terminate();
        thread::sleep(Duration::from_secs(1));
        server.cli(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
        let run = consumer.finish(SOON).exits(0);
        assert_eq!(server.pushed("mylist"), ["a", "b"], "{delivery}\n{}", run.stderr);
    }
}

/// Listens on a loopback port: the first connection is closed in the middle of a reply, every other one leads to `server`.
fn cuts_the_first_reply(server: &RedisServer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on the loopback");
    let (address, server) = (listener.local_addr().expect("a bound socket has an address"), server.address());
    thread::spawn(move || {
        let (mut first, _) = listener.accept()?;
        first.read_exact(&mut [0; 1])?;
        first.write_all(b"$50\r\nthe beginning")?;
        drop(first);
        loop {
            let (client, server) = (listener.accept()?.0, TcpStream::connect(&server)?);
            let [(mut from, mut to), (mut back, mut on)] =
                [(client.try_clone()?, server.try_clone()?), (server, client)];
            thread::spawn(move || std::io::copy(&mut from, &mut to));
            thread::spawn(move || std::io::copy(&mut back, &mut on));
        }
        #[expect(unreachable_code, reason = "it ends with the test")]
        Ok::<(), std::io::Error>(())
    });
    format!("redis://{address}")
}

#[test]
fn first_connection_that_is_cut_in_the_middle_of_a_reply_is_tried_again() {
    let server = RedisServer::start();
    server.push("mylist", ["a"]);
    for words in [&["produce", "--count=1", "--list=other"][..], &["watch", "--duration=100ms"], &["dead", "ls"]] {
        let redis = cuts_the_first_reply(&server);
        let run = Qscale::new(words).env("REDIS_URL", redis).output().exits(0);
        assert_eq!(warnings(&run.stderr).len(), 1, "{}", run.stderr);
        assert!(run.stderr.contains("cannot connect to Redis, retrying"), "{}", run.stderr);
    }
    for delivery in DELIVERIES {
        let words = ["consume", "--delivery", delivery, "--once", "--work", "none"];
        let run = Qscale::new(words).env("REDIS_URL", cuts_the_first_reply(&server)).output().exits(0);
        assert!(run.stderr.contains("connected after"), "{}", run.stderr);
        server.push("mylist", ["a"]);
    }
}

// ── stopping ──

#[test]
fn sigterm_ends_a_consumer_without_items_at_once_while_redis_refuses() {
    for delivery in DELIVERIES {
        // From the start, and in the middle.
        for early in [true, false] {
            let server = RedisServer::start();
            let refuse = || server.cli(&["REPLICAOF", "127.0.0.1", "1"]);
            if early {
                refuse();
            }
            let words = ["consume", "--delivery", delivery, "--drain", "20s", "--", "true"];
            let consumer = qscale(&words, &["--redis", &server.url()]).spawn();
            if !early {
                wait_until("the consumer waits", SOON, || server.blocked_clients() == 1);
                refuse();
            }
            consumer.wait_for_line("retrying", SOON);
            consumer.terminate();
            consumer.finish(Duration::from_secs(8)).exits(0);
        }
    }
}

#[test]
fn sigterm_ends_a_consumer_without_items_at_once_while_redis_is_full() {
    for delivery in DELIVERIES {
        let server = RedisServer::start();
        let words = ["consume", "--delivery", delivery, "--drain", "20s", "--", "true"];
        let consumer = qscale(&words, &["--redis", &server.url()]).spawn();
        wait_until("the consumer waits", SOON, || server.blocked_clients() == 1);
        server.cli(&["CONFIG", "SET", "maxmemory", "1"]);
        consumer.terminate();
        consumer.finish(Duration::from_secs(8)).exits(0);
    }
}

#[test]
fn sigterm_ends_a_producer_that_has_not_connected_yet() {
    for (words, status) in
        [(&["produce", "--count=1"][..], 75), (&["produce"], 0), (&["consume"], 0), (&["dead", "ls"], 75)]
    {
        let running = Qscale::new(words).args(["--redis", "redis://127.0.0.1:1", "--connect-for", "1m"]).spawn();
        running.wait_for_line("cannot connect to Redis, retrying", SOON);
        running.terminate();
        running.finish(Duration::from_secs(8)).exits(status);
    }
}

// ── the first connection ──

#[test]
fn first_connection_is_tried_for_connect_for() {
    let mut server = RedisServer::start();
    server.kill();
    let redis = server.url();
    let start = Instant::now();
    let run = Qscale::new(["produce", "--count", "1", "--redis", &redis, "--connect-for", "1s"]).output().exits(69);
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(warnings(&run.stderr).len(), 1, "{}", run.stderr);
    let words = |words: &[&str]| Qscale::new(words).env("QSCALE_CONNECT_FOR", "1m").env("REDIS_URL", &redis).spawn();
    let waiting = [
        words(&["produce", "--count", "3"]),
        words(&["consume", "--work", "none", "--max-items", "2"]),
        words(&["consume", "--work", "none", "--max-items", "1", "--delivery", "at-most-once"]),
        words(&["watch", "--duration", "100ms"]),
    ];
    for running in &waiting {
        running.wait_for_line("connection refused", SOON);
    }
    server.restart();
    for running in waiting {
        let run = running.finish(SOON).exits(0);
        assert!(run.stderr.contains("connected after"), "{}", run.stderr);
    }
}

#[test]
fn first_connection_fails_at_once_where_a_retry_cures_nothing() {
    let server = RedisServer::builder().password("right").start();
    for (redis, status) in [(server.url_with(":wrong"), 69), (server.url(), 69)] {
        let run =
            Qscale::new(["produce", "--count", "1", "--redis", &redis, "--connect-for", "10m"]).output().exits(status);
        assert!(warnings(&run.stderr).is_empty(), "{}", run.stderr);
    }
    // Without the flag, an address where nothing listens fails at once too.
    let run = Qscale::new(["produce", "--count", "1", "--redis", "redis://127.0.0.1:1"]).output().exits(69);
    assert!(warnings(&run.stderr).is_empty(), "{}", run.stderr);
}

#[test]
fn heartbeat_goes_on_while_the_first_connection_is_tried() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("heartbeat");
    let touched = |file: &Path| fs::metadata(file).and_then(|metadata| metadata.modified()).ok();
    let words = ["consume", "--redis", "redis://127.0.0.1:1", "--connect-for", "1m", "--heartbeat"];
    let running = Qscale::new(words).arg(&file).spawn();
    running.wait_for_line("cannot connect to Redis, retrying", SOON);
    let first = touched(&file);
    wait_until("the heartbeat goes on", SOON, || touched(&file) > first);
    running.terminate();
    running.finish(SOON).exits(0);
}

// ── idle or not ──

#[test]
fn outage_is_not_idle_time() {
    let limits = [&["--idle-exit", "1s"][..], &["--once"]];
    let cases = DELIVERIES.into_iter().flat_map(|delivery| limits.map(|limit| (delivery, limit)));
    at_once(cases, |(delivery, limit)| {
        let server = RedisServer::start();
        let proxy = Proxy::before(server.port());
        let words = [&["consume", "--delivery", delivery, "--work", "none"], limit].concat();
        // A server that greets and refuses, for longer than the limit.
        server.cli(&["REPLICAOF", "127.0.0.1", "1"]);
        let consumer = qscale(&words, &["--redis", &proxy.url()]).spawn();
        consumer.wait_for_line("read-only", SOON);
        thread::sleep(Duration::from_millis(1500));
        server.cli(&["REPLICAOF", "NO", "ONE"]);
        server.push("mylist", ["a"]);
        let run = consumer.finish(SOON).exits(0);
        assert_eq!(run.stdout, "a\n", "{delivery} {limit:?}\n{}", run.stderr);
    });
}

// ── data that Redis lost ──

#[test]
fn item_that_redis_lost_is_told_from_an_expired_lease() {
    let loses: [fn(&mut RedisServer); 3] = [
        |server| drop(server.cli(&["FLUSHALL"])),
        |server| drop(server.cli(&["DEL", &server.keys().into_iter().find(|key| key.contains(":inflight:")).unwrap()])),
        |server| {
            server.kill();
            // For longer than the lease.
            thread::sleep(Duration::from_millis(6500));
            server.restart();
        },
    ];
    thread::scope(|scope| {
        for lose in loses {
            scope.spawn(move || {
                let mut server = RedisServer::start();
                server.push("mylist", ["a", "b"]);
                let words = [
                    "consume",
                    "--verbose",
                    "--work",
                    "9s",
                    "--concurrency",
                    "2",
                    "--lease",
                    "6s",
                    "--idle-exit",
                    "1s",
                ];
                let consumer = qscale(&words, &["--redis", &server.url()]).spawn();
                consumer.wait_for_line("payload=b", SOON);
                lose(&mut server);
                let run = consumer.wait().exits(0);
                assert_eq!(run.stderr.matches("item lost by Redis, result discarded").count(), 2, "{}", run.stderr);
                assert!(!run.stderr.contains("redelivered"), "{}", run.stderr);
                assert!(!run.stderr.contains("lease lost"), "{}", run.stderr);
            });
        }
    });
}

#[test]
fn item_that_was_redelivered_during_an_outage_is_told_from_a_lost_one() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    server.push("mylist", ["a"]);
    let words = ["consume", "--verbose", "--work", "1s", "--lease", "1500ms", "--max-items", "1"];
    let consumer = qscale(&words, &["--redis", &proxy.url()]).spawn();
    consumer.wait_for_line("payload=a", SOON);
    proxy.refuse(Some("ERR upstream failure"));
    proxy.cut();
    // The acknowledgement is being tried until the lease is over and another consumer has the item.
    let other =
        qscale(&["consume", "--work", "none", "--lease", "1500ms", "--max-items", "1"], &["--redis", &server.url()])
            .spawn();
    assert_eq!(other.finish(SOON).exits(0).stdout, "a\n");
    proxy.refuse(None);
    let run = consumer.finish(SOON).exits(0);
    assert!(run.stderr.contains("lease lost, result discarded: the item was redelivered"), "{}", run.stderr);
    assert!(!run.stderr.contains("lost by Redis"), "{}", run.stderr);
}

// ── what producers leave behind ──

#[test]
fn server_that_runs_no_script_is_pushed_to_plainly() {
    for command in ["EVAL", "LTRIM"] {
        let server = RedisServer::builder().directive(&format!("rename-command {command} \"\"")).start();
        let words = ["produce", "--count", "1200", "--rate", "max", "--payload", "{seq}"];
        let run = qscale(&words, &["--redis", &server.url()]).output().exits(0);
        assert_eq!(server.llen("mylist"), 1200);
        assert_eq!(server.keys(), ["mylist"], "{command}");
        assert!(run.stderr.contains("pushing without a script"), "{}", run.stderr);
    }
}

#[test]
fn command_that_a_script_calls_and_the_server_does_not_know_is_named() {
    for command in ["HINCRBY", "TIME"] {
        let server = RedisServer::builder().directive(&format!("rename-command {command} \"\"")).start();
        server.push("mylist", ["one"]);
        let words = ["consume", "--work", "none", "--max-items", "1"];
        let run = qscale(&words, &["--redis", &server.url()]).output().exits(69);
        assert!(run.stderr.contains(&format!("does not know the command {command}")), "{}", run.stderr);
        assert_eq!(server.llen("mylist"), 1);
    }
}

#[test]
fn token_is_deleted_when_produce_fails() {
    let server = RedisServer::start();
    server.cli(&["SET", "mylist", "not a list"]);
    qscale(&["produce", "--count", "1"], &["--redis", &server.url()]).output().exits(69);
    assert_eq!(server.keys(), ["mylist"]);
    server.cli(&["DEL", "mylist"]);
    let producer = qscale(&["produce", "--rate", "50"], &["--redis", &server.url()]).spawn();
    wait_until("some items are pushed", SOON, || server.llen("mylist") >= 10);
    server.cli(&["RENAME", "mylist", "other"]);
    server.cli(&["SET", "mylist", "not a list"]);
    producer.finish(SOON).exits(69);
    assert!(!server.keys().iter().any(|key| key.contains("producer")), "{:?}", server.keys());
}
