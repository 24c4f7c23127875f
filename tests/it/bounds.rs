//! Bounds of the scripts: the work of one call, an interrupted loop, a full Redis, a slow link, and a clock that jumps.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::support::{Proxy, Qscale, RedisServer, Reply, SOON, wait_until};
use qscale::delivery::history::History;
use qscale::endpoint::{Address, Endpoint};
use qscale::queue::{ClaimSettings, Claims, Finished, Redis};
use qscale::units::Setting;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const DEAD: &str = "{mylist}:dead";

/// Items in flight at one consumer.
const MANY: usize = 20_000;

/// Longest time that one script may hold Redis: a hundredth of what an unbounded one takes, and room for a busy machine.
const LONGEST: Duration = Duration::from_millis(150);

const HOUR: u64 = 3_600_000;

async fn claims(server: &RedisServer, name: &str, lease: Duration) -> Claims {
    let redis = Redis::new(Endpoint::unix(server.socket()), None, CancellationToken::new());
    let settings = ClaimSettings { lease, max_crashes: 3 };
    Claims::connect(&redis, "mylist", name, settings).await.expect("the server is there")
}

fn block_on<T>(test: impl Future<Output = T>) -> T {
    Runtime::new().expect("a runtime").block_on(test)
}

fn timed() -> RedisServer {
    RedisServer::builder().directive("slowlog-log-slower-than 1000").directive("slowlog-max-len 10000").start()
}

/// Longest time that a script has held the server since the last call.
#[track_caller]
fn longest_script(server: &RedisServer) -> Duration {
    let Ok(Reply::Array(calls)) = server.ask(&["SLOWLOG", "GET", "10000"]) else { panic!("no slowlog") };
    server.cli(&["SLOWLOG", "RESET"]);
    let micros = calls.iter().filter_map(|call| {
        let Reply::Array(call) = call else { panic!("{call:?}") };
        let (Reply::Integer(micros), Reply::Array(words)) = (&call[2], &call[3]) else { panic!("{call:?}") };
        words[0].to_string().eq_ignore_ascii_case("evalsha").then(|| micros.unsigned_abs())
    });
    Duration::from_micros(micros.max().unwrap_or(0))
}

/// Redis' time, in ms since 1970.
fn now(server: &RedisServer) -> u64 {
    let time = server.cli(&["TIME"]);
    time.lines().next().and_then(|seconds| seconds.parse::<u64>().ok()).expect("TIME tells seconds") * 1000
}

/// Fills the list of dead letters with `count`, of which the last `new` have another reason.
fn dead_letters(server: &RedisServer, count: usize, new: usize) {
    let script = "for i = 1, ARGV[1] do redis.call('LPUSH', KEYS[1], '{\"id\":\"x:' .. i .. ':1\",\"attempts\":3,\
                  \"crashes\":0,\"since\":1,\"reason\":\"' .. (i > tonumber(ARGV[2]) and 'new' or 'old') .. \
                  '\",\"died\":2}\\nitem ' .. i) end";
    let [count, old] = [count, count - new].map(|number| number.to_string());
    server.cli(&["EVAL", script, "1", DEAD, &count, &old]);
    server.cli(&["SLOWLOG", "RESET"]);
    server.cli(&["CONFIG", "RESETSTAT"]);
}

fn dead(server: &RedisServer, words: &[&str]) -> Qscale {
    Qscale::new(["dead"]).args(words).args(["--redis", &server.url()])
}

fn items(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("item {number}")).collect()
}

/// The items of the dead letters as `ls` shows them, newest first.
fn listed(server: &RedisServer) -> Vec<String> {
    let run = dead(server, &["ls", "-o", "json"]).output().exits(0);
    let item = |line| serde_json::from_str::<serde_json::Value>(line).expect("a line is JSON")["item"].clone();
    run.stdout.lines().map(|line| item(line).as_str().expect("an item").to_owned()).collect()
}

/// Pushes [`MANY`] items, and has a consumer claim them all.
async fn hold_many(server: &RedisServer, name: &str, lease: Duration) -> Claims {
    for first in (1..=MANY).step_by(1000) {
        server.push("mylist", items(first..first + 1000));
    }
    let mut claims = claims(server, name, lease).await;
    while server.llen("mylist") > 0 {
        claims.exchange(vec![], 1000).await.expect("the server is there");
    }
    claims
}

