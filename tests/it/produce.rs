//! What `produce` puts on the list: how much of it, in which order, and byte for byte.

use std::collections::HashSet;
use std::fs;
use std::time::Duration;

use crate::support::{Finished, Proxy, Qscale, RedisServer, SOON, wait_until};

/// Limit for a run to end after a signal.
const PROMPTLY: Duration = Duration::from_secs(5);

/// The key that produce counts in.
const STATS: &str = "{mylist}:stats";

fn produce(server: &RedisServer, words: &[&str]) -> Qscale {
    Qscale::new(["produce", "--redis", &server.url()]).args(words)
}

/// The result on stdout, with `--output json`.
#[track_caller]
fn result(run: &Finished) -> serde_json::Value {
    serde_json::from_str(&run.stdout).expect("the result is one JSON object")
}

/// Content of a file of these items; the last one ends as the others do.
fn joined(items: &[&[u8]], separator: u8) -> Vec<u8> {
    items.iter().flat_map(|item| item.iter().copied().chain([separator])).collect()
}

/// The numbers up to `last`, as `{seq}` writes them.
fn numbers(last: u64) -> Vec<String> {
    (1..=last).map(|number| number.to_string()).collect()
}

// ── how many ──

#[test]
fn count_is_exact() {
    let server = RedisServer::start();
    let paces: [&[&str]; 3] = [&["--rate", "max"], &["--batch", "7", "--every", "1ms"], &["--rate", "5000"]];
    for (index, pace) in paces.into_iter().enumerate() {
        for count in [0, 1, 49, 51, 1234] {
            let (list, count) = (format!("{index}-{count}"), count.to_string());
            let words = ["--list", &list, "--count", &count];
            let run = produce(&server, &words).args(pace).output().exits(0);
            assert_eq!(server.llen(&list).to_string(), count, "{pace:?}");
            let noun = if count == "1" { "item" } else { "items" };
            assert!(run.stdout.starts_with(&format!("pushed {count} {noun} in ")), "{pace:?}: {}", run.stdout);
        }
    }
}

#[test]
fn duration_at_a_rate_pushes_their_product() {
    let server = RedisServer::start();
    let batches = ["--list", "batches", "--batch", "5", "--every", "100ms", "--duration", "1s"];
    let steady = ["--list", "steady", "--rate", "200", "--duration", "1s"];
    let (batches, steady) = (produce(&server, &batches).spawn(), produce(&server, &steady).spawn());
    let (batches, steady) = (batches.wait().exits(0), steady.wait().exits(0));
    assert_eq!((server.llen("batches"), server.llen("steady")), (50, 200));
    // The last batch is due at 0.9 s, the last item at 0.995 s.
    assert!(batches.took >= Duration::from_millis(900), "{:?}", batches.took);
    assert!(steady.took >= Duration::from_millis(990), "{:?}", steady.took);
}

#[test]
fn duration_at_a_low_rate_pushes_as_many_as_the_pattern() {
    let server = RedisServer::start();
    let words = [["--rate", "2.5", "--duration", "1s"].as_slice(), &["--pattern", "1s@2.5"]];
    for (list, words) in ["rate", "pattern"].into_iter().zip(words) {
        produce(&server, &["--list", list]).args(words).output().exits(0);
        assert_eq!(server.llen(list), 2, "{words:?}");
    }
}

#[test]
fn duration_ends_an_unlimited_rate() {
    let server = RedisServer::start();
    let run = produce(&server, &["--rate", "max", "--duration", "300ms", "--output", "json"]).output().exits(0);
    assert!(server.llen("mylist") > 0);
    assert_eq!(result(&run)["items"], server.llen("mylist"));
}

#[test]
fn duration_ends_a_wait_for_input() {
    let server = RedisServer::start();
    let mut run = produce(&server, &["--input", "-", "--duration", "500ms"]).open_input().spawn();
    run.write("one\n");
    run.finish(SOON).exits(0);
    assert_eq!(server.pushed("mylist"), ["one"]);
}

