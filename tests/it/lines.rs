//! Persistent handlers: processes that are given items as lines of JSON, and answer with lines.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Finished, Qscale, RedisServer, SOON, header, hex, wait_until};

/// A worker that does as the item says.
const WORKER: &str = r#"
import base64, json, os, signal, sys, time
pid = str(os.getpid())
folder = os.environ["FOLDER"]
open(f"{folder}/started-{pid}", "w").close()
if os.environ.get("READY"):
    time.sleep(float(os.environ["READY"]))
    print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    job = json.loads(line)
    raw = base64.b64decode(job["item_base64"]) if "item_base64" in job else job["item"].encode()
    with open(f"{folder}/seen", "a") as seen:
        seen.write(json.dumps({"pid": pid, "hex": raw.hex(), **{k: v for k, v in job.items() if k[:4] != "item"}}) + "\n")
    word, _, rest = raw.decode(errors="replace").partition(" ")
    answer = {"id": job["id"]}
    if word == "say":
        print(rest, file=sys.stderr)
    if word == "answer":
        # In one write, as unbuffered prints are two: an item handed over between them would fail as well.
        sys.stdout.write(rest.replace("ID", job["id"]) + "\n")
        sys.stdout.flush()
        continue
    elif word == "exit":
        sys.exit(int(rest))
    elif word == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "sleep":
        time.sleep(float(rest))
    elif word == "child":
        if os.fork() == 0:
            open(f"{folder}/child-{os.getpid()}", "w").close()
            time.sleep(1000)
        time.sleep(1000)
    elif word == "flood":
        while True:
            sys.stdout.write("x" * 65536)
    if word == "fail":
        print("about " + rest, file=sys.stderr)
        answer["fail"] = rest
    else:
        answer["ack"] = True
    print(json.dumps(answer), flush=True)
open(f"{folder}/ended-{pid}", "w").close()
"#;

/// A consumer whose handler is [`WORKER`], in `folder`.
fn consume(server: &RedisServer, folder: &Path, words: &[&str]) -> Qscale {
    fs::write(folder.join("worker.py"), WORKER).expect("the temporary folder takes a file");
    let words =
        Qscale::new(["consume", "--redis", &server.url(), "--output", "json", "--handler", "lines"]).args(words);
    words.arg("--").arg("python3").arg(folder.join("worker.py")).env("FOLDER", folder).env("HOSTNAME", "pod-7")
}

/// The tally: claimed, acknowledged, retried, dead and requeued.
#[track_caller]
fn tally(run: &Finished) -> [u64; 5] {
    let tally: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    ["claimed", "acknowledged", "retried", "dead", "requeued"].map(|field| tally[field].as_u64().expect("a number"))
}

/// The items that processes have seen.
fn seen(folder: &Path) -> Vec<Value> {
    let seen = fs::read_to_string(folder.join("seen")).unwrap_or_default();
    seen.lines().map(|line| serde_json::from_str(line).expect("a line per item")).collect()
}

/// Number of files in `folder` whose names begin with `prefix`.
fn count(folder: &Path, prefix: &str) -> usize {
    let files = fs::read_dir(folder).expect("the folder can be listed").map(|file| file.expect("a file").file_name());
    files.filter(|name| name.to_string_lossy().starts_with(prefix)).count()
}