// ── work per call ──

#[test]
fn dead_letters_far_from_the_oldest_are_requeued_without_a_long_script() {
    let server = timed();
    dead_letters(&server, 100_000, 1000);
    let run = dead(&server, &["requeue", "--match", "new"]).output().exits(0);
    assert_eq!(run.stdout, "requeued 1000 dead letters to `mylist`\n");
    let longest = longest_script(&server);
    assert!(longest < LONGEST, "{longest:?}");
    // Each element is taken up once: 99,000 are moved aside, and the list is made one again by a change of its name.
    assert_eq!((server.calls("lmove"), server.calls("lrem"), server.calls("lindex")), (99_001 + 1, 0, 100_000));
    assert_eq!((server.llen(DEAD), server.llen("mylist")), (99_000, 1000));
    assert_eq!(server.keys(), ["mylist", DEAD, "{mylist}:stats"]);
    assert_eq!(server.pushed("mylist")[..2], items([99_001, 99_002]));
    let order = server.cli(&["LINDEX", DEAD, "0"]) + &server.cli(&["LINDEX", DEAD, "-1"]);
    assert!(order.contains("x:99000:1") && order.ends_with("item 1"), "{order}");

    let run = dead(&server, &["purge", "x:99000:1", "x:50000:1"]).output().exits(0);
    assert_eq!((run.stdout.as_str(), server.llen(DEAD)), ("purged 2 dead letters of `mylist`\n", 98_998));
    let longest = longest_script(&server);
    assert!(longest < LONGEST, "{longest:?}");
}

#[test]
fn consumer_with_many_items_requeues_them_without_a_long_script() {
    let server = timed();
    block_on(async {
        let mut claims = hold_many(&server, "one", Duration::from_secs(60)).await;
        server.cli(&["SLOWLOG", "RESET"]);
        assert_eq!(claims.requeue().await.expect("the server is there"), MANY as u64);
    });
    let longest = longest_script(&server);
    assert!(longest < LONGEST, "{longest:?}");
    assert_eq!(server.pushed("mylist"), items(1..=MANY));
    assert_eq!(server.keys(), ["mylist", "{mylist}:stats"]);
}

#[test]
fn items_of_a_dead_consumer_are_redelivered_some_per_call_and_by_any_other() {
    let server = timed();
    block_on(async {
        let mut slow = hold_many(&server, "dead", Duration::from_millis(1)).await;
        let mut others = [
            claims(&server, "one", Duration::from_secs(60)).await,
            claims(&server, "two", Duration::from_secs(60)).await,
        ];
        server.cli(&["SLOWLOG", "RESET"]);
        let first = others[0].redeliver().await.expect("the server is there");
        assert!(first.more && (1..MANY as u64).contains(&first.redelivered), "{first:?}");
        server.census().accounts_for(MANY);
        // It was only slow: it loses what was redelivered, and keeps the others.
        assert!(slow.exchange(vec![], 0).await.expect("the server is there").expired);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let mut calls = 1;
        while others[calls % 2].redeliver().await.expect("the server is there").more {
            calls += 1;
        }
        assert!((MANY / 200 - 1..MANY / 100).contains(&calls), "{calls}");
    });
    let longest = longest_script(&server);
    assert!(longest < LONGEST, "{longest:?}");
    let census = server.census();
    census.accounts_for(MANY);
    assert_eq!((census.count("items"), server.stat("redelivered")), (MANY, MANY as u64));
    assert!(!server.keys().contains(&"{mylist}:inflight:dead".to_owned()));
}