#[test]
fn duration_ends_a_wait_for_max_backlog() {
    let server = RedisServer::start();
    server.push("mylist", ["0"; 20]);
    for pace in [["--rate", "max"], ["--every", "50ms"]] {
        let words = ["--max-backlog", "10", "--duration", "500ms"];
        produce(&server, &words).args(pace).deadline(SOON).output().exits(0);
        assert_eq!(server.llen("mylist"), 20);
    }
}

// ── by a pattern ──

#[test]
fn pattern_is_pushed_on_schedule_and_ends() {
    let server = RedisServer::start();
    let words = ["--pattern", "1s@200, 300ms@0, burst 500, 200ms@0..1000", "--output", "json"];
    let run = produce(&server, &words).output().exits(0);
    assert_eq!((server.llen("mylist"), result(&run)["items"].as_u64()), (800, Some(800)));
    // The last item is due just before 1.5 s.
    assert!(run.took >= Duration::from_millis(1_450), "{:?}", run.took);
    assert!(run.stderr.contains("pace=pattern of 800 items duration=2s"), "{}", run.stderr);
}

#[test]
fn pattern_file_of_counts_is_pushed() {
    let server = RedisServer::start();
    let words = ["--pattern-file", "counts.csv"];
    produce(&server, &words).file("counts.csv", "second,count\n0,40\n0.5,0\n1,9\n").output().exits(0);
    assert_eq!(server.llen("mylist"), 49);
    let run = produce(&server, &words).file("counts.csv", "40\nmany\n").output().exits(2);
    assert!(run.stderr.contains("--pattern-file: cannot read `counts.csv`: line 2: `many`"), "{}", run.stderr);
}

#[test]
fn pattern_file_may_be_stdin() {
    let server = RedisServer::start();
    produce(&server, &["--pattern-file", "-"]).input("second,count\n0,40\n").output().exits(0);
    assert_eq!(server.llen("mylist"), 40);
    let run = produce(&server, &["--pattern-file", "-", "--input", "-"]).input("5\n").output().exits(2);
    assert!(run.stderr.contains("--pattern-file: is stdin, which --input reads"), "{}", run.stderr);
    // A signal ends a wait for counts.
    let run = produce(&server, &["--verbose", "--pattern-file", "-"]).open_input().spawn();
    run.wait_for_line("profile: ", SOON);
    run.terminate();
    run.finish(PROMPTLY).exits(75);
}

#[test]
fn seed_repeats_a_random_pattern() {
    let server = RedisServer::start();
    let run = |list: &str, seed: &str| {
        let words =
            ["--pattern", "300ms@poisson(300)", "--payload", "{seq}-{int:0..99}", "--list", list, "--seed", seed];
        produce(&server, &words).output().exits(0);
        server.pushed(list)
    };
    assert_eq!(run("a", "1"), run("b", "1"));
    assert_ne!(run("c", "2"), run("d", "3"));
}

#[test]
fn exit_status_of_a_stopped_pattern_depends_on_its_end() {
    let server = RedisServer::start();
    for (list, pattern, status) in [("ends", "1h@50", 75), ("repeats", "1s@50, repeat", 0)] {
        let run = produce(&server, &["--pattern", pattern, "--list", list]).spawn();
        wait_until("items are pushed", SOON, || server.llen(list) > 5);
        run.terminate();
        run.finish(PROMPTLY).exits(status);
    }
}

#[test]
fn burst_is_pushed_at_full_speed() {
    let server = RedisServer::start();
    let run = produce(&server, &["--pattern", "1s@20000", "--output", "json"]).output().exits(0);
    assert_eq!(server.llen("mylist"), 20_000);
    assert!(run.took < Duration::from_secs(4), "{:?}", run.took);
}

// ── in which order ──

#[test]
fn order_on_the_list_is_the_order_of_pushing() {
    let server = RedisServer::start();
    for batch in ["1", "7", "1000"] {
        let words = ["--rate", "max", "--batch", batch, "--count", "5000", "--payload", "{seq}", "--list", batch];
        produce(&server, &words).output().exits(0);
        assert_eq!(server.pushed(batch), numbers(5000), "batches of {batch}");
    }
}

// ── what is on it ──

