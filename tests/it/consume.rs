//! What `consume` does with the items of a list, and what becomes of them when it is told to stop.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

use crate::support::{Finished, Proxy, Qscale, RedisServer, Running, SOON, wait_until};

/// Both ways of delivery; what an orderly consumer does is the same.
const EITHER_WAY: [&str; 2] = ["at-least-once", "at-most-once"];

/// Limit for a run to end after a signal, on a busy machine.
const PROMPTLY: Duration = Duration::from_secs(5);

fn consume(server: &RedisServer, words: &[&str]) -> Qscale {
    Qscale::new(["--verbose", "consume", "--redis", &server.url()]).args(words)
}

/// Starts a consumer and waits until it has `items` items in flight, each for an hour.
fn busy(server: &RedisServer, items: usize, words: &[&str]) -> Running {
    let run = consume(server, &["--work", "1h", "--output", "json"]).args(words).spawn();
    wait_until("the items are in flight", SOON, || run.stderr().matches("processing item").count() == items);
    run
}

/// The tally on stdout, with `--output json`: claimed, acknowledged, dead and requeued.
#[track_caller]
fn tally(run: &Finished) -> [u64; 4] {
    let tally: serde_json::Value = serde_json::from_str(&run.stdout).expect("the tally is one JSON object");
    ["claimed", "acknowledged", "dead", "requeued"].map(|field| tally[field].as_u64().expect("a number"))
}

/// Content of stdout after these items were printed.
fn lines<I: AsRef<[u8]>>(items: impl IntoIterator<Item = I>) -> Vec<u8> {
    items.into_iter().flat_map(|item| [item.as_ref(), b"\n"].concat()).collect()
}

/// The keys that are there, but for the counters of a list, which are there to stay.
fn keys(server: &RedisServer) -> Vec<String> {
    server.keys().into_iter().filter(|key| !key.ends_with("}:stats")).collect()
}

/// Items left on the list, in the order of claims.
fn left(server: &RedisServer) -> Vec<Vec<u8>> {
    server.pushed_bytes("mylist")
}

// ── items to stdout ──

#[test]
fn order_and_bytes_of_items_are_kept() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        let large = vec![b'x'; 3_000_000];
        let mut items: Vec<Vec<u8>> = (0..1000).map(|number: u32| number.to_string().into_bytes()).collect();
        items.extend([b"".to_vec(), b"\xff\xfe\0\r".to_vec(), b"two\nlines".to_vec(), large, b" last ".to_vec()]);
        server.push("mylist", &items);
        let run =
            consume(&server, &["--max-items", "1005", "--work", "none", "--delivery", delivery]).output().exits(0);
        assert!(run.stdout_bytes == lines(&items), "{} bytes", run.stdout_bytes.len());
        assert_eq!(server.llen("mylist"), 0);
    }
}

#[test]
fn stdout_gets_the_items_without_work() {
    let server = RedisServer::start();
    server.push("mylist", ["a", "b"]);
    let profile = "[queue]\nlist = \"mylist\"\n";
    let run = consume(&server, &["--max-items", "2"]).file("qscale.toml", profile).output().exits(0);
    assert_eq!(run.stdout, "a\nb\n");
}

#[test]
fn closed_output_pipe_ends_consume_and_leaves_the_rest() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        let items: Vec<String> = (0..500).map(|number| format!("item {number}")).collect();
        server.push("mylist", &items);
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let run = consume(&server, &["--work", "none", "--delivery", delivery]).stdout_to(writer).spawn();
        let seen: Vec<String> = BufReader::new(reader).lines().take(3).map(|line| line.expect("text")).collect();
        let run = run.finish(PROMPTLY).exits(0);

        assert_eq!(seen, items[..3]);
        let left: Vec<String> = server.pushed("mylist");
        // What had gone into the pipe by then is the reader's; all that follows is there, in its order.
        assert!(items.ends_with(&left) && left.len() < items.len(), "{} left\n{}", left.len(), run.stderr);
        let acknowledged = format!("acknowledged={} retried=0 dead=0 requeued=", 500 - left.len());
        let requeued = run.stderr.split_once(&acknowledged).expect(&run.stderr).1;
        // The item whose line could not be written, and one that may have been prefetched.
        assert!(requeued.starts_with(['1', '2']), "{}", run.stderr);
        assert!(!run.stderr.contains("error:"), "{}", run.stderr);
    }
}