#[test]
fn claim_is_bounded_by_size_and_says_that_there_is_more() {
    for (size, most) in [(64 * 1024, 8), (1024 * 1024, 1), (10, 64)] {
        let server = RedisServer::start();
        server.push("mylist", vec![vec![b'x'; size]; 64]);
        block_on(async {
            let mut claims = claims(&server, "one", Duration::from_secs(60)).await;
            let mut claimed = 0;
            while claimed < 64 {
                let exchanged = claims.exchange(vec![], 64 - claimed).await.expect("the server is there");
                assert!((1..=most).contains(&exchanged.items.len()), "{size}: {}", exchanged.items.len());
                assert!(exchanged.items.iter().all(|claim| claim.item.0.len() == size));
                claimed += exchanged.items.len();
                assert_eq!(exchanged.more, claimed < 64 && size > 10, "{size}");
            }
        });
    }
}

#[test]
fn claim_is_bounded_by_size_where_large_items_follow_small_ones() {
    const LARGE: usize = 64 * 1024;
    let server = timed();
    server.push("mylist", (0..20).map(|number| number.to_string()).chain(vec!["x".repeat(LARGE); 100]));
    block_on(async {
        let mut claims = claims(&server, "one", Duration::from_secs(60)).await;
        let exchanged = claims.exchange(vec![], 100).await.expect("the server is there");
        let size: usize = exchanged.items.iter().map(|claim| claim.item.0.len()).sum();
        assert!(exchanged.more && exchanged.items.len() > 20, "{}", exchanged.items.len());
        assert!(size <= 256 * 1024 + LARGE, "{size} bytes in one claim");
    });
}

#[test]
fn large_items_are_settled_in_several_calls() {
    let server = timed();
    server.push("mylist", vec![vec![b'x'; 100_000]; 40]);
    block_on(async {
        let mut claims = claims(&server, "one", Duration::from_secs(60)).await;
        let mut finished = Vec::new();
        while finished.len() < 40 {
            for claim in claims.exchange(vec![], 40).await.expect("the server is there").items {
                let (id, history) = (claim.id.clone(), claim.into_history(1));
                finished.push(match finished.len() % 2 {
                    0 => Finished::Retry { id, after: Duration::ZERO, history },
                    _ => Finished::DeadLetter { id, history },
                });
            }
        }
        finished.push(Finished::Acknowledge { id: "one:c99:9".to_owned() });
        server.cli(&["CONFIG", "RESETSTAT"]);
        let exchanged = claims.exchange(finished, 0).await.expect("the server is there");
        assert_eq!(exchanged.lost, ["one:c99:9"]);
        assert!((13..=16).contains(&server.calls("evalsha")), "{}", server.calls("evalsha"));
    });
    assert_eq!((server.stat("retried"), server.stat("dead")), (20, 20));
}

// ── interrupted, and two at once ──

#[test]
fn interrupted_requeue_leaves_all_dead_letters_in_their_order() {
    let server = RedisServer::start();
    dead_letters(&server, 20_000, 10);
    let run = dead(&server, &["requeue", "--match", "new"]).spawn();
    wait_until("some are examined", SOON, || server.llen("{mylist}:dead:examined") > 0);
    run.kill();
    run.wait();
    assert!(server.llen(DEAD) < 20_000);
    assert_eq!(listed(&server), items((1..=20_000).rev()));
    let run = Qscale::new(["watch", "--duration", "1s", "-o", "json", "--redis", &server.url()]).output();
    assert!(run.stdout.contains("\"dead\":20000"), "{}", run.stdout);
    dead(&server, &["purge", "x:1:1"]).output().exits(0);
    assert_eq!(server.llen(DEAD), 19_999);
    // The last reply to the client that was killed expires.
    for key in server.keys().into_iter().filter(|key| key != DEAD && key != "{mylist}:stats") {
        assert!(key.starts_with("{mylist}:walker:") && server.cli(&["TTL", &key]) != "-1", "{key}");
    }
    assert_eq!(listed(&server), items((2..=20_000).rev()));
}

#[test]
fn two_clients_that_requeue_at_once_take_turns() {
    let server = RedisServer::start();
    dead_letters(&server, 20_000, 10_000);
    let runs = ["old", "new"].map(|reason| dead(&server, &["requeue", "--match", reason]).spawn());
    for run in runs {
        assert_eq!(run.wait().exits(0).stdout, "requeued 10000 dead letters to `mylist`\n");
    }
    let found: BTreeSet<String> = server.pushed("mylist").into_iter().collect();
    assert_eq!((found.len(), server.llen("mylist"), server.llen(DEAD)), (20_000, 20_000, 0));
}

