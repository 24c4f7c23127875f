//! Batches: several items in one call of a handler.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Finished, Qscale, RedisServer, SOON, free_port, wait_until};

/// A worker that is handed arrays of items, writes their numbers down, and answers as its first argument says.
const WORKER: &str = r#"
import json, os, sys, time
folder, mode = os.environ["FOLDER"], sys.argv[1]
for line in sys.stdin:
    batch = json.loads(line)
    with open(f"{folder}/calls", "a") as calls:
        calls.write(" ".join(job["item"] for job in batch) + "\n")
    if mode == "each":
        for job in batch:
            outcome = {"dead": "bad"} if job["item"] == "bad" else {"ack": True}
            print(json.dumps({"id": job["id"], **outcome}), flush=True)
    elif mode == "array":
        print(json.dumps([{"id": job["id"], "ack": True} for job in reversed(batch)]), flush=True)
    elif any(job["item"] == "bad" for job in batch):
        if mode == "exit":
            sys.exit(1)
        print(json.dumps({"dead": "bad"}), flush=True)
    else:
        time.sleep(float(mode) if mode[0] == "0" else 0)
        print(json.dumps({"ack": True}), flush=True)
"#;

/// An endpoint that takes lines of JSON, and answers as its path says.
const SERVER: &str = r#"
import json, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *words):
        pass
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        assert self.headers["content-type"] == "application/x-ndjson", self.headers
        batch = [json.loads(line) for line in body.splitlines()]
        with open(sys.argv[2] + "/calls", "a") as calls:
            calls.write(" ".join(job["item"] for job in batch) + "\n")
        is_bad = any(job["item"] == "bad" for job in batch)
        if self.path in ("/each", "/capitals", "/long", "/endless"):
            dead = {"dead": "bad" * {"/long": 300, "/endless": 3000}.get(self.path, 1)}
            lines = [{"id": job["id"], **(dead if job["item"] == "bad" else {"ack": True})}
                     for job in batch if job["item"] != "forgotten"]
            body = "".join(json.dumps(line) + "\n" for line in lines).encode()
            media = "application/x-ndjson; charset=utf-8"
            self.send_response(200)
            self.send_header("content-type", media.title() if self.path == "/capitals" else media)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        else:
            self.send_response(422 if is_bad else 204)
            if is_bad:
                self.send_header("content-length", "0")
            self.end_headers()
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"#;

struct Endpoint {
    process: Child,
    port: u16,
}

