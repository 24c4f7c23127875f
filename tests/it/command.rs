//! What a command is given for each item, and what its end says of the item.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{Finished, Qscale, RedisServer, Reply, SOON, wait_until};
use tempfile::TempDir;

/// Limit for a run to end after a signal, on a busy machine.
const PROMPTLY: Duration = Duration::from_secs(5);

/// `qscale consume words -- command`, with a result in JSON.
fn consume(server: &RedisServer, words: &[&str], command: &[&str]) -> Qscale {
    Qscale::new(["consume", "--redis", &server.url(), "--output", "json"]).args(words).arg("--").args(command)
}

/// The same, with a line of shell as the command.
fn shell(server: &RedisServer, words: &[&str], line: &str) -> Qscale {
    consume(server, words, &["sh", "-c", line])
}

/// The tally: claimed, acknowledged, retried, dead and requeued.
#[track_caller]
fn tally(run: &Finished) -> [u64; 5] {
    let tally: serde_json::Value = serde_json::from_str(&run.stdout).expect("the tally is one JSON object");
    ["claimed", "acknowledged", "retried", "dead", "requeued"].map(|field| tally[field].as_u64().expect("a number"))
}

/// Milliseconds between the attempts whose times a handler has written.
#[track_caller]
fn attempts(folder: &Path) -> Vec<u64> {
    let times: Vec<u64> = read(&folder.join("times")).lines().map(|time| time.parse().expect("nanoseconds")).collect();
    times.windows(2).map(|pair| (pair[1] - pair[0]) / 1_000_000).collect()
}

/// Each dead letter's past, and its item.
#[track_caller]
fn dead(server: &RedisServer) -> Vec<(serde_json::Value, Vec<u8>)> {
    let dead_letters = server.pushed_bytes("{mylist}:dead");
    dead_letters
        .into_iter()
        .map(|dead_letter| {
            let end = dead_letter.iter().position(|byte| *byte == b'\n').expect("a line before the item");
            (serde_json::from_slice(&dead_letter[..end]).expect("the past is JSON"), dead_letter[end + 1..].to_vec())
        })
        .collect()
}