#[test]
fn stalled_output_pipe_does_not_block_the_stop() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        let items: Vec<Vec<u8>> = (b'0'..=b'9').map(|digit| vec![digit; 1_000_000]).collect();
        server.push("mylist", &items);
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let run =
            consume(&server, &["--work", "none", "--drain", "100ms", "--delivery", delivery]).stdout_to(writer).spawn();
        wait_until("an item is taken", SOON, || server.llen("mylist") == 9);
        run.terminate();
        run.finish(PROMPTLY).exits(0);
        drop(reader);
        assert!(left(&server) == items, "{} left", server.llen("mylist"));
    }
}

#[test]
fn consumers_share_a_list_without_overlap() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        server.push("mylist", (0..3000).map(|number| number.to_string()));
        let words = ["--work", "none", "--idle-exit", "1s", "--delivery", delivery];
        let runs: Vec<Running> = (0..3).map(|_| consume(&server, &words).spawn()).collect();
        let output: String = runs.into_iter().map(|run| run.wait().exits(0).stdout).collect();
        let items: HashSet<&str> = output.lines().collect();
        assert_eq!((items.len(), output.lines().count()), (3000, 3000));
    }
}

// ── work ──

/// The most items that were in flight at once, by the log.
fn most_at_once(log: &str) -> usize {
    let mut now: usize = 0;
    let mut most = 0;
    for line in log.lines() {
        if line.contains("processing item") {
            now += 1;
            most = most.max(now);
        } else if line.contains("item processed") {
            now -= 1;
        }
    }
    most
}

#[test]
fn concurrency_is_reached_and_never_exceeded() {
    let server = RedisServer::start();
    for (concurrency, words) in [(1, &[][..]), (4, &["--concurrency", "4"])] {
        server.push("mylist", (0..8).map(|number| format!("item {number}")));
        let words = [&["--work", "200ms", "--max-items", "8"], words].concat();
        let run = consume(&server, &words).output().exits(0);
        assert_eq!(most_at_once(&run.stderr), concurrency, "{}", run.stderr);
        let rounds = u32::try_from(8 / concurrency).expect("few");
        assert!(run.took >= rounds * Duration::from_millis(200), "{:?}", run.took);
        assert_eq!(run.stderr.matches("item processed").count(), 8);
    }
}

#[test]
fn work_time_lies_in_its_range() {
    let server = RedisServer::start();
    server.push("mylist", (0..30).map(|number| number.to_string()));
    let words = ["--work", "2s..6s", "--speed", "100", "--concurrency", "30", "--max-items", "30"];
    let run = consume(&server, &words).output().exits(0);
    let times: HashSet<&str> =
        run.stderr.lines().filter_map(|line| Some(line.split_once("duration=")?.1.split_once(' ')?.0)).collect();
    assert!(times.is_subset(&HashSet::from(["20ms", "30ms", "40ms", "50ms", "60ms"])), "{times:?}");
    assert!(times.len() > 1, "{times:?}");
}

#[test]
fn work_time_comes_from_a_field() {
    let server = RedisServer::start();
    server.push("mylist", [r#"{"wait": 17}"#, r#"{"wait": 0.5, "more": [1]}"#]);
    let run = consume(&server, &["--work", "field:wait", "--speed", "100", "--max-items", "2"]).output().exits(0);
    for part in [r#"duration=170ms payload={"wait": 17}"#, "duration=5ms", "outcome=acknowledged seconds="] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
}

#[test]
fn malformed_event_is_shown_escaped_and_the_next_one_processed() {
    let server = RedisServer::start();
    let events: [&[u8]; 7] = [
        b"not json \x1b[31m\x07",
        br#"{"wiat": 1}"#,
        br#"{"wait": "soon"}"#,
        br#"{"wait": -1}"#,
        b"\xff\xfe\0",
        b"",
        br#"{"wait": 0.01}"#,
    ];
    for (delivery, said) in [("at-least-once", "item dead-lettered"), ("at-most-once", "item dropped")] {
        server.push("mylist", events);
        let words = ["--work", "field:wait", "--max-items", "7", "--output", "json", "--delivery", delivery];
        let run = consume(&server, &words).output().exits(0);
        assert_eq!(tally(&run), [7, 1, 6, 0]);
        let shown = [r"not json \u{1b}[31m\u{7}", r#"{"wiat": 1}"#, "no field `wait`", "not 0 to", r"\xff\xfe\u{0}"];
        for part in shown {
            assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
        }
        assert_eq!(run.stderr.matches(said).count(), 6);
        assert!(!run.stderr.contains(['\x1b', '\x07', '\0', '\u{fffd}']), "{}", run.stderr);
    }
    // Only at-least-once keeps them: their past as a line of JSON, and below it the item, byte for byte.
    let dead = server.pushed_bytes("{mylist}:dead");
    assert_eq!(dead.len(), 6);
    for (dead, event) in dead.iter().zip(events) {
        let end = dead.iter().position(|byte| *byte == b'\n').expect("a line before the item");
        let past: serde_json::Value = serde_json::from_slice(&dead[..end]).expect("the past is JSON");
        assert!(past["reason"].is_string() && past["attempts"] == 1 && past["died"].is_u64(), "{past}");
        assert_eq!(dead[end + 1..], *event);
    }
}

// ── when it has done enough ──

#[test]
fn max_items_leaves_the_rest() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        server.push("mylist", (0..10).map(|number| number.to_string()));
        let words =
            ["--work", "10ms", "--concurrency", "5", "--max-items", "3", "--output", "json", "--delivery", delivery];
        let run = consume(&server, &words).output().exits(0);
        assert_eq!((tally(&run), server.llen("mylist")), ([3, 3, 0, 0], 7));
    }
}

#[test]
fn once_processes_one_item_or_none() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        let once = ["--once", "--work", "none", "--delivery", delivery];
        let run = consume(&server, &once).deadline(SOON).output().exits(0);
        assert_eq!(run.stdout, "");
        server.push("mylist", ["a", "b"]);
        let run = consume(&server, &once).output().exits(0);
        assert_eq!((run.stdout.as_str(), server.llen("mylist")), ("a\n", 1));
    }
}

