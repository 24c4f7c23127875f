//! At-least-once delivery, promise by promise: what is in Redis at each step, and what a death, a loss or a stop makes of it.

use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Finished, Proxy, Qscale, RedisServer, Reply, Running, SOON, wait_until};
use qscale::delivery::history::History;
use qscale::endpoint::Endpoint;
use qscale::queue::{ClaimSettings, Claims, Exchanged, Finished as Outcome, Redis};
use tokio_util::sync::CancellationToken;

/// A lease that is over soon, and long enough for a machine that is busy.
const LEASE: Duration = Duration::from_secs(1);

/// A consumer with a short lease and no time to drain, whose name begins with `name`.
fn consume(redis: &str, name: &str, words: &[&str]) -> Qscale {
    let consume = Qscale::new(["--verbose", "consume", "--redis", redis, "--output", "json"]).args(words);
    consume.env("HOSTNAME", name).env("QSCALE_LEASE", "1s").env("QSCALE_DRAIN", "0s")
}

/// Starts a consumer and waits until it has `items` items in flight, each for an hour.
fn busy(server: &RedisServer, name: &str, items: usize, words: &[&str]) -> Running {
    let concurrency = items.to_string();
    let run = consume(&server.url(), name, &["--work", "1h", "--concurrency", &concurrency]).args(words).spawn();
    wait_until("the items are in flight", SOON, || begun(&run).len() == items);
    run
}

/// The items that were begun, in their order.
fn begun(run: &Running) -> Vec<String> {
    let stderr = run.stderr();
    let items = stderr.lines().filter_map(|line| line.split_once("processing item ")?.1.split_once("payload="));
    items.map(|(_, item)| item.to_owned()).collect()
}

#[track_caller]
fn tally(run: &Finished, field: &str) -> u64 {
    let tally: serde_json::Value =
        serde_json::from_str(run.stdout.lines().last().expect("a tally")).expect("the tally is one JSON object");
    tally[field].as_u64().unwrap_or_else(|| panic!("no `{field}` in {tally}"))
}

/// Stops a consumer whose handlers would go on.
#[track_caller]
fn stop(run: Running) -> Finished {
    run.terminate();
    run.finish(SOON).exits(0)
}

fn items(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("item {number}")).collect()
}

/// Names of the companion keys.
fn companions(server: &RedisServer) -> Vec<String> {
    server.keys().into_iter().filter(|key| key != "mylist").collect()
}

/// Connects a consumer of our own, in the same process.
async fn claims(server: &RedisServer, name: &str, settings: ClaimSettings) -> Claims {
    let redis = Redis::new(Endpoint::unix(server.socket()), None, CancellationToken::new());
    Claims::connect(&redis, "mylist", name, settings).await.expect("the server is there")
}

fn settings(lease: Duration) -> ClaimSettings {
    ClaimSettings { lease, max_crashes: 3 }
}

async fn exchange(claims: &mut Claims, finished: &[Outcome], most: usize) -> Exchanged {
    claims.exchange(finished.to_vec(), most).await.expect("the server is there")
}

// ── the list stays a plain list ──

#[test]
fn list_holds_bare_items_while_consumers_run_and_after_requeues() {
    let server = RedisServer::start();
    let odd: [&[u8]; 5] = [b"first", b"\xff\xfe\0\r\n", b"", b"{\"a\": 1}", b" last "];
    server.push("mylist", odd);
    let run = consume(&server.url(), "a", &["--work", "1h", "--concurrency", "3"]).spawn();
    wait_until("three are in flight", SOON, || server.llen("mylist") == 2);
    assert_eq!(server.pushed_bytes("mylist"), odd[3..]);
    run.terminate();
    run.finish(SOON);
    // A consumer of another kind takes over.
    for item in odd {
        assert_eq!(server.pop("mylist").as_deref(), Some(item));
    }
    assert_eq!(server.pop("mylist"), None);
}