#[test]
fn lines_are_pushed_byte_for_byte() {
    let server = RedisServer::start();
    let large = vec![b'x'; 5_000_000];
    let items: [&[u8]; 9] =
        [b"first", b"windows\r", b"", b" spaces\t ", b"\xff\xfe\x80", b"nul \0 inside", &large, "grün".as_bytes(), b""];
    let mut text = joined(&items, b'\n');
    text.extend(b"no newline at the end");
    let expected: Vec<&[u8]> = items.into_iter().chain([b"no newline at the end".as_slice()]).collect();

    produce(&server, &["--input", "items", "--list", "file"]).file("items", &text).output().exits(0);
    produce(&server, &["--input", "-", "--list", "pipe"]).input(text).output().exits(0);
    for list in ["file", "pipe"] {
        let pushed = server.pushed_bytes(list);
        assert!(pushed == expected, "{list}: {} items of {} bytes", pushed.len(), pushed.concat().len());
    }
}

#[test]
fn null_separated_items_may_hold_newlines() {
    let server = RedisServer::start();
    let items: [&[u8]; 4] = [b"two\nlines", b"", b"\n", b"\xff\r\n"];
    let run = produce(&server, &["--input", "-", "-0"]).input(joined(&items, 0)).output().exits(0);
    assert_eq!(server.pushed_bytes("mylist"), items);
    assert!(run.stdout.starts_with("pushed 4 items "), "{}", run.stdout);
}

#[test]
fn empty_input_pushes_nothing() {
    let server = RedisServer::start();
    let run = produce(&server, &["--input", "-"]).input("").output().exits(0);
    assert!(run.stdout.starts_with("pushed 0 items "), "{}", run.stdout);
    assert!(server.keys().is_empty());
}

#[test]
fn count_limits_an_input() {
    let server = RedisServer::start();
    produce(&server, &["--input", "-", "--count", "2"]).input("a\nb\nc\nd\n").output().exits(0);
    assert_eq!(server.pushed("mylist"), ["a", "b"]);
}

#[test]
fn missing_input_is_named() {
    let server = RedisServer::start();
    let run = produce(&server, &["--input", "no-such-file"]).output().exits(2);
    assert!(run.stderr.contains("`no-such-file`"), "{}", run.stderr);
}

#[test]
fn slow_input_is_pushed_as_it_arrives() {
    let server = RedisServer::start();
    let mut run = produce(&server, &["--input", "-", "--output", "json"]).open_input().spawn();
    for (number, line) in ["one\n", "two\n", "three\nfour\n"].into_iter().enumerate() {
        run.write(line);
        wait_until("the line is on the list", SOON, || server.llen("mylist") > number as u64);
    }
    run.write("five, and no newline");
    run.close_input();
    let run = run.wait().exits(0);
    assert_eq!(server.pushed("mylist"), ["one", "two", "three", "four", "five, and no newline"]);
    assert_eq!(result(&run)["items"], 5);
}

#[test]
fn last_line_is_pushed_again_when_it_was_lost() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    proxy.lose_request("lonely");
    let mut run = Qscale::new(["produce", "--redis", &proxy.url(), "--input", "-"]).open_input().spawn();
    run.write("lonely\n");
    wait_until("the line is on the list", SOON, || server.llen("mylist") == 1);
    run.close_input();
    run.wait().exits(0);
    assert_eq!((proxy.lost(), server.pushed("mylist")), (1, vec!["lonely".to_owned()]));
}

#[test]
fn payload_template_keeps_json_valid() {
    let server = RedisServer::start();
    let payload = r#"{"wait": {int:10..20}, "n": {seq}, "id": "{id}", "deep": {"at": "{time}", "none": {}}}"#;
    produce(&server, &["--rate", "max", "--count", "200", "--payload", payload]).output().exits(0);
    let mut waits = HashSet::new();
    let mut ids = HashSet::new();
    for (index, item) in server.pushed("mylist").iter().enumerate() {
        let event: serde_json::Value = serde_json::from_str(item).expect("an item is JSON");
        assert_eq!(event["n"], index + 1);
        assert!(event["deep"]["none"].is_object(), "{item}");
        waits.insert(event["wait"].as_i64().expect("a number"));
        ids.insert(event["id"].to_string());
    }
    assert!(waits.iter().all(|wait| (10..=20).contains(wait)) && waits.len() > 5, "{waits:?}");
    assert_eq!(ids.len(), 200);
}