#[test]
fn idle_exit_counts_from_the_last_item() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        server.push("mylist", (0..4).map(|number| number.to_string()));
        let words = [
            "--work",
            "700ms",
            "--concurrency",
            "2",
            "--idle-exit",
            "500ms",
            "--output",
            "json",
            "--delivery",
            delivery,
        ];
        let run = consume(&server, &words).deadline(SOON).output().exits(0);
        assert_eq!(tally(&run), [4, 4, 0, 0]);
        assert!(run.took >= Duration::from_millis(1900), "{:?}", run.took);
    }
}

#[test]
fn keys_left_are_the_counters() {
    for (delivery, left) in [("at-least-once", &["{mylist}:stats"][..]), ("at-most-once", &[])] {
        let server = RedisServer::start();
        server.push("mylist", ["a"]);
        consume(&server, &["--once", "--work", "none", "--delivery", delivery]).output().exits(0);
        assert_eq!(server.keys(), left);
    }
}

// ── when it is told to stop ──

#[test]
fn drain_time_lets_items_in_flight_finish() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        server.push("mylist", ["a", "b", "c", "d"]);
        let words =
            ["--work", "700ms", "--concurrency", "2", "--drain", "20s", "--output", "json", "--delivery", delivery];
        let run = consume(&server, &words).spawn();
        run.wait_for_line("payload=b", SOON);
        run.terminate();
        let run = run.finish(SOON).exits(0);
        assert_eq!((tally(&run), left(&server)), ([2, 2, 0, 0], vec![b"c".to_vec(), b"d".to_vec()]));
    }
}

#[test]
fn drain_time_exceeded_requeues_items_in_place() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        let items: [&[u8]; 6] = [b"\xff\0\r\n one", b"two", b"two", b"", b"five", b"six"];
        server.push("mylist", items);
        let run = busy(&server, 4, &["--concurrency", "4", "--drain", "300ms", "--delivery", delivery]);
        assert_eq!(server.llen("mylist"), 2);
        let asked = Instant::now();
        run.terminate();
        let run = run.finish(PROMPTLY).exits(0);
        assert!(asked.elapsed() >= Duration::from_millis(300), "{:?}", asked.elapsed());
        assert_eq!(tally(&run), [4, 0, 0, 4]);
        assert_eq!(server.pop("mylist").as_deref(), Some(items[0]));
        assert_eq!(left(&server), items[1..]);
        assert_eq!(keys(&server), ["mylist"]);
    }
}

#[test]
fn second_signal_requeues_at_once() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        server.push("mylist", ["a", "b", "c"]);
        let run = busy(&server, 2, &["--concurrency", "2", "--drain", "1h", "--delivery", delivery]);
        run.terminate();
        run.wait_for_line("finishing items in flight reason=SIGTERM in_flight=2", SOON);
        assert_eq!(server.llen("mylist"), 1);
        run.interrupt();
        let run = run.finish(PROMPTLY).exits(0);
        assert_eq!((tally(&run), server.pushed("mylist")), ([2, 0, 0, 2], ["a", "b", "c"].map(str::to_owned).to_vec()));
    }
}