#[test]
fn companion_keys_share_the_slot_of_their_list() {
    let server = RedisServer::builder().directive("cluster-enabled yes").start();
    server.take_slots(0..=16_383);
    wait_until("the cluster is whole", SOON, || server.cli(&["CLUSTER", "INFO"]).contains("cluster_state:ok"));
    for list in ["mylist", "{tag}list", "a{b"] {
        let slot = server.cli(&["CLUSTER", "KEYSLOT", list]);
        server.push(list, ["broken", r#"{"wait": 3600}"#, r#"{"wait": 3600}"#]);
        let words = ["--list", list, "--work", "field:wait", "--concurrency", "3"];
        let run = consume(&server.url(), "a", &words).spawn();
        wait_until("the items are in flight", SOON, || begun(&run).len() == 2);
        run.kill();
        let other = consume(&server.url(), "b", &words).spawn();
        wait_until("they are in flight again", SOON, || begun(&other).len() == 2);
        assert!(server.keys().len() >= 4, "{:?}", server.keys());
        for key in server.keys() {
            assert_eq!(server.cli(&["CLUSTER", "KEYSLOT", &key]), slot, "{key}");
        }
        other.terminate();
        other.finish(SOON).exits(0);
        server.cli(&["FLUSHALL"]);
    }
}

// ── in one place, whatever dies ──

#[test]
fn item_is_in_exactly_one_place_at_every_instant() {
    let server = RedisServer::start();
    let items = (0..400).map(|number| match number % 10 {
        0 => format!("broken {number}"),
        _ => format!(r#"{{"wait": 0.02, "number": {number}}}"#),
    });
    server.push("mylist", items);
    let words = ["--work", "field:wait", "--concurrency", "3"];
    let start = |name| consume(&server.url(), name, &words).spawn();
    let mut runs = vec![start("a"), start("b"), start("c")];
    let begin = Instant::now();
    let mut looks = 0;
    while !server.is_settled() {
        server.census().accounts_for(400);
        looks += 1;
        assert!(begin.elapsed() < 2 * SOON, "{:?}", server.census());
        if looks % 20 == 0 {
            let run = runs.remove(0);
            if looks % 40 == 0 {
                run.kill();
            } else {
                run.terminate();
            }
            run.finish(SOON);
            runs.push(start("d"));
        }
        thread::sleep(Duration::from_millis(10));
    }
    let census = server.census();
    census.accounts_for(400);
    assert_eq!((census.acknowledged, census.count("dead")), (360, 40));
}

#[test]
fn items_of_a_dead_consumer_are_redelivered() {
    let server = RedisServer::start();
    server.push("mylist", items(3));
    let run = busy(&server, "a", 3, &[]);
    run.kill();
    let killed = Instant::now();
    let other = busy(&server, "b", 3, &[]);
    assert!(killed.elapsed() < LEASE + Duration::from_secs(4), "{:?}", killed.elapsed());
    server.census().accounts_for(3);
    assert_eq!(server.stat("redelivered"), 3);
    stop(other);
}

#[test]
fn item_that_reaches_a_consumer_as_it_dies_is_redelivered() {
    let server = RedisServer::start();
    let run = consume(&server.url(), "a", &["--work", "1h"]).spawn();
    wait_until("it waits", SOON, || server.blocked_clients() == 1);
    run.pause();
    server.push("mylist", ["item"]);
    wait_until("it is claimed", SOON, || server.census().count("inflight:a-") == 1);
    run.kill();
    let other = busy(&server, "b", 1, &[]);
    let census = server.census();
    census.accounts_for(1);
    assert_eq!(census.found[0].history["crashes"].as_u64(), Some(1), "{census:?}");
    stop(other);
}

#[test]
fn landed_item_of_a_dead_consumer_is_processed() {
    let server = RedisServer::start();
    server.push("{mylist}:landing", ["landed"]);
    let run = busy(&server, "b", 1, &[]);
    let census = server.census();
    census.accounts_for(1);
    assert!(census.found[0].history.is_null(), "it was never begun: {census:?}");
    assert_eq!(stop(run).status, 0);
    assert_eq!(server.pushed("mylist"), ["landed"]);
}

#[test]
fn landed_item_is_not_held_by_a_consumer_without_a_free_slot() {
    let server = RedisServer::start();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut one = claims(&server, "one", settings(Duration::from_secs(30))).await;
        server.push("{mylist}:landing", ["landed"]);
        exchange(&mut one, &[], 0).await;
        assert_eq!(server.pushed("mylist"), ["landed"]);
    });
}

#[test]
fn item_that_a_lost_connection_has_landed_is_handed_on() {
    let server = RedisServer::start();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let lease = Duration::from_secs(30);
        let mut one = claims(&server, "one", settings(lease)).await;
        let redis = Redis::new(Endpoint::unix(server.socket()), None, CancellationToken::new());
        let (mut old, mut new) =
            (one.waiter(&redis).await.expect("a waiter"), one.waiter(&redis).await.expect("a waiter"));
        let stop = CancellationToken::new();
        let wait = one.begin_wait(lease, true);
        let (stopped, late) = (stop.clone(), stop.clone());
        // Another connection of the same consumer waits under the same number, as one does that was given up.
        let late = tokio::spawn(async move { old.wait(wait, &late).await });
        wait_until("the first waits", SOON, || server.blocked_clients() == 1);
        let answered = tokio::spawn(async move { new.wait(wait, &stopped).await });
        wait_until("the second waits", SOON, || server.blocked_clients() == 2);
        server.push("mylist", ["first", "second"]);
        let mut found = Vec::new();
        for waited in [late.await, answered.await] {
            let exchanged = one.end_wait(waited.expect("no panic").expect("an answer")).await.expect("an answer");
            found.extend(exchanged.items.into_iter().map(|claim| claim.item.to_string()));
        }
        // Both were answered with the same item; the other one is on the list.
        assert_eq!((found, server.pushed("mylist")), (vec!["first".to_owned(); 2], vec!["second".to_owned()]));
    });
}