/// The keys that are there, but for the counters of a list, which are there to stay.
fn keys(server: &RedisServer) -> Vec<String> {
    server.keys().into_iter().filter(|key| !key.ends_with("}:stats")).collect()
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

// ── what it is given ──

#[test]
fn stdin_is_the_item_byte_for_byte() {
    let server = RedisServer::start();
    let large: Vec<u8> = (0..10_000_000_u32).map(|number| number.to_le_bytes()[0] ^ number.to_le_bytes()[2]).collect();
    let items: [&[u8]; 5] = [b"plain", b"", b"\0\xff\r\n\0", b"two\nlines\n", &large];
    let folder = folder();
    server.push("mylist", items);
    let line = "cat > $FOLDER/$(printf %s \"$QSCALE_ITEM_ID\" | tr -c '0-9a-zA-Z' _)";
    let run = shell(&server, &["--max-items", "5"], line).env("FOLDER", folder.path()).output().exits(0);
    assert_eq!(tally(&run), [5, 5, 0, 0, 0]);
    let files = fs::read_dir(folder.path()).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
    let mut got: Vec<Vec<u8>> = files.collect();
    got.sort();
    let mut items = items.map(<[u8]>::to_vec).to_vec();
    items.sort();
    assert!(got == items, "{:?}", got.iter().map(Vec::len).collect::<Vec<_>>());
}

#[test]
fn variables_describe_the_item() {
    let server = RedisServer::start();
    let folder = folder();
    server.push("mylist", ["a", "b"]);
    let line = "echo $QSCALE_ITEM_ID $QSCALE_ATTEMPT $QSCALE_LIST $QSCALE_CONSUMER >> $FOLDER/seen; \
                [ $QSCALE_ATTEMPT = 2 ]";
    let words = ["--idle-exit", "300ms", "--backoff", "10ms..20ms"];
    let run = shell(&server, &words, line).env("FOLDER", folder.path()).env("HOSTNAME", "pod-7").output().exits(0);
    assert_eq!(tally(&run), [4, 2, 2, 0, 0]);
    let seen = read(&folder.path().join("seen"));
    let mut lines: Vec<Vec<&str>> = seen.lines().map(|line| line.split(' ').collect()).collect();
    lines.sort();
    // Each item goes by one id at both attempts.
    let [first, again, second, once_more] = &lines[..] else { panic!("{seen}") };
    assert_eq!((first[0], first[1], again[1]), (again[0], "1", "2"));
    assert_eq!((second[0], second[1], once_more[1]), (once_more[0], "1", "2"));
    assert_ne!(first[0], second[0]);
    assert!(lines.iter().all(|line| line[2] == "mylist" && line[3].starts_with("pod-7-")), "{seen}");
}

#[test]
fn command_does_not_inherit_the_settings_of_its_consumer() {
    let server = RedisServer::start();
    let folder = folder();
    server.push("mylist", ["a"]);
    let line = "env | grep -c -e QSCALE_COUNT -e QSCALE_ONCE -e QSCALE_PROFILE > $FOLDER/settings; \
                echo $QSCALE_LIST $KEPT > $FOLDER/kept";
    let run = shell(&server, &[], line).env("FOLDER", folder.path()).env("KEPT", "yes");
    let run = run.env("QSCALE_COUNT", "1").env("QSCALE_ONCE", "true").env("QSCALE_PROFILE", "/dev/null");
    run.output().exits(0);
    assert_eq!(read(&folder.path().join("settings")), "0\n");
    assert_eq!(read(&folder.path().join("kept")), "mylist yes\n");
}

#[test]
fn braces_in_an_argument_become_the_item_without_a_shell() {
    let server = RedisServer::start();
    server.push("mylist", ["$(id) `id` 'q' \"d\" *; {}"]);
    let run = consume(&server, &["--once"], &["printf", "%s|", "{}", "a{}b", "plain"]).output().exits(0);
    let item = "$(id) `id` 'q' \"d\" *; {}";
    assert!(run.stderr.contains(&format!("] {item}|a{item}b|plain|\n")), "{}", run.stderr);
}

#[test]
fn command_line_overrides_the_command_of_the_profile() {
    let server = RedisServer::start();
    server.push("mylist", ["a", "b", "c"]);
    let profile = "[consume]\nmax-items = 1\ncommand = [\"sh\", \"-c\", \"echo by profile; exit 3\"]\n\
                   [consume.exit]\nack = [0, 3]\n";
    let run = |words: &[&str]| {
        Qscale::new(["consume", "--redis", &server.url()]).args(words).file("qscale.toml", profile).output().exits(0)
    };
    assert!(run(&[]).stderr.contains("] by profile\n"));
    assert!(run(&["--", "echo", "by", "hand"]).stderr.contains("] by hand\n"));
    assert_eq!(run(&["--work", "none"]).stdout, "c\n");
}

// ── what its end says ──

#[test]
fn exit_status_decides_about_the_item() {
    let server = RedisServer::start();
    for (status, expected) in [(0, [1, 1, 0, 0, 0]), (65, [1, 0, 0, 1, 0]), (75, [1, 0, 1, 0, 0]), (9, [1, 0, 1, 0, 0])]
    {
        server.cli(&["FLUSHALL"]);
        server.push("mylist", ["item"]);
        let run = shell(&server, &["--once"], &format!("exit {status}")).output().exits(0);
        assert_eq!(tally(&run), expected, "{status}");
        let delayed = server.cli(&["ZCARD", "{mylist}:delayed"]);
        assert_eq!(delayed, expected[2].to_string(), "{status}");
        let dead_letters = dead(&server);
        assert_eq!(dead_letters.len() as u64, expected[3], "{status}");
        if let Some((past, item)) = dead_letters.first() {
            assert_eq!((past["reason"].as_str(), past["attempts"].as_u64()), (Some("exit status 65"), Some(1)));
            assert_eq!(item, b"item");
        }
    }
}

#[test]
fn exit_map_is_set_by_profile_and_flag() {
    let server = RedisServer::start();
    let profile = "[consume.exit]\ndead = [7]\n";
    // 65 is no dead letter for this profile, and 8 is one for this command line.
    for (status, expected) in [(7, [1, 0, 0, 1, 0]), (65, [1, 0, 1, 0, 0]), (8, [1, 0, 0, 1, 0]), (9, [1, 1, 0, 0, 0])]
    {
        server.cli(&["FLUSHALL"]);
        server.push("mylist", ["item"]);
        let words = ["--once", "--exit", "8=dead", "--exit", "9=ack"];
        let run = shell(&server, &words, &format!("exit {status}")).file("qscale.toml", profile).output().exits(0);
        assert_eq!(tally(&run), expected, "{status}");
    }
}

#[test]
fn failed_item_is_retried_with_backoff_and_then_dead_lettered() {
    let server = RedisServer::start();
    let folder = folder();
    server.push("mylist", [b"\xff item\0".as_slice()]);
    let words = ["--idle-exit", "3s", "--max-attempts", "4", "--backoff", "200ms..1h"];
    let line = "date +%s%N >> $FOLDER/times; echo why it failed: $QSCALE_ATTEMPT >&2; exit 1";
    let run = shell(&server, &words, line).env("FOLDER", folder.path()).output().exits(0);
    assert_eq!(tally(&run), [4, 0, 3, 1, 0]);
    let pauses = attempts(folder.path());
    for (pause, most) in pauses.iter().zip([200, 400, 800]) {
        // Jitter takes up to half of it; a busy machine adds to it.
        assert!((most / 2..most + 500).contains(pause), "{pauses:?}");
    }
    let dead_letters = dead(&server);
    let [(past, item)] = &dead_letters[..] else { panic!("{dead_letters:?}") };
    assert_eq!(item, b"\xff item\0");
    assert_eq!((past["attempts"].as_u64(), past["crashes"].as_u64()), (Some(4), Some(0)));
    assert_eq!((past["reason"].as_str(), past["stderr"].as_str()), (Some("exit status 1"), Some("why it failed: 4\n")));
    assert_eq!(keys(&server), ["{mylist}:dead"]);
}

#[test]
fn failed_item_is_retried_in_time_while_another_slot_waits() {
    // Only the second slot may take the item again, or only the wait, since no third may be claimed.
    for words in [&["--idle-exit", "3s"][..], &["--max-items", "2"]] {
        let server = RedisServer::start();
        let folder = folder();
        server.push("mylist", ["item"]);
        let words = [&["--concurrency", "2", "--backoff", "200ms..200ms"], words].concat();
        // By the end of the first attempt, the other slot has begun to wait for an item for a second at least.
        let line = "date +%s%N >> $FOLDER/times; sleep 0.2; exit $((QSCALE_ATTEMPT == 1))";
        let run = shell(&server, &words, line).env("FOLDER", folder.path()).output().exits(0);
        assert_eq!(tally(&run), [2, 1, 1, 0, 0], "{words:?}");
        let pause = attempts(folder.path())[0];
        assert!((300..950).contains(&pause), "{words:?}: {pause} ms");
    }
}

#[test]
fn await_due_keeps_consume_running() {
    let server = RedisServer::start();
    server.push("mylist", ["item"]);
    let backoff = ["--once", "--backoff", "4s..4s"];
    shell(&server, &backoff, "exit 1").output().exits(0);

    // As a Job of a ScaledJob would: it ends at once, and KEDA would start the next.
    let hasty = shell(&server, &["--once"], "true").output().exits(0);
    assert_eq!(tally(&hasty), [0, 0, 0, 0, 0]);
    let too_far_off = shell(&server, &["--once", "--await-due", "10ms"], "true").output().exits(0);
    assert_eq!(tally(&too_far_off), [0, 0, 0, 0, 0]);
    let patient = shell(&server, &["--once", "--await-due", "1m"], "true").output().exits(0);
    assert_eq!(tally(&patient), [1, 1, 0, 0, 0]);
    assert_eq!(keys(&server), [""; 0]);

    let nothing = shell(&server, &["--once", "--await-due", "1m"], "true").output().exits(0);
    assert!(nothing.took < PROMPTLY, "{:?}", nothing.took);
}

#[test]
fn retry_without_an_attempt_is_limited_by_max_age() {
    let server = RedisServer::start();
    server.push("mylist", ["a"]);
    let words = ["--idle-exit", "1s", "--max-attempts", "1", "--max-age", "600ms", "--backoff", "100ms..100ms"];
    let run = shell(&server, &words, "exit 75").output().exits(0);
    let [claimed, acknowledged, retried, dead_lettered, requeued] = tally(&run);
    assert!(retried >= 3 && claimed == retried + 1, "{}", run.stdout);
    assert_eq!([acknowledged, dead_lettered, requeued], [0, 1, 0]);
    assert_eq!(dead(&server)[0].0["attempts"], 0);
}

#[test]
fn command_that_cannot_run_stops_the_consumer_and_requeues() {
    let server = RedisServer::start();
    let items = ["first", "second"];
    server.push("mylist", items);
    for (command, said) in [
        (&["no-such-command"][..], "cannot run `no-such-command`: command not found"),
        (&["/etc/passwd"], "cannot run `/etc/passwd`: Permission denied"),
        (&["sh", "-c", "exit 126"], "`sh` reports that its command is not executable (exit status 126)"),
        (&["sh", "-c", "no-such-command"], "`sh` reports that its command was not found (exit status 127)"),
    ] {
        for delivery in ["at-least-once", "at-most-once"] {
            let words = ["--delivery", delivery];
            let run = consume(&server, &words, command).deadline(SOON).output().exits(2);
            assert!(run.stderr.contains(&format!("error: {said}")), "{}", run.stderr);
            assert_eq!(tally(&run), [1, 0, 0, 0, 1], "{}", run.stderr);
            assert_eq!(server.pushed("mylist"), items, "{command:?}");
            assert_eq!(keys(&server), ["mylist"]);
        }
    }
}

// ── how it ends ──

#[test]
fn timeout_ends_the_command_with_its_children() {
    let server = RedisServer::start();
    let folder = folder();
    server.push("mylist", ["a"]);
    // Neither hears SIGTERM; both have to be killed.
    let line = "trap '' TERM; sleep 600 & echo $$ $! > $FOLDER/pids; wait; sleep 600";
    let words = ["--once", "--max-attempts", "1", "--timeout", "300ms", "--kill-after", "200ms"];
    let run = shell(&server, &words, line).env("FOLDER", folder.path()).deadline(SOON).output().exits(0);
    assert_eq!(tally(&run), [1, 0, 0, 1, 0]);
    assert_eq!(dead(&server)[0].0["reason"], "timed out after 300ms");
    let pids = read(&folder.path().join("pids"));
    assert_eq!(pids.split_whitespace().count(), 2, "{pids}");
    for pid in pids.split_whitespace() {
        wait_until("nothing of it lives on", PROMPTLY, || {
            read(&Path::new("/proc").join(pid).join("stat"))
                .rsplit_once(')')
                .is_none_or(|(_, rest)| rest.starts_with(" Z"))
        });
    }
}

#[test]
fn drain_time_lets_commands_finish() {
    let server = RedisServer::start();
    let folder = folder();
    server.push("mylist", ["short", "long", "never begun"]);
    let line = "read item; echo $item >> $FOLDER/begun; case $item in short*) sleep 1;; *) sleep 600;; esac";
    let words = ["--concurrency", "2", "--drain", "2s"];
    let run = shell(&server, &words, line).env("FOLDER", folder.path()).spawn();
    wait_until("both commands run", SOON, || read(&folder.path().join("begun")).lines().count() == 2);
    let asked = Instant::now();
    run.terminate();
    let run = run.finish(SOON).exits(0);
    assert!(asked.elapsed() >= Duration::from_secs(2), "{:?}", asked.elapsed());
    assert_eq!(tally(&run), [2, 1, 0, 0, 1]);
    assert_eq!(server.pushed("mylist"), ["long", "never begun"]);
    assert_eq!(keys(&server), ["mylist"]);
}

#[test]
fn requeued_item_keeps_its_history() {
    let server = RedisServer::start();
    let folder = folder();
    server.push("mylist", ["a"]);
    let line = "echo $QSCALE_ATTEMPT >> $FOLDER/begun; [ $QSCALE_ATTEMPT = 1 ] && exit 1; sleep 600";
    let start =
        || shell(&server, &["--backoff", "10ms..10ms", "--drain", "0s"], line).env("FOLDER", folder.path()).spawn();
    for attempts in ["1\n2\n", "1\n2\n2\n"] {
        let run = start();
        wait_until("it runs again", SOON, || read(&folder.path().join("begun")) == attempts);
        run.terminate();
        run.finish(PROMPTLY).exits(0);
        assert_eq!(keys(&server), ["{mylist}:delayed", "{mylist}:items"]);
    }
    let Ok(Reply::Array(fields)) = server.ask(&["HVALS", "{mylist}:items"]) else { panic!("a hash") };
    let past = fields.iter().map(ToString::to_string).find(|field| field.starts_with('{')).expect("a past");
    let past: serde_json::Value = serde_json::from_str(&past).expect("the past is JSON");
    assert_eq!((past["attempts"].as_u64(), past["crashes"].as_u64()), (Some(1), Some(0)));
}

// ── what it prints ──

#[test]
fn output_lines_are_prefixed_with_the_item_id() {
    let server = RedisServer::start();
    server.push("mylist", (0..20).map(|number| number.to_string()));
    let line = "read item; for i in 1 2 3; do printf \"$QSCALE_ITEM_ID has $item\"; sleep 0.01; echo \" line $i\"; done; \
                echo $QSCALE_ITEM_ID ends >&2";
    let run = shell(&server, &["--concurrency", "5", "--max-items", "20"], line).output().exits(0);
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
    let lines: Vec<&str> = run.stderr.lines().filter(|line| line.starts_with('[')).collect();
    assert_eq!(lines.len(), 80, "{}", run.stderr);
    for line in lines {
        let (id, said) = line[1..].split_once("] ").expect("an id in front");
        assert!(said.starts_with(&format!("{id} ")) && !said.contains('['), "{line}");
    }
}

#[test]
fn output_lines_are_json_in_a_json_log() {
    let server = RedisServer::start();
    server.push("mylist", ["a"]);
    let run = shell(&server, &["--once", "--log", "json"], "echo '\"out\"'; printf 'err' >&2").output().exits(0);
    let lines: Vec<serde_json::Value> =
        run.stderr.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let said = |stream: &str| lines.iter().find(|line| line["stream"] == stream).expect("a line of its own");
    assert_eq!(
        (said("stdout")["message"].as_str(), said("stderr")["message"].as_str()),
        (Some("\"out\""), Some("err"))
    );
    assert_eq!(said("stdout")["item"], said("stderr")["item"]);
}

// ── where its settings come from ──

#[test]
fn variables_fill_in_for_flags_and_empty_ones_are_absent() {
    let server = RedisServer::start();
    let run = |words: &[&str], attempts: &str| {
        server.cli(&["FLUSHALL"]);
        server.push("mylist", ["a"]);
        let words = [&["--idle-exit", "400ms"], words].concat();
        let run =
            shell(&server, &words, "exit 1").env("QSCALE_MAX_ATTEMPTS", attempts).env("QSCALE_BACKOFF", "1ms..2ms");
        tally(&run.env("QSCALE_LEASE", "").file("qscale.toml", "[consume]\nmax-attempts = 4\n").output().exits(0))
    };
    assert_eq!(run(&[], ""), [4, 0, 3, 1, 0]);
    assert_eq!(run(&[], "2"), [2, 0, 1, 1, 0]);
    assert_eq!(run(&["--max-attempts", "1"], "2"), [1, 0, 0, 1, 0]);

    for (name, value) in [("QSCALE_LEASE", "soon"), ("QSCALE_MAX_CRASHES", "0"), ("QSCALE_BACKOFF", "2s..1s")] {
        let run = Qscale::new(["consume"]).env(name, value).output().exits(2);
        assert!(run.stderr.starts_with(&format!("error: {name}: ")), "{}", run.stderr);
    }
}