impl Endpoint {
    fn start(folder: &TempDir) -> Self {
        let port = free_port();
        let script = folder.path().join("server.py");
        fs::write(&script, SERVER).expect("the folder takes a file");
        let process = Command::new("python3").arg(script).arg(port.to_string()).arg(folder.path()).spawn();
        let endpoint = Self { process: process.expect("python3 is installed"), port };
        wait_until("the endpoint listens", SOON, || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        endpoint
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn consume(server: &RedisServer, words: &[&str]) -> Qscale {
    Qscale::new(["consume", "--redis", &server.url(), "--backoff", "10ms", "--output", "json"]).args(words)
}

/// A consumer with a worker that is handed batches.
fn lines(server: &RedisServer, folder: &TempDir, mode: &str, words: &[&str]) -> Qscale {
    let script = folder.path().join("worker.py");
    fs::write(&script, WORKER).expect("the folder takes a file");
    let run = consume(server, words).env("FOLDER", folder.path());
    run.args(["--handler", "lines", "--", "python3", script.to_str().expect("paths are text"), mode])
}

/// Items of each call.
fn calls(folder: &TempDir) -> Vec<Vec<String>> {
    let text = fs::read_to_string(folder.path().join("calls")).unwrap_or_default();
    text.lines().map(|line| line.split(' ').map(str::to_owned).collect()).collect()
}

fn counts(run: &Finished) -> [u64; 3] {
    let summary: Value = serde_json::from_str(&run.stdout).expect("a summary");
    ["acknowledged", "retried", "dead"].map(|name| summary[name].as_u64().expect("a count"))
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

#[test]
fn batch_goes_to_a_process_as_an_array() {
    for (delivery, mode) in [("at-least-once", "each"), ("at-least-once", "array"), ("at-most-once", "0")] {
        let (server, folder) = (RedisServer::start(), tempfile::tempdir().unwrap());
        server.push("mylist", numbers(25));
        let words = ["--batch", "10", "--linger", "1s", "--delivery", delivery, "--max-items", "25"];
        let run = lines(&server, &folder, mode, &words).output().exits(0);
        assert_eq!(counts(&run), [25, 0, 0], "{mode}: {}", run.stderr);
        let calls = calls(&folder);
        assert_eq!(calls.concat(), numbers(25), "{mode}");
        assert!(calls.len() <= 5 && calls.iter().all(|call| call.len() <= 10), "{mode}: {calls:?}");
    }
}

#[test]
fn outcome_of_each_item_of_a_batch_is_its_own() {
    let (server, folder) = (RedisServer::start(), tempfile::tempdir().unwrap());
    server.push("mylist", ["a", "bad", "b"]);
    let words = ["--batch", "3", "--linger", "10s", "--max-items", "3"];
    let run = lines(&server, &folder, "each", &words).output().exits(0);
    assert_eq!((counts(&run), calls(&folder).len()), ([2, 0, 1], 1), "{}", run.stderr);
    assert!(server.lrange("{mylist}:dead")[0].contains("bad"));
}

#[test]
fn item_that_spoils_its_batch_dies_alone() {
    for mode in ["all", "exit"] {
        let (server, folder) = (RedisServer::start(), tempfile::tempdir().unwrap());
        server.push("mylist", ["a", "bad", "b"]);
        let words =
            ["--batch", "3", "--linger", "10s", "--idle-exit", "1s", "--await-due", "1m", "--max-attempts", "2"];
        let run = lines(&server, &folder, mode, &words).output().exits(0);
        assert_eq!(counts(&run), [2, 3, 1], "{mode}: {}", run.stderr);
        let calls = calls(&folder);
        assert_eq!(calls[0], ["a", "bad", "b"], "{mode}");
        assert!(calls[1..].iter().all(|call| call.len() == 1), "{mode}: {calls:?}");
    }
}

#[test]
fn batch_is_on_the_stdin_of_a_command() {
    let (server, folder) = (RedisServer::start(), tempfile::tempdir().unwrap());
    server.push("mylist", ["a", "b", "two\nlines"]);
    let script = "cat >> $FOLDER/items; echo $QSCALE_BATCH: $(echo $QSCALE_ITEM_IDS | wc -w) >> $FOLDER/batches";
    let words = ["--batch", "3", "--linger", "10s", "--max-items", "3", "--", "sh", "-c", script];
    let run = consume(&server, &words).env("FOLDER", folder.path()).output().exits(0);
    assert_eq!(counts(&run), [2, 0, 1], "{}", run.stderr);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!((read("items").as_str(), read("batches").as_str()), ("a\nb\n", "2: 2\n"));
    assert!(server.lrange("{mylist}:dead")[0].contains("contains the separator"));

    server.push("mylist", ["c", "two\nlines"]);
    let words = ["--batch", "2", "--linger", "10s", "--max-items", "2", "--separator", "nul"];
    let command = ["--", "sh", "-c", "xargs -0 -n1 printf '<%s>' > $FOLDER/items"];
    consume(&server, &words).args(command).env("FOLDER", folder.path()).output().exits(0);
    assert_eq!(read("items"), "<c><two\nlines>");
}

#[test]
fn batch_is_posted_as_lines_of_json() {
    let (server, folder) = (RedisServer::start(), tempfile::tempdir().unwrap());
    let endpoint = Endpoint::start(&folder);
    let words = ["--batch", "4", "--linger", "10s", "--handler", "http", "--max-attempts", "2", "--await-due", "1m"];
    for (path, items, expected) in [
        ("each", &["a", "bad", "b", "forgotten"][..], [2, 1, 2]),
        // The status says that the batch can never be processed, and nothing about a single item.
        ("all", &["a", "bad", "b", "c"], [3, 4, 1]),
        ("all", &["d", "e", "f", "g"], [4, 0, 0]),
    ] {
        let _ = fs::remove_file(folder.path().join("calls"));
        server.push("mylist", items);
        let url = format!("http://127.0.0.1:{}/{path}", endpoint.port);
        let run = consume(&server, &words).args(["--url", &url, "--idle-exit", "1s"]).output().exits(0);
        assert_eq!(counts(&run), expected, "{path}: {}", run.stderr);
        assert_eq!(calls(&folder)[0], items, "{path}");
    }
}

#[test]
fn answers_to_a_batch_are_found_whatever_their_length_and_the_case_of_their_type() {
    let (server, folder) = (RedisServer::start(), tempfile::tempdir().unwrap());
    let endpoint = Endpoint::start(&folder);
    let words = ["--batch", "1000", "--linger", "10s", "--handler", "http", "--max-items", "1000", "--quiet"];
    for (path, expected) in [("capitals", [0, 0, 1000]), ("long", [0, 0, 1000]), ("endless", [0, 1000, 0])] {
        server.push("mylist", [b"bad"; 1000]);
        let url = format!("http://127.0.0.1:{}/{path}", endpoint.port);
        let run = consume(&server, &words).args(["--url", &url]).output().exits(0);
        assert_eq!(counts(&run), expected, "{path}: {}", run.stderr);
        let is_too_long = run.stderr.contains("reason=handler answered with more than 2310144 bytes");
        assert_eq!(is_too_long, path == "endless", "{}", run.stderr);
        server.cli(&["FLUSHALL"]);
    }
}

#[test]
fn calls_in_flight_are_as_many_as_the_concurrency() {
    let (server, folder) = (RedisServer::start(), tempfile::tempdir().unwrap());
    server.push("mylist", numbers(60));
    let script = "cat > /dev/null; echo +1 >> $FOLDER/steps; sleep 0.05; echo -1 >> $FOLDER/steps";
    let words = ["--batch", "5", "--concurrency", "2", "--max-items", "60", "--", "sh", "-c", script];
    consume(&server, &words).env("FOLDER", folder.path()).output().exits(0);
    let steps = fs::read_to_string(folder.path().join("steps")).unwrap();
    let (mut running, mut most) = (0, 0);
    for step in steps.lines() {
        running += step.parse::<i32>().unwrap();
        most = most.max(running);
    }
    assert_eq!((running, most), (0, 2), "{steps}");
}

#[test]
fn stop_requeues_what_is_gathered_in_its_order() {
    for (delivery, handler) in [("at-least-once", "lines"), ("at-least-once", "command"), ("at-most-once", "command")] {
        let server = RedisServer::start();
        server.push("mylist", ["a", "b", "c"]);
        let words = ["--batch", "10", "--linger", "1h", "--delivery", delivery, "--handler", handler, "--", "cat"];
        let run = consume(&server, &words).spawn();
        wait_until("all are claimed", SOON, || server.llen("mylist") == 0);
        run.terminate();
        let run = run.finish(SOON).exits(0);
        assert_eq!(counts(&run), [0, 0, 0], "{handler}: {}", run.stderr);
        assert_eq!(server.pushed("mylist"), ["a", "b", "c"], "{delivery} {handler}: {}", run.stderr);
    }
}

#[test]
fn last_items_do_not_linger() {
    let server = RedisServer::start();
    server.push("mylist", ["a", "b", "c"]);
    let words = ["--batch", "10", "--linger", "1h", "--max-items", "2", "--", "cat"];
    let run = consume(&server, &words).output().exits(0);
    assert_eq!(counts(&run), [2, 0, 0]);
    assert_eq!(server.llen("mylist"), 1);
    // An idle consumer looks around every five seconds.
    assert!(run.took < Duration::from_secs(4), "{:?}", run.took);
}

#[test]
fn idle_consumer_does_not_wait_until_a_batch_is_full() {
    for delivery in ["at-least-once", "at-most-once"] {
        let server = RedisServer::start();
        server.push("mylist", ["a", "b", "c"]);
        let words = ["--batch", "10", "--linger", "1h", "--idle-exit", "500ms", "--delivery", delivery, "--", "cat"];
        let run = consume(&server, &words).output().exits(0);
        assert_eq!(counts(&run), [3, 0, 0], "{delivery}");
    }
}

#[test]
fn items_of_a_killed_consumer_come_back_with_their_batch() {
    let (server, folder) = (RedisServer::start(), tempfile::tempdir().unwrap());
    server.push("mylist", numbers(20));
    let words = ["--batch", "10", "--linger", "1h", "--concurrency", "3", "--lease", "1s"];
    let killed = lines(&server, &folder, "0.2", &words).spawn();
    wait_until("a call has begun", SOON, || !calls(&folder).is_empty() && server.llen("mylist") == 0);
    killed.kill();
    let words = ["--batch", "10", "--linger", "100ms", "--lease", "1s", "--idle-exit", "4s"];
    let run = lines(&server, &folder, "each", &words).output().exits(0);
    assert_eq!((server.llen("mylist"), server.llen("{mylist}:dead")), (0, 0), "{}", run.stderr);
    let mut times = BTreeMap::<String, u32>::new();
    for item in calls(&folder).concat() {
        *times.entry(item).or_default() += 1;
    }
    assert!(times.len() == 20 && times.values().all(|times| *times <= 2), "{times:?}");
}

#[test]
fn timeout_is_that_of_the_call() {
    let server = RedisServer::start();
    server.push("mylist", ["a", "b"]);
    let words = ["--batch", "2", "--linger", "10s", "--timeout", "300ms", "--max-attempts", "1", "--max-items", "2"];
    for handler in [&["--handler", "command", "--", "sleep", "60"][..], &["--handler", "lines", "--", "sleep", "60"]] {
        server.push("mylist", ["a", "b"]);
        let run = consume(&server, &words).args(handler).output().exits(0);
        assert_eq!(counts(&run), [0, 0, 2], "{}", run.stderr);
        assert!(run.stderr.contains("timed out after 300ms") && run.took < Duration::from_secs(20), "{}", run.stderr);
    }
}

#[test]
fn batches_that_make_no_sense_are_refused() {
    for (words, said) in [
        (&["--batch", "5", "--work", "1s"][..], "--batch: needs a handler"),
        (&["--batch", "1001", "--", "cat"], "--batch: must be at most 1000"),
        (&["--linger", "5s", "--", "cat"], "--linger: has no effect without `--batch`"),
        (&["--separator", "nul", "--", "cat"], "--separator: has no effect without `--batch`"),
        (&["--batch", "5", "--", "echo", "{}"], "--batch: conflicts with `{}` in the command"),
        (&["--batch", "5", "--timeout-field", "x", "--", "cat"], "--batch: conflicts with `--timeout-field`"),
        (
            &["--batch", "5", "--separator", "nul", "--handler", "lines", "--", "cat"],
            "--separator: has no effect without a command per batch",
        ),
    ] {
        let run = Qscale::new(["consume"]).args(words).output().exits(2);
        assert!(run.stderr.contains(said), "{words:?}: {}", run.stderr);
    }
}

/// The worker of the manual's page that contains `part`.
fn worker(part: &str) -> String {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/handlers.md")).expect("the page is there");
    let blocks = page.split("```python\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.into_iter().find(|block| block.contains(part)).expect("it has the block").to_owned()
}

#[test]
fn workers_of_the_manual_take_batches() {
    let (server, folder) = (RedisServer::start(), tempfile::tempdir().unwrap());
    let port = free_port();
    let address = format!("http://127.0.0.1:{port}/");
    let words = ["--batch", "3", "--linger", "2s", "--idle-exit", "1s", "--max-attempts", "1"];
    for (part, handler, expected) in [
        ("sqlite3.connect", &["--handler", "lines", "--", "python3", "worker.py"][..], [3, 0, 0]),
        ("QSCALE_ITEM_IDS", &["--", "python3", "worker.py"], [3, 0, 0]),
        ("ThreadingHTTPServer", &["--handler", "http", "--url", &address], [2, 0, 1]),
    ] {
        let script = folder.path().join("worker.py");
        fs::write(&script, worker(part).replace("8080", &port.to_string())).unwrap();
        let service = part == "ThreadingHTTPServer";
        let mut service = service.then(|| Command::new("python3").arg(&script).spawn().expect("python3 is installed"));
        server.push("mylist", [r#"{"order":17}"#, "nope", r#"{"order":18}"#]);
        let run = consume(&server, &words).args(handler).in_folder(folder.path()).output();
        if let Some(service) = &mut service {
            let _ = service.kill();
            let _ = service.wait();
        }
        let run = run.exits(0);
        assert_eq!(counts(&run), expected, "{part}: {}", run.stderr);
    }
    let orders = fs::read_to_string(folder.path().join("orders.txt")).unwrap();
    assert_eq!(orders.lines().count(), 3, "{orders}");
}