#[test]
fn lease_is_renewed_while_a_handler_runs() {
    let server = RedisServer::start();
    server.push("mylist", ["long"]);
    let run = consume(&server.url(), "a", &["--work", "10s", "--max-items", "1"]).spawn();
    wait_until("it is in flight", SOON, || begun(&run).len() == 1);
    let other = consume(&server.url(), "b", &["--work", "1ms"]).spawn();
    let run = run.wait().exits(0);
    assert_eq!((tally(&run, "acknowledged"), tally(&run, "lease_lost")), (1, 0));
    assert_eq!(begun(&other), [""; 0]);
    stop(other);
    assert_eq!((server.stat("acknowledged"), server.stat("redelivered")), (1, 0));
}

#[test]
fn lease_that_expired_is_not_acknowledged() {
    let server = RedisServer::start();
    server.push("mylist", ["slow"]);
    let run = consume(&server.url(), "a", &["--work", "2s"]).spawn();
    wait_until("it is in flight", SOON, || begun(&run).len() == 1);
    run.pause();
    let other = busy(&server, "b", 1, &[]);
    run.resume();
    run.wait_for_line("lease lost", SOON);
    let census = server.census();
    assert_eq!((census.acknowledged, census.count("inflight:b-")), (0, 1), "{census:?}");
    let run = stop(run);
    assert_eq!((tally(&run, "acknowledged"), tally(&run, "lease_lost")), (0, 1));
    stop(other);
    server.census().accounts_for(1);
}