#[test]
fn client_on_a_slow_link_is_not_overtaken() {
    let server = RedisServer::start();
    dead_letters(&server, 700, 10);
    let proxy = Proxy::before(server.port());
    let words = ["requeue", "--match", "new", "--connect-timeout", "20s", "--redis", &proxy.url()];
    let slow = Qscale::new(["dead"]).args(&words).spawn();
    proxy.delay(Duration::from_millis(1300));
    wait_until("it has begun", SOON, || server.llen("{mylist}:dead:examined") > 0);
    let other = dead(&server, &["requeue", "--match", "old"]).spawn();
    assert_eq!(slow.wait().exits(0).stdout, "requeued 10 dead letters to `mylist`\n");
    assert_eq!(other.wait().exits(0).stdout, "requeued 690 dead letters to `mylist`\n");
    // None was put back and examined again.
    let moved = server.calls("lmove");
    assert!((690..700).contains(&moved), "{moved}");
}

#[test]
fn client_that_another_overtook_goes_on() {
    let server = RedisServer::start();
    dead_letters(&server, 20_000, 10_000);
    let slow = dead(&server, &["requeue", "--match", "old"]).spawn();
    wait_until("it has begun", SOON, || server.llen("mylist") > 0);
    slow.pause();
    dead(&server, &["purge", "--match", "new"]).output().exits(0);
    slow.resume();
    assert_eq!(slow.wait().exits(0).stdout, "requeued 10000 dead letters to `mylist`\n");
    assert_eq!((server.llen("mylist"), server.llen(DEAD)), (10_000, 0));
}

#[test]
fn requeue_leaves_what_dies_meanwhile() {
    let server = RedisServer::start();
    dead_letters(&server, 20_000, 0);
    // Requeued items fail again at once.
    let again = "redis.call('LPUSH', KEYS[1], '{\"id\":\"y\",\"attempts\":1,\"crashes\":0,\"since\":1,\"reason\":\"again\"}\\ny')";
    let mut run = dead(&server, &["requeue"]).spawn();
    wait_until("some are requeued", SOON, || server.llen("mylist") > 0);
    wait_until("it ends", SOON, || {
        server.cli(&["EVAL", again, "1", DEAD]);
        !run.is_running()
    });
    assert_eq!(run.wait().exits(0).stdout, "requeued 20000 dead letters to `mylist`\n");
    assert!(server.llen(DEAD) > 0);
}

// ── a full Redis ──

#[test]
fn full_redis_lets_items_be_settled_requeued_and_redelivered() {
    let server = RedisServer::start();
    server.push("mylist", items(1..=9));
    block_on(async {
        let lease = Duration::from_secs(60);
        let (mut one, mut two) = (claims(&server, "one", lease).await, claims(&server, "two", lease).await);
        let mut crashed = claims(&server, "crashed", Duration::from_millis(1)).await;
        let first = one.exchange(vec![], 4).await.expect("the server is there");
        crashed.exchange(vec![], 2).await.expect("the server is there");
        server.push("{mylist}:landing", ["landed"]);
        server.cli(&["CONFIG", "SET", "maxmemory", "1"]);
        let mut ids = first.items.into_iter().map(|claim| claim.id);
        let mut id = || ids.next().expect("four were claimed");
        let history = History { id: "x".to_owned(), reason: "bad".to_owned(), ..History::default() };
        let finished = [
            Finished::Acknowledge { id: id() },
            Finished::Retry { id: id(), after: Duration::from_secs(60), history: history.clone() },
            Finished::DeadLetter { id: id(), history },
        ];
        let exchanged = one.exchange(finished.to_vec(), 1).await.expect("settled while Redis is full");
        assert_eq!((exchanged.lost.len(), exchanged.items.len()), (0, 1));
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(two.redeliver().await.expect("redelivered while Redis is full").redelivered, 2);
        assert_eq!(two.exchange(vec![], 2).await.expect("claimed while Redis is full").items.len(), 2);
        assert_eq!(one.requeue().await.expect("requeued while Redis is full"), 2);
        assert_eq!(two.requeue().await.expect("requeued while Redis is full"), 2);
    });
    let census = server.census();
    census.accounts_for(10);
    assert_eq!((census.acknowledged, census.count("dead"), census.count("items")), (1, 1, 3), "{census:?}");
    assert_eq!(dead(&server, &["ls", "-o", "json"]).output().exits(0).stdout.lines().count(), 1);
    dead(&server, &["requeue", "--match", "nothing"]).output().exits(0);
    dead(&server, &["requeue"]).output().exits(0);
    assert_eq!((server.llen(DEAD), server.stat("dead_requeued")), (0, 1));
    server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    dead_letters(&server, 1000, 500);
    server.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    dead(&server, &["purge", "--match", "new"]).output().exits(0);
    assert_eq!(server.llen(DEAD), 500);
}