#[test]
fn lost_connection_during_work_costs_no_item() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        let proxy = Proxy::before(server.port());
        server.push("mylist", ["a", "b", "c"]);
        let words =
            ["--redis", &proxy.url(), "--work", "1h", "--concurrency", "2", "--drain", "0s", "--delivery", delivery];
        let run = Qscale::new(["--verbose", "consume"]).args(words).spawn();
        run.wait_for_line("payload=b", SOON);
        proxy.cut();
        run.terminate();
        run.finish(PROMPTLY).exits(0);
        assert_eq!(server.pushed("mylist"), ["a", "b", "c"]);
    }
}

#[test]
fn requeue_waits_for_a_server_that_restarts() {
    for delivery in EITHER_WAY {
        let mut server = RedisServer::builder().durable().start();
        server.push("mylist", ["a", "b"]);
        let run = busy(&server, 1, &["--drain", "0s", "--verbose", "--delivery", delivery]);
        server.kill();
        run.terminate();
        // Between two questions to Redis, or in the middle of one.
        run.wait_for_line("in flight", SOON);
        server.restart();
        let run = run.finish(SOON).exits(0);
        assert_eq!((tally(&run), server.pushed("mylist")), ([1, 0, 0, 1], vec!["a".to_owned(), "b".to_owned()]));
    }
}

#[test]
fn exit_status_is_75_when_stopped_before_max_items() {
    for delivery in EITHER_WAY {
        let server = RedisServer::start();
        server.push("mylist", ["a", "b"]);
        let run = busy(&server, 1, &["--max-items", "2", "--drain", "0s", "--delivery", delivery]);
        run.terminate();
        let run = run.finish(PROMPTLY).exits(75);
        assert_eq!((tally(&run), server.llen("mylist")), ([1, 0, 0, 1], 2));
    }
}

#[test]
fn tally_adds_up() {
    let server = RedisServer::start();
    server.push("mylist", [r#"{"wait": 0}"#, "broken", r#"{"wait": 0.01}"#, r#"{"wait": 3600}"#, "next"]);
    let words = ["--work", "field:wait", "--drain", "0s", "--output", "json"];
    let run = consume(&server, &words).spawn();
    run.wait_for_line("duration=1h", SOON);
    run.terminate();
    let run = run.finish(PROMPTLY).exits(0);
    // The last item may have been prefetched.
    assert!([[4, 2, 1, 1], [5, 2, 1, 2]].contains(&tally(&run)), "{}", run.stdout);
    assert_eq!(server.llen("mylist"), 2);
    let tally: serde_json::Value = serde_json::from_str(&run.stdout).expect("the tally is JSON");
    assert_eq!(tally["list"], "mylist");
    for field in ["retried", "lease_lost"] {
        assert_eq!(tally[field], 0);
    }
    for percentile in ["p50", "p90", "p99"] {
        assert!(tally["handler_duration_seconds"][percentile].is_number(), "{tally}");
    }
    assert!(tally["seconds"].is_number() && run.stdout.lines().count() == 1, "{}", run.stdout);
}

// ── what it says, and where it takes its orders from ──

#[test]
fn json_log_is_json_in_every_line() {
    let server = RedisServer::start();
    server.push("mylist", ["\"quoted\" \x1b", "b"]);
    let words = ["--log", "json", "--work", "1ms", "--max-items", "2"];
    let run = consume(&server, &words).output().exits(0);
    assert!(run.stderr.lines().count() >= 5, "{}", run.stderr);
    for line in run.stderr.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for field in ["timestamp", "level", "message"] {
            assert!(event[field].is_string(), "{field} in {line}");
        }
    }
    assert!(run.stderr.contains(r#"\"quoted\""#), "{}", run.stderr);
}

#[test]
fn profile_fills_in_for_flags_and_environment() {
    let server = RedisServer::start();
    for list in ["profile", "environment", "flag"] {
        server.push(list, ["a", "b", "c"]);
    }
    let profile = "[queue]\nlist = \"profile\"\n[consume]\nwork = \"1ms\"\nmax-items = 2\nconcurrency = 2\n";
    let run = |words: &[&str]| consume(&server, words).file("qscale.toml", profile);

    let first = run(&[]).output().exits(0);
    assert!(first.stderr.contains("concurrency=2 delivery=at-least-once handler=work 1ms"), "{}", first.stderr);
    assert_eq!(server.llen("profile"), 1);

    run(&[]).env("LIST_NAME", "environment").output().exits(0);
    assert_eq!(server.llen("environment"), 1);

    let words = ["--list", "flag", "--max-items", "1", "--work", "none"];
    let flag = run(&words).env("LIST_NAME", "environment").output().exits(0);
    assert_eq!((flag.stdout.as_str(), server.llen("flag"), server.llen("environment")), ("a\n", 2, 1));
}