#[test]
fn crash_spends_no_attempt_and_the_last_one_allowed_dead_letters() {
    let server = RedisServer::start();
    server.push("mylist", ["killer"]);
    let words = ["--max-crashes", "2", "--max-attempts", "1"];
    busy(&server, "a", 1, &words).kill();
    let second = busy(&server, "b", 1, &words);
    let census = server.census();
    let history = &census.of("inflight:").next().expect("it is in flight").history;
    assert_eq!((history["attempts"].as_u64(), history["crashes"].as_u64()), (Some(0), Some(1)));
    second.kill();
    let third = consume(&server.url(), "c", &["--work", "1h"]).args(words).spawn();
    wait_until("it is a dead letter", SOON, || server.census().count("dead") == 1);
    let census = server.census();
    census.accounts_for(1);
    let dead_letter = &census.found[0];
    assert_eq!((dead_letter.item.as_str(), dead_letter.history["crashes"].as_u64()), ("killer", Some(2)));
    assert_eq!(dead_letter.history["reason"], "consumer crashed");
    assert_eq!(begun(&third), [""; 0]);
    stop(third);
    assert_eq!(companions(&server), ["{mylist}:dead", "{mylist}:stats"]);
}

#[test]
fn equal_items_are_counted_apart() {
    let server = RedisServer::start();
    server.push("mylist", ["same", "same", "same"]);
    let run = busy(&server, "a", 3, &[]);
    assert_eq!(server.census().count("inflight:"), 3);
    run.kill();
    let run = consume(&server.url(), "b", &["--work", "1ms", "--max-items", "3"]).output().exits(0);
    assert_eq!((tally(&run, "acknowledged"), server.stat("acknowledged")), (3, 3));
}

// ── an orderly stop ──

#[test]
fn orderly_stop_restores_the_list_and_leaves_no_other_key() {
    let server = RedisServer::start();
    server.push("mylist", items(150));
    let run = busy(&server, "a", 120, &[]);
    let run = stop(run);
    assert_eq!(server.pushed("mylist"), items(150));
    assert_eq!(tally(&run, "requeued"), 120);
    assert_eq!(companions(&server), ["{mylist}:stats"]);
}

#[test]
fn history_is_kept_when_an_item_is_requeued() {
    let server = RedisServer::start();
    server.push("mylist", ["tried"]);
    busy(&server, "a", 1, &[]).kill();
    stop(busy(&server, "b", 1, &[]));
    let census = server.census();
    census.accounts_for(1);
    assert_eq!((census.found[0].place.as_str(), census.found[0].history["crashes"].as_u64()), ("items", Some(1)));
}

// ── what it costs ──

#[test]
fn acknowledgements_travel_with_the_next_claim() {
    let server = RedisServer::start();
    server.push("mylist", items(500));
    server.cli(&["CONFIG", "RESETSTAT"]);
    let run = consume(&server.url(), "a", &["--work", "none", "--max-items", "500", "--lease", "1min"]).output();
    run.exits(0);
    assert_eq!(server.stat("acknowledged"), 500);
    // One for each item, or for two of them if one is prefetched.
    let calls = server.calls("evalsha") + server.calls("eval");
    assert!((250..520).contains(&calls), "{calls} calls");
}

#[test]
fn free_slot_claims_the_next_item_at_once() {
    let server = RedisServer::start();
    let run = consume(&server.url(), "a", &["--work", "1h", "--concurrency", "3", "--lease", "1h"]).spawn();
    for (number, item) in items(3).iter().enumerate() {
        server.push("mylist", [item]);
        wait_until("it is in flight", Duration::from_secs(1), || begun(&run).len() > number);
    }
    run.kill();
}

#[test]
fn time_of_day_is_never_sent_to_redis() {
    let server =
        RedisServer::builder().directive("slowlog-log-slower-than 0").directive("slowlog-max-len 1000").start();
    server.push("mylist", items(20));
    consume(&server.url(), "a", &["--work", "1ms", "--max-items", "20"]).output().exits(0);
    let Ok(Reply::Array(calls)) = server.ask(&["SLOWLOG", "GET", "1000"]) else { panic!("no slowlog") };
    let mut exchanges = 0;
    for call in calls {
        let Reply::Array(call) = call else { panic!("{call:?}") };
        let Reply::Array(arguments) = &call[3] else { panic!("{call:?}") };
        // What a script does is noted as well; that is Redis' own.
        let command = arguments[0].to_string().to_ascii_lowercase();
        if !matches!(command.as_str(), "evalsha" | "blmove") {
            continue;
        }
        exchanges += u32::from(command == "evalsha");
        for argument in arguments {
            let number: Option<u64> = argument.to_string().parse().ok();
            assert!(number.is_none_or(|number| number < 1_000_000_000), "{call:?}");
        }
    }
    assert!(exchanges >= 20, "{exchanges}");
}