#[test]
fn seed_repeats_the_items() {
    let server = RedisServer::start();
    let words = ["--rate", "max", "--count", "100", "--payload", "{int:0..1000000} {id} {text:5}"];
    for (list, seed) in [("a", Some("7")), ("b", Some("7")), ("another", Some("8")), ("none", None)] {
        let seed = seed.map(|seed| format!("--seed={seed}"));
        produce(&server, &words).args(["--list", list]).args(seed).output().exits(0);
    }
    let items = server.pushed("a");
    assert_eq!(server.pushed("b"), items);
    assert_ne!(server.pushed("another"), items);
    assert_ne!(server.pushed("none"), items);
}

// ── how long the list may get ──

#[test]
fn max_backlog_pauses_produce() {
    let server = RedisServer::start();
    server.push("mylist", (0..20).map(|number| format!("old {number}")));
    let words = ["--max-backlog", "10", "--rate", "max", "--batch", "5", "--count", "30", "--payload", "{seq}"];
    let mut run = produce(&server, &words).spawn();
    run.wait_for_line("backlog too long, waiting list=mylist max_backlog=10", SOON);
    assert_eq!(server.llen("mylist"), 20);

    let mut taken = Vec::new();
    let mut longest = 0;
    wait_until("all is pushed", SOON, || {
        if !run.is_running() {
            return true;
        }
        if server.llen("mylist") > 10 {
            taken.extend(server.pop("mylist"));
        } else {
            longest = longest.max(server.llen("mylist"));
        }
        false
    });
    run.wait().exits(0);
    // One batch goes onto a list that is not too long yet.
    assert!(longest <= 15, "{longest}");
    taken.extend(server.pushed_bytes("mylist"));
    let expected = (0..20).map(|number| format!("old {number}")).chain(numbers(30));
    assert_eq!(taken, expected.map(String::into_bytes).collect::<Vec<_>>());
}

#[test]
fn sigterm_ends_a_wait_for_max_backlog() {
    let server = RedisServer::start();
    server.push("mylist", ["0"; 20]);
    let run = produce(&server, &["--max-backlog", "10", "--count", "30"]).spawn();
    run.wait_for_line("backlog too long, waiting list=mylist max_backlog=10", SOON);
    run.terminate();
    run.finish(PROMPTLY).exits(75);
    assert_eq!(server.llen("mylist"), 20);
}

// ── how late ──

#[test]
fn lateness_counts_from_when_items_were_due() {
    let server = RedisServer::start();
    for (list, pace) in
        [("rate", ["--rate", "100"]), ("pattern", ["--pattern", "3s@100"]), ("batches", ["--every", "500ms"])]
    {
        let words = ["--list", list, "--count", "300", "--output", "json"];
        let run = produce(&server, &words).args(pace).spawn();
        wait_until("items are pushed", SOON, || server.llen(list) > 0);
        server.pause();
        // While it lasts, not only at the end.
        run.wait_for_line(&format!("items are late list={list} lateness="), SOON);
        server.resume();
        let run = run.finish(SOON).exits(0);
        let result = result(&run);
        assert!(run.stderr.contains("items are on schedule again"), "{list}: {}", run.stderr);
        assert_eq!(server.llen(list), 300, "late, not dropped");
        assert!(result["late_items"].as_u64() > Some(0) && result["late_items"].as_u64() < Some(300), "{result}");
        assert!(result["max_lateness_seconds"].as_f64() >= Some(1.0), "{result}");
    }
}

#[test]
fn lateness_leaves_out_waits_for_input_and_backlog() {
    let server = RedisServer::start();
    let mut run = produce(&server, &["--list", "input", "--input", "-", "--rate", "1000"]).open_input().spawn();
    run.write("one\n");
    wait_until("the line is on the list", SOON, || server.llen("input") == 1);
    std::thread::sleep(Duration::from_millis(1_200));
    run.write("two\n");
    run.close_input();
    let run = run.wait().exits(0);
    assert!(!run.stdout.contains("late") && !run.stderr.contains("late"), "{run:?}");

    server.push("backlog", ["0"; 20]);
    let words = ["--list", "backlog", "--rate", "1000", "--count", "2", "--max-backlog", "10"];
    let run = produce(&server, &words).spawn();
    run.wait_for_line("backlog too long", SOON);
    std::thread::sleep(Duration::from_millis(1_200));
    server.cli(&["DEL", "backlog"]);
    let run = run.finish(SOON).exits(0);
    assert!(!run.stdout.contains("late") && !run.stderr.contains("late"), "{run:?}");
}