#[test]
fn stop_requeues_while_redis_is_full() {
    let server = RedisServer::start();
    server.push("mylist", items(1..=5));
    let words = ["consume", "--redis", &server.url(), "--work", "1h", "--concurrency", "3", "--drain", "0s"];
    let run = Qscale::new(words).spawn();
    wait_until("three are in flight", SOON, || server.llen("mylist") == 2);
    server.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    run.terminate();
    run.finish(SOON).exits(0);
    assert_eq!(server.pushed("mylist"), items(1..=5));
}

// ── a slow link ──

#[test]
fn items_arrive_over_a_link_that_takes_longer_than_the_lease() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    proxy.limit_rate(1_000_000);
    server.push("mylist", [vec![b'x'; 8_000_000]]);
    server.push("mylist", vec![vec![b'y'; 100_000]; 8]);
    let begin = Instant::now();
    let words = ["consume", "--redis", &proxy.url(), "--lease", "3s", "--max-items", "9", "--concurrency", "9"];
    let whole = "size=$(wc -c); test $size = 8000000 || test $size = 100000";
    let run = Qscale::new(words).args(["--", "sh", "-c", whole]).output().exits(0);
    assert!(begin.elapsed() > Duration::from_secs(8), "{:?}", begin.elapsed());
    assert!(!run.stderr.contains("lost connection"), "{}", run.stderr);
    assert_eq!((server.stat("claimed"), server.stat("acknowledged"), server.stat("redelivered")), (9, 9, 0));
}

#[test]
fn item_that_takes_longer_than_a_time_out_to_send_is_pushed_once() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), "x".repeat(3_500_000)).expect("it can be written");
    proxy.limit_request_rate(500_000);
    let words = ["produce", "--redis", &proxy.url(), "--input", file.path().to_str().expect("UTF-8")];
    let run = Qscale::new(words).output().exits(0);
    assert!(run.stdout.starts_with("pushed 1 item in 1 batch") && !run.stderr.contains("lost connection"), "{run:?}");
    assert_eq!((server.llen("mylist"), proxy.connections()), (1, 1));
}

#[test]
fn dead_letter_that_takes_longer_than_a_time_out_to_arrive_is_shown() {
    let server = RedisServer::start();
    let large = "redis.call('LPUSH', KEYS[1], '{\"id\":\"x\",\"attempts\":1,\"crashes\":0,\"since\":1,\"reason\":\"r\"}\\n' \
                 .. string.rep('x', 4000000))";
    server.cli(&["EVAL", large, "1", DEAD]);
    let proxy = Proxy::before(server.port());
    proxy.limit_rate(600_000);
    let run = Qscale::new(["dead", "ls", "-o", "json", "--redis", &proxy.url()]).output().exits(0);
    let line: serde_json::Value = serde_json::from_str(&run.stdout).expect("a line of JSON");
    assert_eq!(line["item"].as_str().map(str::len), Some(4_000_000));
}