#[test]
fn lease_expires_by_the_clock_of_redis() {
    let server = RedisServer::start();
    server.push("mylist", ["a"]);
    let run = busy(&server, "a", 1, &["--lease", "1h"]);
    let seconds: f64 = server.cli(&["TIME"]).lines().next().expect("seconds").parse().expect("a number");
    let deadline = server.cli(&["ZRANGE", "{mylist}:consumers", "0", "-1", "WITHSCORES"]);
    let deadline: f64 = deadline.lines().nth(1).expect("a deadline").parse().expect("a number");
    let left = deadline / 1000.0 - seconds;
    assert!((3500.0..=3602.0).contains(&left), "{left} s left");
    run.kill();
}

// ── losses ──

#[test]
fn lost_reply_loses_and_doubles_nothing() {
    assert_eq!(replies_and_requests_are_lost("7", 300), 0);
}

#[test]
fn lost_reply_to_one_of_two_calls_under_way_loses_and_doubles_nothing() {
    // If the replies to both calls are lost, the claims of the first go back to the list.
    let requeued = replies_and_requests_are_lost("64", 20_000);
    assert!(requeued <= 9 * 32, "{requeued}");
}

/// Processes items while replies and requests are lost; returns how many of them went back to the list meanwhile.
#[track_caller]
fn replies_and_requests_are_lost(concurrency: &str, count: usize) -> u64 {
    let server = RedisServer::start();
    server.push("mylist", items(count));
    let proxy = Proxy::before(server.port());
    let most = count.to_string();
    let words = ["--work", "none", "--max-items", &most, "--concurrency", concurrency, "--lease", "30s"];
    proxy.lose_reply("EVALSHA");
    let mut run = consume(&proxy.url(), "a", &words).spawn();
    for round in 1..=9 {
        let reached = round * count / 10;
        wait_until("the next loss", SOON, || proxy.lost() == round || !run.is_running());
        wait_until("some more are processed", SOON, || {
            server.stat("acknowledged") >= reached as u64 || !run.is_running()
        });
        if round % 3 == 0 { proxy.lose_request("EVALSHA") } else { proxy.lose_reply("EVALSHA") }
    }
    let run = run.wait().exits(0);
    assert!(proxy.lost() >= 3, "{} losses", proxy.lost());
    let mut processed: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("item ")).collect();
    processed.sort_by_key(|item| item[5..].parse::<usize>().expect("a number"));
    assert_eq!(processed, items(count), "{} losses\n{}", proxy.lost(), run.stderr);
    assert_eq!((tally(&run, "acknowledged"), tally(&run, "lease_lost")), (count as u64, 0));
    let requeued = server.stat("requeued");
    assert_eq!((server.stat("acknowledged"), server.stat("claimed") - requeued), (count as u64, count as u64));
    assert_eq!(companions(&server), ["{mylist}:stats"]);
    requeued
}

#[test]
fn link_that_dies_before_the_acknowledgement_doubles_nothing() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    server.push("mylist", items(2));
    let words = ["--work", "300ms", "--max-items", "2", "--lease", "1min"];
    let run = consume(&proxy.url(), "a", &words).spawn();
    wait_until("the first is in flight", SOON, || begun(&run).len() == 1);
    proxy.swallow();
    let run = run.finish(2 * SOON).exits(0);
    assert_eq!(run.stderr.matches("item processed").count(), 2);
    assert_eq!((tally(&run, "acknowledged"), tally(&run, "lease_lost"), server.stat("acknowledged")), (2, 0, 2));
}