#[test]
fn result_says_how_many_items_were_late() {
    let server = RedisServer::start();
    let run = produce(&server, &["--rate", "100", "--count", "200"]).spawn();
    wait_until("items are pushed", SOON, || server.llen("mylist") > 0);
    server.pause();
    run.wait_for_line("items are late list=mylist lateness=1", SOON);
    server.resume();
    let run = run.finish(SOON).exits(0);
    assert!(run.stdout.contains(" late by up to ") && run.stdout.starts_with("pushed 200 items in "), "{}", run.stdout);
}

// ── what it says ──

#[test]
fn result_is_one_line_on_stdout() {
    let server = RedisServer::start();
    let words = ["--count", "120", "--batch", "50", "--rate", "max"];
    let run = produce(&server, &words).output().exits(0);
    let (counts, times) = run.stdout.split_once(" in ").expect("a sentence");
    assert_eq!(counts, "pushed 120 items");
    assert!(times.starts_with("3 batches to `mylist` in ") && times.ends_with(" items/s)\n"), "{times}");

    let run = produce(&server, &words).args(["--output", "json", "--quiet"]).output().exits(0);
    let result = result(&run);
    let fields: Vec<&str> = result.as_object().expect("an object").keys().map(String::as_str).collect();
    let expected =
        ["list", "items", "batches", "seconds", "items_per_second", "backlog", "late_items", "max_lateness_seconds"];
    assert_eq!(fields, expected);
    assert!(result["late_items"].is_null() && result["max_lateness_seconds"].is_null(), "{result}");
    assert_eq!((&result["list"], &result["items"], &result["batches"]), (&"mylist".into(), &120.into(), &3.into()));
    assert_eq!(result["backlog"], 240);
    assert!(result["seconds"].is_number() && result["items_per_second"].as_f64() > Some(0.0), "{result}");
    assert_eq!((run.stdout.lines().count(), run.stderr.as_str()), (1, ""));
}

#[test]
fn echo_logs_every_item_with_control_characters_escaped() {
    let server = RedisServer::start();
    let run = produce(&server, &["--input", "-", "--echo"]).input("plain\n\x1b[31mred\n").output().exits(0);
    let echoed: Vec<&str> =
        run.stderr.lines().filter_map(|line| Some(line.split_once("pushing item item=")?.1)).collect();
    assert_eq!(echoed[echoed.len() - 2..], ["plain", "\\u{1b}[31mred"], "{}", run.stderr);
    assert!(!run.stderr.contains('\x1b') && !run.stdout.contains("plain"), "{}", run.stderr);
}

// ── how it ends ──

#[test]
fn exit_status_of_a_stopped_run_depends_on_its_goal() {
    let server = RedisServer::start();
    let goals: [(&[&str], i32); 3] = [(&[], 0), (&["--count", "1000000"], 75), (&["--duration", "1h"], 75)];
    for (goal, status) in goals {
        server.cli(&["FLUSHALL"]);
        let run = produce(&server, &["--every", "20ms", "--output", "json"]).args(goal).spawn();
        wait_until("some items are pushed", SOON, || server.llen("mylist") > 100);
        run.terminate();
        let run = run.finish(PROMPTLY).exits(status);
        assert_eq!(result(&run)["items"], server.llen("mylist"), "{goal:?}");
        assert_eq!(server.keys(), ["mylist", STATS], "{goal:?}");
    }
}

#[test]
fn ctrl_c_stops_produce() {
    let server = RedisServer::start();
    let run = produce(&server, &["--every", "20ms"]).spawn();
    wait_until("some items are pushed", SOON, || server.llen("mylist") > 100);
    run.interrupt();
    run.finish(PROMPTLY).exits(0);
    assert_eq!(server.keys(), ["mylist", STATS]);
}