/// Header of each dead letter.
fn dead(server: &RedisServer) -> Vec<Value> {
    let dead = server.pushed_bytes("{mylist}:dead");
    dead.iter().map(|dead| header(dead)).collect()
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn process_stays_for_many_items_and_gets_each_byte_for_byte() {
    let (server, folder) = (RedisServer::start(), folder());
    let large = vec![b'x'; 300_000];
    let items: [&[u8]; 5] = [b"plain", b"", b"\0\xff\r\n\0", "gr\u{fc}n \"\n\u{2028}".as_bytes(), &large];
    server.push("mylist", items);
    let run = consume(&server, folder.path(), &["--max-items", "5"]).output().exits(0);
    assert_eq!(tally(&run), [5, 5, 0, 0, 0]);
    let seen = seen(folder.path());
    assert_eq!(seen.iter().map(|seen| seen["hex"].as_str().unwrap()).collect::<Vec<_>>(), items.map(hex));
    assert_eq!((count(folder.path(), "started-"), count(folder.path(), "ended-")), (1, 1));
    assert_eq!((&seen[0]["list"], &seen[0]["attempt"]), (&"mylist".into(), &1.into()));
    assert!(seen[0]["id"].as_str().unwrap().starts_with("pod-7-"), "{seen:?}");
}

#[test]
fn answer_decides_about_the_item() {
    for (answer, expected) in [
        (r#"{"id":"ID","ack":true}"#, [1, 1, 0, 0, 0]),
        (r#"{"id":"ID","retry":"1h","reason":"busy"}"#, [1, 0, 1, 0, 0]),
        (r#"{"id":"ID","fail":"broken","after":"1h"}"#, [1, 0, 1, 0, 0]),
        (r#"{"id":"ID","dead":"not an order"}"#, [1, 0, 0, 1, 0]),
        ("hello", [1, 0, 1, 0, 0]),
        (r#"{"id":"other","ack":true}"#, [1, 0, 1, 0, 0]),
    ] {
        let (server, folder) = (RedisServer::start(), folder());
        server.push("mylist", [format!("answer {answer}")]);
        let run = consume(&server, folder.path(), &["--once", "--backoff", "1h"]).output().exits(0);
        assert_eq!(tally(&run), expected, "{answer}: {}", run.stderr);
    }
}

#[test]
fn handler_says_when_to_retry_without_spending_an_attempt() {
    let (server, folder) = (RedisServer::start(), folder());
    server.push("mylist", [r#"answer {"id":"ID","retry":"50ms"}"#]);
    let words = ["--max-items", "4", "--max-attempts", "2", "--backoff", "1h"];
    let run = consume(&server, folder.path(), &words).output().exits(0);
    assert_eq!(tally(&run), [4, 0, 4, 0, 0]);
    assert!(seen(folder.path()).iter().all(|seen| seen["attempt"] == 1));
}

#[test]
fn retry_after_no_time_does_not_ask_again_without_a_pause() {
    let (server, folder) = (RedisServer::start(), folder());
    server.push("mylist", [r#"answer {"id":"ID","retry":"0s"}"#, r#"answer {"id":"ID","fail":true,"after":"0s"}"#]);
    let run = consume(&server, folder.path(), &["--idle-exit", "1s", "--backoff", "1h"]).output().exits(0);
    assert_eq!(tally(&run), [2, 0, 2, 0, 0]);
}

#[test]
fn item_answered_twice_ends_the_process() {
    let (server, folder) = (RedisServer::start(), folder());
    let twice = "answer {\"id\":\"ID\",\"ack\":true}\n{\"id\":\"ID\",\"ack\":true}";
    server.push("mylist", [twice, "next"]);
    let run = consume(&server, folder.path(), &["--max-items", "2"]).output().exits(0);
    assert_eq!(tally(&run), [2, 2, 0, 0, 0]);
    assert!(run.stderr.contains("answered twice, or for an item that it does not have"), "{}", run.stderr);
    assert_eq!(count(folder.path(), "started-"), 2);
}

#[test]
fn process_needs_some_time_to_be_ready() {
    let words = ["consume", "--handler", "lines", "--ready-within", "0s", "--", "cat"];
    let run = Qscale::new(words).output().exits(2);
    assert!(run.stderr.contains("--ready-within: must be more than 0s"), "{}", run.stderr);
}

#[test]
fn last_answer_of_a_process_needs_no_line_feed() {
    let (server, folder) = (RedisServer::start(), folder());
    server.push("mylist", ["whole", "cut"]);
    let worker = "import json, sys; job = json.loads(input()); answer = json.dumps({'id': job['id'], 'ack': True}); \
        print(answer[:-1] if job['item'] == 'cut' else answer, end=''); sys.exit(3)";
    let run = Qscale::new(["consume", "--redis", &server.url(), "--output", "json", "--handler", "lines"]);
    let run = run.args(["--max-items", "2", "--max-attempts", "1", "--", "python3", "-c", worker]);
    let run = run.in_folder(folder.path()).output().exits(0);
    assert_eq!(tally(&run), [2, 1, 0, 1, 0], "{}", run.stderr);
    assert_eq!(dead(&server)[0]["reason"], "handler exited with status 3");
}

#[test]
fn crash_of_a_process_is_a_failed_attempt() {
    for (item, reason) in [
        ("exit 3", "handler exited with status 3"),
        ("kill", "handler was killed by signal 9"),
        ("flood", "handler wrote a line of more than 65536 bytes to stdout"),
        ("sleep 1000", "handler timed out after 1s"),
    ] {
        let (server, folder) = (RedisServer::start(), folder());
        server.push("mylist", [item, "good"]);
        let words =
            ["--max-items", "3", "--max-attempts", "2", "--backoff", "1ms", "--timeout", "1s", "--ready-within", "20s"];
        let run = consume(&server, folder.path(), &words).env("READY", "0").output().exits(0);
        assert_eq!(tally(&run), [3, 1, 1, 1, 0], "{item}: {}", run.stderr);
        let dead = dead(&server);
        assert_eq!(
            (&dead[0]["attempts"], &dead[0]["crashes"], &dead[0]["reason"]),
            (&2.into(), &0.into(), &reason.into())
        );
        assert!(count(folder.path(), "started-") >= 3, "{item}");
    }
}

#[test]
fn process_is_ended_with_all_that_it_has_started() {
    let (server, folder) = (RedisServer::start(), folder());
    server.push("mylist", ["child"]);
    let words = ["--once", "--timeout", "500ms", "--backoff", "1h"];
    assert_eq!(tally(&consume(&server, folder.path(), &words).output().exits(0)), [1, 0, 1, 0, 0]);
    let child = fs::read_dir(folder.path())
        .unwrap()
        .find_map(|file| file.unwrap().file_name().to_string_lossy().strip_prefix("child-").map(str::to_owned));
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.expect("it has started one"))).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
}

#[test]
fn stderr_is_logged_with_the_item_and_kept_with_a_dead_letter() {
    let (server, folder) = (RedisServer::start(), folder());
    server.push("mylist", ["say hello there", "fail this order"]);
    let run = consume(&server, folder.path(), &["--max-items", "2", "--max-attempts", "1"]).output().exits(0);
    assert_eq!(tally(&run), [2, 1, 0, 1, 0]);
    let id = seen(folder.path())[0]["id"].as_str().unwrap().to_owned();
    assert!(run.stderr.contains(&format!("[{id}] hello there\n")), "{}", run.stderr);
    let dead = dead(&server);
    assert_eq!((&dead[0]["reason"], &dead[0]["stderr"]), (&"this order".into(), &"about this order\n".into()));
}

#[test]
fn several_processes_share_the_items_and_one_may_have_several() {
    let (server, folder) = (RedisServer::start(), folder());
    server.push("mylist", ["sleep 0.3"; 8]);
    let run = consume(&server, folder.path(), &["--concurrency", "4", "--max-items", "8"]).output().exits(0);
    assert_eq!(tally(&run), [8, 8, 0, 0, 0]);
    assert_eq!(count(folder.path(), "started-"), 4);
    let folder = self::folder();
    server.push("mylist", ["x"; 100]);
    let words = ["--concurrency", "16", "--per-process", "8", "--max-items", "100"];
    assert_eq!(tally(&consume(&server, folder.path(), &words).output().exits(0)), [100, 100, 0, 0, 0]);
    assert_eq!(count(folder.path(), "started-"), 2);
}

#[test]
fn process_gets_items_once_it_is_ready() {
    let (server, folder) = (RedisServer::start(), folder());
    server.push("mylist", ["x"]);
    let run =
        consume(&server, folder.path(), &["--once", "--ready-within", "20s"]).env("READY", "0.3").output().exits(0);
    assert_eq!(tally(&run), [1, 1, 0, 0, 0]);
    // One that never is gets none, and the item waits for another consumer.
    server.push("mylist", ["x"]);
    let folder = self::folder();
    let words = ["--ready-within", "700ms", "--kill-after", "100ms"];
    let run = consume(&server, folder.path(), &words).env("READY", "1000").spawn();
    wait_until("it is started again", SOON, || count(folder.path(), "started-") >= 3);
    assert_eq!(server.pushed("mylist"), ["x"]);
    run.terminate();
    let run = run.finish(SOON).exits(0);
    assert!(run.stderr.contains("was not ready within 700ms"), "{}", run.stderr);
}

#[test]
fn consumer_that_is_to_end_gives_up_processes_that_do_not_become_ready() {
    let (server, folder) = (RedisServer::start(), folder());
    server.push("mylist", ["a"]);
    let words = ["--once", "--ready-within", "1m"];
    let run = consume(&server, folder.path(), &words).env("READY", "soon").deadline(4 * SOON).output().exits(2);
    let error = "error: no process of `python3` became ready: the last one exited with status 1";
    assert!(run.stderr.contains(error), "{}", run.stderr);
    assert_eq!(tally(&run), [0, 0, 0, 0, 0]);
    assert_eq!(server.pushed("mylist"), ["a"]);
}

#[test]
fn process_is_replaced_after_so_many_items() {
    let (server, folder) = (RedisServer::start(), folder());
    server.push("mylist", ["x"; 10]);
    let words = ["--max-items", "10", "--concurrency", "2", "--per-process", "2", "--restart-after", "4"];
    assert_eq!(tally(&consume(&server, folder.path(), &words).output().exits(0)), [10, 10, 0, 0, 0]);
    let mut pids: Vec<String> = seen(folder.path()).iter().map(|seen| seen["pid"].to_string()).collect();
    pids.dedup();
    assert_eq!(pids.len(), 3);
    assert_eq!(count(folder.path(), "ended-"), count(folder.path(), "started-"));
}

#[test]
fn stop_closes_stdin_and_waits_for_answers() {
    let (server, folder) = (RedisServer::start(), folder());
    server.push("mylist", ["sleep 1", "y"]);
    let run = consume(&server, folder.path(), &[]).spawn();
    wait_until("the item is in flight", SOON, || seen(folder.path()).len() == 1);
    run.terminate();
    assert_eq!(tally(&run.finish(SOON).exits(0)), [1, 1, 0, 0, 0]);
    assert_eq!((server.pushed("mylist"), count(folder.path(), "ended-")), (vec!["y".to_owned()], 1));
}

#[test]
fn unfinished_item_is_requeued_when_the_drain_time_is_over() {
    let (server, folder) = (RedisServer::start(), folder());
    server.push("mylist", ["sleep 1000"]);
    let run = consume(&server, folder.path(), &["--drain", "100ms"]).spawn();
    wait_until("the item is in flight", SOON, || seen(folder.path()).len() == 1);
    run.terminate();
    assert_eq!(tally(&run.finish(SOON).exits(0)), [1, 0, 0, 0, 1]);
    assert_eq!(server.pushed("mylist"), ["sleep 1000"]);
}

#[test]
fn process_that_loads_does_not_hold_up_the_end() {
    let (server, folder) = (RedisServer::start(), folder());
    let words = ["--ready-within", "1h", "--kill-after", "100ms"];
    let run = consume(&server, folder.path(), &words).env("READY", "1000").spawn();
    wait_until("it has started", SOON, || count(folder.path(), "started-") == 1);
    run.terminate();
    assert_eq!(tally(&run.finish(SOON).exits(0)), [0, 0, 0, 0, 0]);
}

#[test]
fn process_that_exits_at_a_stop_gives_its_items_back() {
    let (server, folder) = (RedisServer::start(), folder());
    server.push("mylist", ["x", "y"]);
    let script = "read line; echo > $FOLDER/seen; cat > /dev/null; exit 0";
    let run = Qscale::new(["consume", "--redis", &server.url(), "--output", "json", "--handler", "lines"]);
    let run = run.args(["--concurrency", "2", "--per-process", "2", "--", "sh", "-c", script]);
    let run = run.env("FOLDER", folder.path()).spawn();
    wait_until("the items are in flight", SOON, || folder.path().join("seen").exists());
    run.terminate();
    assert_eq!(tally(&run.finish(SOON).exits(0)), [2, 0, 0, 0, 2]);
    assert_eq!(server.pushed("mylist").len(), 2);
}

#[test]
fn processes_end_when_their_consumer_is_killed() {
    let (server, folder) = (RedisServer::start(), folder());
    server.push("mylist", ["x"]);
    let run = consume(&server, folder.path(), &["--concurrency", "3"]).spawn();
    wait_until("all have started", SOON, || count(folder.path(), "started-") == 3);
    run.kill();
    let started = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let started: Vec<String> = started.filter_map(|name| name.strip_prefix("started-").map(str::to_owned)).collect();
    wait_until("all have ended", SOON, || started.iter().all(|pid| !Path::new("/proc").join(pid).exists()));
}

#[test]
fn command_that_cannot_run_stops_the_consumer() {
    let server = RedisServer::start();
    server.push("mylist", ["x"]);
    for (command, reason) in [("no-such-command-here", "command not found"), ("/dev/null", "Permission denied")] {
        let words = ["consume", "--redis", &server.url(), "--handler", "lines", "--", command];
        let run = Qscale::new(words).output().exits(2);
        assert!(run.stderr.contains(reason), "{}", run.stderr);
        assert_eq!(server.pushed("mylist"), ["x"]);
    }
    let words = ["consume", "--redis", &server.url(), "--handler", "lines", "--", "sh", "-c", "no-such-command-here"];
    assert!(Qscale::new(words).output().exits(2).stderr.contains("its command was not found"));
    assert_eq!(server.pushed("mylist"), ["x"]);
}

/// The first block of a language in the manual's page.
fn worker(language: &str) -> String {
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/handlers.md")).expect("the page is there");
    let (_, rest) = page.split_once(&format!("```{language}\n")).expect("it has a block in this language");
    rest.split_once("```").expect("the block ends").0.to_owned()
}

/// Runs the worker of the manual in a language, if what it needs is there.
#[expect(clippy::print_stdout, reason = "a language that is not at hand is said")]
fn check_worker(language: &str, file: &str, command: &[&str], needed: &[&str]) {
    let is_there = |program: &&&str| {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&paths).any(|path| path.join(program).exists())
    };
    if needed.iter().filter(is_there).count() < needed.len() {
        println!("SKIPPED: the worker in {language} needs {needed:?}");
        return;
    }
    let (server, folder) = (RedisServer::start(), folder());
    fs::write(folder.path().join(file), worker(language)).expect("the worker is written");
    server.push("mylist", ["{\"order\":17}", "nope", "{\"order\":18}", "{}"]);
    let words = ["consume", "--redis", &server.url(), "--output", "json", "--handler", "lines", "--max-items", "4"];
    let run = Qscale::new(words).args(["--per-process", "2", "--concurrency", "2", "--"]).args(command);
    let run = match std::env::var_os("HOME") {
        Some(home) => run.env("HOME", home),
        None => run,
    };
    let run = run.in_folder(folder.path()).deadline(4 * SOON).output().exits(0);
    assert_eq!(tally(&run), [4, 2, 0, 2, 0], "{}", run.stderr);
    assert!(run.stderr.contains("processing 17"), "{}", run.stderr);
}

#[test]
fn workers_of_the_manual_run() {
    check_worker("python", "worker.py", &["python3", "worker.py"], &["python3"]);
    check_worker("js", "worker.js", &["node", "worker.js"], &["node"]);
    check_worker("ruby", "worker.rb", &["ruby", "worker.rb"], &["ruby"]);
    check_worker("bash", "worker.sh", &["bash", "worker.sh"], &["bash", "jq"]);
    check_worker("go", "worker.go", &["go", "run", "worker.go"], &["go"]);
}

#[test]
fn at_most_once_delivery_drops_what_fails() {
    let (server, folder) = (RedisServer::start(), folder());
    server.push("mylist", ["x", "exit 3", "y", "fail it"]);
    let words = ["--max-items", "4", "--delivery", "at-most-once"];
    assert_eq!(tally(&consume(&server, folder.path(), &words).output().exits(0)), [4, 2, 0, 2, 0]);
}

#[test]
fn idle_consumer_waits_for_items_without_load() {
    let (server, folder) = (RedisServer::start(), folder());
    let run = consume(&server, folder.path(), &["--idle-exit", "1s"]).env("READY", "1").output().exits(0);
    assert!(run.took >= Duration::from_secs(1));
    let stats = server.cli(&["INFO", "stats"]);
    let calls = stats.lines().find_map(|line| line.strip_prefix("total_commands_processed:")).unwrap();
    assert!(calls.trim().parse::<u64>().unwrap() < 100, "{calls}");
}