#[test]
fn scripts_are_loaded_again_after_script_flush() {
    let server = RedisServer::start();
    server.push("mylist", items(200));
    let run = consume(&server.url(), "a", &["--work", "2ms", "--max-items", "200"]).spawn();
    for done in [20, 100] {
        wait_until("some are done", SOON, || server.stat("acknowledged") >= done);
        server.cli(&["SCRIPT", "FLUSH"]);
    }
    let run = run.wait().exits(0);
    assert_eq!((tally(&run, "acknowledged"), server.stat("claimed")), (200, 200));
    assert!(!run.stderr.contains("WARN"), "{}", run.stderr);
}

#[test]
fn items_in_flight_survive_a_restart_of_redis() {
    let mut server = RedisServer::builder().durable().start();
    server.push("mylist", items(200));
    let words = ["--work", "5ms", "--concurrency", "4", "--max-items", "200", "--lease", "30s"];
    let run = consume(&server.url(), "a", &words).spawn();
    for done in [40, 120] {
        wait_until("some are done", SOON, || server.stat("acknowledged") >= done);
        server.kill();
        server.restart();
        server.census().accounts_for(200);
    }
    let run = run.wait().exits(0);
    assert_eq!((tally(&run, "acknowledged"), server.stat("acknowledged"), server.stat("claimed")), (200, 200, 200));
    assert_eq!(run.stderr.matches("item processed").count(), 200);
}

#[test]
fn items_known_only_to_redis_are_processed_after_an_outage() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    server.push("mylist", items(2));
    let words = ["--work", "1h", "--concurrency", "3", "--lease", "1h"];
    let run = consume(&proxy.url(), "a", &words).spawn();
    wait_until("two are in flight", SOON, || begun(&run).len() == 2);
    // As a replica knows it that was promoted before it had heard of the acknowledgement.
    let held = server.keys().into_iter().find(|key| key.contains("inflight")).expect("what it holds");
    server.cli(&["HSET", &held, "c0:1", "acknowledged before"]);
    // Else the lost connections are not in use, and nothing is asked before the lease is renewed.
    wait_until("it waits for a third", SOON, || server.blocked_clients() > 0);
    proxy.cut();
    wait_until("three are in flight", SOON, || begun(&run).len() == 3);
    assert_eq!(begun(&run)[2], "acknowledged before");
    server.census().accounts_for(3);
    stop(run);
    server.census().accounts_for(3);
}

#[test]
fn late_call_claims_nothing() {
    let server = RedisServer::start();
    server.push("mylist", items(9));
    let script = include_str!("../../src/queue/scripts/exchange.lua");
    let companions = ["inflight:c", "stats", "busy", "landing", "consumers", "delayed", "items", "dead"];
    let call = |number: &str, most: &str| {
        let mut words: Vec<String> = ["EVAL", script, "9", "mylist"].map(str::to_owned).to_vec();
        words.extend(companions.iter().map(|name| format!("{{mylist}}:{name}")));
        words.extend(["c", "c", number, most, "1000", "60000", "0"].map(str::to_owned));
        let Ok(Reply::Array(mut answer)) = server.ask(&words) else { panic!("no answer") };
        let Reply::Array(items) = answer.remove(0) else { panic!("no items") };
        items.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    server.cli(&["HSET", "{mylist}:inflight:c", "c", "0", "d", "0", "lease", "60000", "histories", "0"]);
    assert_eq!(call("1", "2"), items(2));
    // Its reply was lost, perhaps: the same again.
    assert_eq!(call("1", "2"), items(2));
    assert_eq!(call("2", "1"), ["item 3"]);
    // What had been on the way on another connection all the time.
    assert_eq!(call("1", "2"), [""; 0]);
    assert_eq!(call("2", "1"), ["item 3"]);
    assert_eq!((server.llen("mylist"), server.census().count("inflight:c")), (6, 3));
}

#[test]
fn check_of_permissions_that_arrives_late_leaves_items_in_flight_alone() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    server.push("mylist", items(3));
    proxy.hold_request("EVALSHA");
    let words = ["--work", "1h", "--concurrency", "3", "--lease", "1h"];
    let run = consume(&proxy.url(), "a", &words).spawn();
    wait_until("the items are in flight", SOON, || begun(&run).len() == 3);
    proxy.deliver();
    server.census().accounts_for(3);
    stop(run);
    assert_eq!(server.pushed("mylist"), items(3));
}