#[test]
fn sigterm_ends_a_wait_for_input() {
    let server = RedisServer::start();
    let mut run = produce(&server, &["--input", "-"]).open_input().spawn();
    run.write("one\n");
    wait_until("the line is on the list", SOON, || server.llen("mylist") == 1);
    run.terminate();
    run.finish(PROMPTLY).exits(0);
}

#[test]
fn exit_status_is_75_when_the_input_was_not_read_to_its_end() {
    let server = RedisServer::start();
    let words = ["--input", "items", "--rate", "1000", "--output", "json"];
    let run = produce(&server, &words).file("items", "item\n".repeat(1_000_000)).spawn();
    wait_until("some items are pushed", SOON, || server.llen("mylist") > 100);
    run.terminate();
    let run = run.finish(PROMPTLY).exits(75);
    assert_eq!(result(&run)["items"], server.llen("mylist"));
}

#[test]
fn keys_left_are_the_list_and_its_counters() {
    let server = RedisServer::start();
    produce(&server, &["--count", "500", "--rate", "max"]).output().exits(0);
    assert_eq!(server.keys(), ["mylist", STATS]);
}

// ── where it takes its orders from ──

#[test]
fn profile_fills_in_for_flags_and_environment() {
    let server = RedisServer::start();
    let profile = "[queue]\nlist = \"profile\"\n\
                   [produce]\nbatch = 3\nevery = \"10ms\"\ncount = 9\npayload = \"p{seq}\"\necho = true\n";
    let run = |words: &[&str]| produce(&server, words).file("qscale.toml", profile);

    let first = run(&["--output", "json"]).output().exits(0);
    assert_eq!(server.pushed("profile"), numbers(9).iter().map(|number| format!("p{number}")).collect::<Vec<_>>());
    assert_eq!(result(&first)["batches"], 3);
    assert!(first.stderr.contains("pushing item item=p9"), "{}", first.stderr);

    run(&["--count", "2", "--payload", "f{seq}"]).env("LIST_NAME", "environment").output().exits(0);
    assert_eq!(server.pushed("environment"), ["f1", "f2"]);

    run(&["--list", "flag", "--count", "1"]).env("LIST_NAME", "environment").output().exits(0);
    assert_eq!(server.pushed("flag"), ["p1"]);
    assert_eq!(server.llen("environment"), 2);
}

// ── what it needs ──

#[test]
fn user_without_scripts_pushes_with_a_warning() {
    let server = RedisServer::builder()
        .user("plain", "secret", "~* +@all -@scripting")
        .user("narrow", "secret", "~plain ~narrow +@all")
        .start();
    for user in ["plain", "narrow"] {
        let redis = server.url_with(&format!("{user}:secret"));
        let words = ["--rate", "max", "--count", "2000", "--payload", "{seq}", "--list", user];
        let run = Qscale::new(["produce", "--redis", &redis]).args(words).output().exits(0);
        assert_eq!(server.pushed(user), numbers(2000));
        assert!(run.stderr.contains("pushing without a script"), "{}", run.stderr);
    }
}

/// The most memory that a process has ever had at once, in bytes.
#[cfg(target_os = "linux")]
fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

#[test]
#[cfg(target_os = "linux")]
fn memory_stays_flat_for_any_number_of_items() {
    let server = RedisServer::start();
    let peak_of = |count: &str| {
        let words = ["--list", count, "--rate", "max", "--count", count, "--payload", "sixteen bytes ok"];
        let mut run = produce(&server, &words).deadline(Duration::from_secs(60)).spawn();
        let mut most = 0;
        wait_until("all is pushed", Duration::from_secs(60), || {
            most = peak(run.pid()).unwrap_or_default().max(most);
            !run.is_running()
        });
        run.wait().exits(0);
        assert_eq!(server.llen(count).to_string(), count);
        most
    };
    let (few, many) = (peak_of("50000"), peak_of("1000000"));
    assert!(few > 0 && many < few + 8 * 1024 * 1024, "{few} bytes for 50,000 items, {many} for 1,000,000");
}