#[test]
fn call_asks_for_less_when_it_is_repeated() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    server.push("mylist", vec![vec![b'x'; 60_000]; 5]);
    block_on(async {
        let mut endpoint = Endpoint::unix(server.socket());
        endpoint.address = Setting::default(Address::Tcp { host: "127.0.0.1".to_owned(), port: proxy.port() });
        let redis = Redis::new(endpoint, None, CancellationToken::new());
        let settings = ClaimSettings { lease: Duration::from_secs(60), max_crashes: 3 };
        let mut claims = Claims::connect(&redis, "mylist", "one", settings).await.expect("the server is there");
        // Redis has all scripts from now on.
        claims.exchange(vec![], 0).await.expect("the server is there");
        proxy.lose_reply("EVALSHA");
        let exchanged = claims.exchange(vec![], 5).await.expect("the server is there");
        assert_eq!((proxy.lost(), exchanged.items.len()), (1, 5));
        assert!(exchanged.items.iter().all(|claim| claim.item.0[..] == vec![b'x'; 60_000]));
        // All were claimed by the first call; the reply to the second had room for one and a part.
        assert!(server.calls("evalsha") >= 5, "{}", server.calls("evalsha"));
    });
    assert_eq!(server.stat("claimed"), 5);
}

// ── a clock that jumps ──

#[test]
fn lease_further_away_than_its_duration_is_not_believed() {
    let server = RedisServer::start();
    server.push("mylist", items(1..=2));
    block_on(async {
        let mut crashed = claims(&server, "crashed", Duration::from_millis(300)).await;
        crashed.exchange(vec![], 2).await.expect("the server is there");
        let mut other = claims(&server, "other", Duration::from_secs(60)).await;
        // As if the clock had been set back by an hour since.
        let deadline = (now(&server) + HOUR).to_string();
        server.cli(&["ZADD", "{mylist}:consumers", &deadline, "crashed"]);
        let begin = Instant::now();
        while other.redeliver().await.expect("the server is there").redelivered == 0 {
            assert!(begin.elapsed() < SOON);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    server.census().accounts_for(2);
}

#[test]
fn lease_that_expired_long_ago_is_not_believed_at_first() {
    let server = RedisServer::start();
    server.push("mylist", items(1..=2));
    block_on(async {
        let lease = Duration::from_secs(1);
        let (mut live, mut other) = (claims(&server, "live", lease).await, claims(&server, "other", lease).await);
        live.exchange(vec![], 1).await.expect("the server is there");
        let mut crashed = claims(&server, "crashed", lease).await;
        crashed.exchange(vec![], 1).await.expect("the server is there");
        // As if the clock had been set forward by an hour since.
        let deadline = (now(&server) - HOUR).to_string();
        server.cli(&["ZADD", "{mylist}:consumers", &deadline, "live", &deadline, "crashed"]);
        assert_eq!(other.redeliver().await.expect("the server is there").redelivered, 0);
        let begin = Instant::now();
        loop {
            assert!(!live.exchange(vec![], 0).await.expect("the server is there").expired);
            if other.redeliver().await.expect("the server is there").redelivered > 0 {
                break;
            }
            assert!(begin.elapsed() < SOON);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let census = server.census();
    census.accounts_for(2);
    assert_eq!((census.count("inflight:live"), census.count("items")), (1, 1));
}

#[test]
fn retry_delayed_in_the_future_is_due_after_its_delay() {
    let server = RedisServer::start();
    server.push("mylist", ["flaky"]);
    block_on(async {
        let mut claims = claims(&server, "one", Duration::from_secs(60)).await;
        let claim = claims.exchange(vec![], 1).await.expect("the server is there").items.remove(0);
        let (id, history) = (claim.id.clone(), claim.into_history(1));
        let after = Duration::from_secs(5);
        claims
            .exchange(vec![Finished::Retry { id: id.clone(), after, history }], 0)
            .await
            .expect("the server is there");
        assert!(!claims.redeliver().await.expect("the server is there").more, "its time is right");
        let then = now(&server) + HOUR;
        server.cli(&["ZADD", "{mylist}:delayed", &(then + 5000).to_string(), &id]);
        server.cli(&["HSET", "{mylist}:items", &format!("{id} at"), &then.to_string()]);
        assert!(claims.redeliver().await.expect("the server is there").more);
        let due = claims.exchange(vec![], 1).await.expect("the server is there").due.expect("it is due some time");
        assert!(due <= after, "{due:?}");
    });
}