#[test]
fn acknowledgements_refused_while_two_calls_are_under_way_count_as_lost() {
    let server = RedisServer::start();
    server.push("mylist", items(1000));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let lease = Duration::from_secs(3600);
        let mut one = claims(&server, "one", settings(lease)).await;
        let claimed = exchange(&mut one, &[], 64).await.items;
        server.cli(&["ZADD", "{mylist}:consumers", "XX", &(one.schedule().redis_now() - 1).to_string(), "one"]);
        let mut other = claims(&server, "other", settings(lease)).await;
        while other.redeliver().await.expect("the server is there").more {}
        let outcomes: Vec<Outcome> = claimed.into_iter().map(|claim| Outcome::Acknowledge { id: claim.id }).collect();
        let (first, second) = outcomes.split_at(32);
        let sent = exchange(&mut one, first, 32).await;
        assert_eq!((sent.settled.len(), one.asked()), (0, 16));
        let refused = exchange(&mut one, second, 16).await;
        assert_eq!((refused.settled.len(), refused.lost.len(), one.asked()), (64, 64, 0));
        server.census().accounts_for(1000);
        assert_eq!(server.stat("acknowledged"), 0);
    });
}

// ── failures ──

#[test]
fn failed_item_is_delayed_and_returns_with_its_history() {
    let server = RedisServer::start();
    server.push("mylist", ["flaky", "next"]);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut claims = claims(&server, "one", settings(Duration::from_secs(30))).await;
        let first = exchange(&mut claims, &[], 1).await;
        let flaky = first.items.into_iter().next().expect("an item");
        let (id, name) = (flaky.id.clone(), flaky.name().to_owned());
        let mut history: History = flaky.into_history(claims.schedule().redis_now());
        history.attempts += 1;
        "it said so".clone_into(&mut history.reason);
        let after = Duration::from_millis(400);
        let next = exchange(&mut claims, &[Outcome::Retry { id, after, history: history.clone() }], 2).await;
        // The other item is not held up.
        assert_eq!(next.items.len(), 1);
        assert!(next.due.is_some_and(|due| due <= after), "{:?}", next.due);
        server.census().accounts_for(2);
        assert_eq!(server.census().count("items"), 1);

        assert_eq!(exchange(&mut claims, &[], 2).await.items.len(), 0);
        let start = Instant::now();
        let again = loop {
            let exchanged = exchange(&mut claims, &[], 2).await;
            if let Some(again) = exchanged.items.into_iter().next() {
                break again;
            }
            assert!(start.elapsed() < SOON);
            tokio::time::sleep(exchanged.due.expect("it is due some time")).await;
        };
        assert_eq!((again.name(), again.attempt(), again.history.as_ref()), (name.as_str(), 2, Some(&history)));
        assert_eq!(&again.item.0[..], b"flaky");
        let dead =
            Outcome::DeadLetter { id: again.id.clone(), history: History { attempts: 2, died: Some(1), ..history } };
        exchange(&mut claims, &[dead], 0).await;
    });
    let census = server.census();
    census.accounts_for(2);
    let dead_letter = census.of("dead").next().expect("a dead letter");
    assert_eq!((dead_letter.item.as_str(), dead_letter.history["attempts"].as_u64()), ("flaky", Some(2)));
    assert_eq!((server.stat("retried"), server.stat("dead")), (1, 1));
}

#[test]
fn item_that_cannot_be_processed_is_dead_lettered_at_once() {
    let server = RedisServer::start();
    server.push("mylist", [&b"no \xff json"[..]]);
    let run = consume(&server.url(), "a", &["--work", "field:wait", "--max-items", "1"]).output().exits(0);
    assert_eq!(tally(&run, "dead"), 1);
    let dead_letters = server.pushed_bytes("{mylist}:dead");
    let (header, item) =
        dead_letters[0].split_at(dead_letters[0].iter().position(|byte| *byte == b'\n').expect("a header"));
    let header: serde_json::Value = serde_json::from_slice(header).expect("the header is JSON");
    assert_eq!((&item[1..], header["attempts"].as_u64()), (&b"no \xff json"[..], Some(1)));
    assert!(header["reason"].as_str().is_some_and(|reason| reason.contains("not JSON")), "{header}");
    assert!(header["died"].as_u64() >= header["since"].as_u64() && header["id"].is_string(), "{header}");
}

#[test]
fn result_is_counted_once_however_often_it_is_sent() {
    let server = RedisServer::start();
    server.push("mylist", ["a", "b"]);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut claims = claims(&server, "one", settings(Duration::from_secs(30))).await;
        let id = exchange(&mut claims, &[], 1).await.items[0].id.clone();
        let twice = [Outcome::Acknowledge { id: id.clone() }, Outcome::Acknowledge { id: id.clone() }];
        assert_eq!(exchange(&mut claims, &twice, 0).await.lost, [id]);
    });
    server.census().accounts_for(2);
    assert_eq!(server.stat("acknowledged"), 1);
}

// ── a server that refuses ──

#[test]
fn missing_permission_is_named_before_the_first_claim() {
    for missing in [
        "hset",
        "hdel",
        "rpop",
        "rpush",
        "lpush",
        "zadd",
        "zrem",
        "blmove",
        "evalsha",
        "hkeys",
        "lmove",
        "hrandfield",
        "hexists",
    ] {
        let server = RedisServer::builder().user("app", "secret", &format!("~* +@all -{missing}")).start();
        server.push("mylist", ["a"]);
        let words = ["--work", "1ms", "--max-items", "1"];
        let run = consume(&server.url_with("app:secret"), "a", &words).output().exits(69);
        assert!(run.stderr.contains(&format!("may not use the command `{missing}`")), "{missing}: {}", run.stderr);
        assert!(run.stderr.contains(&format!("ACL SETUSER app +{missing}")), "{missing}: {}", run.stderr);
        assert_eq!(server.pushed("mylist"), ["a"], "{missing}");
    }
}

#[test]
fn missing_key_permission_names_the_companion_keys() {
    let server = RedisServer::builder().user("app", "secret", "~mylist +@all").start();
    server.push("mylist", ["a"]);
    let run = consume(&server.url_with("app:secret"), "a", &["--work", "1ms", "--max-items", "1"]).output().exits(69);
    assert!(run.stderr.contains("ACL SETUSER app ~{mylist}:*"), "{}", run.stderr);
    assert_eq!(server.pushed("mylist"), ["a"]);
}

#[test]
fn full_redis_can_be_drained() {
    let server = RedisServer::start();
    server.push("mylist", items(50));
    let run = consume(&server.url(), "a", &["--work", "1h", "--concurrency", "10"]).spawn();
    wait_until("some are in flight", SOON, || begun(&run).len() == 10);
    server.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    run.kill();
    let mut run = consume(&server.url(), "b", &["--work", "1ms", "--concurrency", "10"]).spawn();
    wait_until("all are processed", SOON, || {
        assert!(run.is_running(), "{}", run.stderr());
        server.stat("acknowledged") == 50
    });
    thread::sleep(Duration::from_millis(1500));
    assert!(run.is_running(), "{}", run.stderr());
    server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    server.push("mylist", ["after"]);
    wait_until("the next is processed", SOON, || server.stat("acknowledged") == 51);
    stop(run);
}

#[test]
fn list_replaced_by_another_type_costs_no_item() {
    let server = RedisServer::start();
    server.push("mylist", items(3));
    let run = busy(&server, "a", 3, &[]);
    server.push("{mylist}:landing", ["landed"]);
    server.cli(&["SET", "mylist", "text"]);
    run.terminate();
    run.finish(SOON);
    server.cli(&["DEL", "mylist"]);
    let other = busy(&server, "b", 4, &[]);
    server.census().accounts_for(4);
    stop(other);
}
