//! Handlers over HTTP: each item is posted to an endpoint.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Finished, Qscale, RedisServer, SOON, free_port, header, hex, wait_until};

/// A server that answers as the item says: a status, headers, and seconds to wait.
const SERVER: &str = r#"
import json, os, socketserver, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
folder, address = sys.argv[1], sys.argv[2]
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def address_string(self):
        return "local"
    def log_message(self, *words):
        pass
    def setup(self):
        super().setup()
        with open(f"{folder}/connections", "a") as file:
            file.write("x\n")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        with open(f"{folder}/seen", "a") as file:
            headers = {name.lower(): value for name, value in self.headers.items()}
            file.write(json.dumps({"path": self.path, "hex": body.hex(), "headers": headers}) + "\n")
        try:
            wanted = json.loads(body)
        except ValueError:
            wanted = {}
        if not isinstance(wanted, dict):
            wanted = {}
        if wanted.get("exit") and not os.path.exists(wanted["exit"]):
            open(wanted["exit"], "w").close()
            os._exit(1)
        time.sleep(wanted.get("sleep", 0))
        said = wanted.get("body", "").encode()
        if wanted.get("cut"):
            self.close_connection = True
            return
        self.send_response(wanted.get("status", 204))
        for name, value in wanted.get("headers", {}).items():
            self.send_header(name, value)
        if wanted.get("status", 204) != 204:
            self.send_header("content-length", str(len(said)))
        self.end_headers()
        if wanted.get("status", 204) != 204:
            self.wfile.write(said)
        if wanted.get("close"):
            self.close_connection = True
if address.startswith("/"):
    class UnixServer(socketserver.ThreadingUnixStreamServer):
        def get_request(self):
            request, _ = super().get_request()
            return request, ("local", 0)
    server = UnixServer(address, Handler)
else:
    class TcpServer(ThreadingHTTPServer):
        request_queue_size = 128
    server = TcpServer(("127.0.0.1", int(address)), Handler)
server.daemon_threads = True
server.serve_forever()
"#;

/// An endpoint, ended when dropped.
struct Endpoint {
    process: Child,
    folder: TempDir,
    address: String,
}

impl Endpoint {
    fn start() -> Self {
        let endpoint = Self::start_at(free_port().to_string());
        let address = format!("127.0.0.1:{}", endpoint.address);
        wait_until("the endpoint listens", SOON, || std::net::TcpStream::connect(&address).is_ok());
        endpoint
    }

    /// Starts it on a port or a socket, without waiting until it listens.
    fn start_at(address: String) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let script = folder.path().join("server.py");
        fs::write(&script, SERVER).expect("the temporary folder takes a file");
        let mut command = Command::new("python3");
        command.arg(&script).arg(folder.path()).arg(&address).stdin(Stdio::null()).stderr(Stdio::null());
        Self { process: command.spawn().expect("python3 can be started"), folder, address }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/jobs", self.address)
    }

    /// The requests so far.
    fn seen(&self) -> Vec<Value> {
        let seen = fs::read_to_string(self.folder.path().join("seen")).unwrap_or_default();
        seen.lines().map(|line| serde_json::from_str(line).expect("a line per request")).collect()
    }

    fn connections(&self) -> usize {
        fs::read_to_string(self.folder.path().join("connections")).unwrap_or_default().lines().count()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn consume(server: &RedisServer, url: &str, words: &[&str]) -> Qscale {
    let all = ["consume", "--redis", &server.url(), "--output", "json", "--handler", "http", "--url", url];
    Qscale::new(all).args(words).env("HOSTNAME", "pod-7")
}

/// The tally: claimed, acknowledged, retried, dead and requeued.
#[track_caller]
fn tally(run: &Finished) -> [u64; 5] {
    let tally: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    ["claimed", "acknowledged", "retried", "dead", "requeued"].map(|field| tally[field].as_u64().expect("a number"))
}

/// Header of the first dead letter.
fn dead(server: &RedisServer) -> Value {
    let dead = server.pushed_bytes("{mylist}:dead");
    header(&dead[0])
}

#[test]
fn item_is_posted_byte_for_byte_and_described_by_headers() {
    let (server, endpoint) = (RedisServer::start(), Endpoint::start());
    let items: [&[u8]; 4] = [b"plain", b"", b"\0\xff\r\n", br#"{"at":1772366400}"#];
    server.push("mylist", items);
    let words = ["--max-items", "4", "--stamp-field", "at"];
    let run = consume(&server, &endpoint.url(), &words).output().exits(0);
    assert_eq!(tally(&run), [4, 4, 0, 0, 0]);
    let seen = endpoint.seen();
    assert_eq!(seen.iter().map(|seen| seen["hex"].as_str().unwrap()).collect::<Vec<_>>(), items.map(hex));
    let headers = &seen[3]["headers"];
    assert!(headers["ce-id"].as_str().unwrap().starts_with("pod-7-"), "{headers}");
    let expected = [
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-type", "qscale.item"),
        ("ce-source", "/lists/mylist"),
        ("ce-attempt", "1"),
        ("ce-time", "2026-03-01T12:00:00.000Z"),
    ];
    for (name, value) in expected {
        assert_eq!(headers[name], value, "{name}");
    }
    assert_eq!(seen[3]["path"], "/jobs");
    // One connection for all of them, besides the one that the test made.
    assert_eq!(endpoint.connections(), 2);
}

#[test]
fn handler_of_a_profile_comes_before_the_work_that_a_simulation_assumes() {
    let (server, endpoint) = (RedisServer::start(), Endpoint::start());
    let folder = tempfile::tempdir().unwrap();
    let write = |table: &str| {
        fs::write(folder.path().join("qscale.toml"), format!("[consume]\nwork = \"0s\"\n{table}")).unwrap();
    };
    let consume = || Qscale::new(["consume", "--once", "--redis", &server.url()]).in_folder(folder.path());
    server.push("mylist", ["a", "b"]);
    write(&format!("handler = \"http\"\nurl = \"{}\"\n", endpoint.url()));
    consume().output().exits(0);
    assert_eq!(endpoint.seen().len(), 1);
    // What is typed comes first.
    consume().args(["--work", "0s"]).output().exits(0);
    assert_eq!((endpoint.seen().len(), server.llen("mylist")), (1, 0));
    write("handler = \"lines\"\n");
    let run = consume().output().exits(78);
    assert!(run.stderr.contains("qscale.toml:3:11: consume.handler: needs a command"), "{}", run.stderr);
}

#[test]
fn status_decides_about_the_item() {
    let endpoint = Endpoint::start();
    for (wanted, expected) in [
        (r#"{"status":200,"body":"done"}"#, [1, 1, 0, 0, 0]),
        (r#"{"status":404}"#, [1, 0, 0, 1, 0]),
        (r#"{"status":408}"#, [1, 0, 1, 0, 0]),
        (r#"{"status":302,"headers":{"location":"/other"}}"#, [1, 0, 1, 0, 0]),
        (r#"{"status":500}"#, [1, 0, 1, 0, 0]),
        (r#"{"cut":true}"#, [1, 0, 1, 0, 0]),
    ] {
        let server = RedisServer::start();
        server.push("mylist", [wanted]);
        let run = consume(&server, &endpoint.url(), &["--once", "--backoff", "1h"]).output().exits(0);
        assert_eq!(tally(&run), expected, "{wanted}: {}", run.stderr);
    }
    // A redirect is not followed.
    assert!(endpoint.seen().iter().all(|seen| seen["path"] == "/jobs"));
}

#[test]
fn status_map_changes_the_meaning() {
    let (server, endpoint) = (RedisServer::start(), Endpoint::start());
    server.push("mylist", [r#"{"status":404}"#, r#"{"status":409}"#, r#"{"status":418}"#]);
    let words =
        ["--max-items", "3", "--http-status", "404=ack,4xx=fail", "--http-status", "418=dead", "--backoff", "1h"];
    assert_eq!(tally(&consume(&server, &endpoint.url(), &words).output().exits(0)), [3, 1, 1, 1, 0]);
}

#[test]
fn status_map_that_makes_no_sense_is_refused() {
    for (rules, said) in [
        ("404=ack,404=dead", "--http-status: `404=dead` is about a status that has a meaning already"),
        ("2xx=retry", "--http-status: leaves no status that acknowledges an item"),
    ] {
        let words = ["consume", "--handler", "http", "--url", "http://127.0.0.1:1/", "--http-status", rules];
        let run = Qscale::new(words).output().exits(2);
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
}

#[test]
fn retry_after_is_heeded_without_spending_an_attempt() {
    let endpoint = Endpoint::start();
    for status in [429, 503] {
        let server = RedisServer::start();
        server.push("mylist", [format!(r#"{{"status":{status},"headers":{{"retry-after":"1"}}}}"#)]);
        let words = ["--max-items", "3", "--max-attempts", "2", "--backoff", "1h"];
        assert_eq!(tally(&consume(&server, &endpoint.url(), &words).output().exits(0)), [3, 0, 3, 0, 0], "{status}");
    }
    assert!(endpoint.seen().iter().all(|seen| seen["headers"]["ce-attempt"] == "1"));
}

#[test]
fn retry_after_that_is_over_does_not_ask_again_without_a_pause() {
    let (server, endpoint) = (RedisServer::start(), Endpoint::start());
    let past = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (status, after) in [(429, "0"), (503, "0"), (503, past), (500, "0")] {
        server.push("mylist", [format!(r#"{{"status":{status},"headers":{{"retry-after":"{after}"}}}}"#)]);
    }
    let words = ["--idle-exit", "1s", "--concurrency", "4", "--backoff", "1h"];
    assert_eq!(tally(&consume(&server, &endpoint.url(), &words).output().exits(0)), [4, 0, 4, 0, 0]);
}

#[test]
fn endpoint_that_goes_on_refusing_is_asked_less_and_less() {
    let (server, endpoint) = (RedisServer::start(), Endpoint::start());
    server.push("mylist", [r#"{"status":429}"#]);
    let words = ["--idle-exit", "6s", "--await-due", "1m", "--backoff", "10ms..1h"];
    let run = consume(&server, &endpoint.url(), &words).spawn();
    thread::sleep(Duration::from_secs(5));
    let asked = endpoint.seen().len();
    run.terminate();
    run.finish(SOON).exits(0);
    // By the first backoff, it would have been asked more than 500 times.
    assert!((3..30).contains(&asked), "{asked}");
}

#[test]
fn failure_spends_an_attempt_and_keeps_what_was_answered() {
    let (server, endpoint) = (RedisServer::start(), Endpoint::start());
    server.push("mylist", [r#"{"status":500,"body":"no database"}"#]);
    let words = ["--max-items", "2", "--max-attempts", "2", "--backoff", "1ms"];
    assert_eq!(tally(&consume(&server, &endpoint.url(), &words).output().exits(0)), [2, 0, 1, 1, 0]);
    let dead = dead(&server);
    assert_eq!(
        (&dead["reason"], &dead["stderr"], &dead["attempts"]),
        (&"status 500".into(), &"no database".into(), &2.into())
    );
}

#[test]
fn timeout_spends_an_attempt() {
    let (server, endpoint) = (RedisServer::start(), Endpoint::start());
    server.push("mylist", [r#"{"sleep":100}"#]);
    let words = ["--once", "--max-attempts", "1", "--timeout", "200ms"];
    assert_eq!(tally(&consume(&server, &endpoint.url(), &words).output().exits(0)), [1, 0, 0, 1, 0]);
    assert_eq!(dead(&server)["reason"], "timed out after 200ms");
}

#[test]
fn endpoint_is_waited_for_without_claiming() {
    let (server, port) = (RedisServer::start(), free_port());
    server.push("mylist", ["a"]);
    let run = consume(&server, &format!("http://127.0.0.1:{port}/"), &["--once"]).spawn();
    run.wait_for_line("waiting for it", SOON);
    assert_eq!(server.pushed("mylist"), ["a"]);
    let endpoint = Endpoint::start_at(port.to_string());
    assert_eq!(tally(&run.finish(SOON).exits(0)), [1, 1, 0, 0, 0]);
    assert_eq!(endpoint.seen().len(), 1);
}

#[test]
fn endpoint_that_exits_is_waited_for_and_loses_nothing() {
    let (server, endpoint, folder) = (RedisServer::start(), Endpoint::start(), tempfile::tempdir().unwrap());
    let exited = folder.path().join("exited");
    server.push("mylist", [format!(r#"{{"exit":"{}"}}"#, exited.display()), "a".to_owned(), "b".to_owned()]);
    let (url, port) = (endpoint.url(), endpoint.address.clone());
    let run = consume(&server, &url, &["--idle-exit", "1s", "--max-attempts", "2", "--backoff", "1ms..2ms"]).spawn();
    wait_until("it exits while the item is in flight", SOON, || exited.exists());
    run.wait_for_line("waiting for it", SOON);
    drop(endpoint);
    let successor = Endpoint::start_at(port);
    let [_, acknowledged, retried, dead, _] = tally(&run.finish(SOON).exits(0));
    // At most the item that was in flight has spent an attempt.
    assert_eq!((acknowledged, dead), (3, 0));
    assert!(retried <= 1, "{retried}");
    assert_eq!(successor.seen().len(), 3);
}

#[test]
fn stop_does_not_wait_for_an_endpoint_that_is_away() {
    let (server, mut endpoint) = (RedisServer::start(), Endpoint::start());
    server.push("mylist", [r#"{"sleep":0.5}"#, "a"]);
    let run = consume(&server, &endpoint.url(), &["--backoff", "1ms..2ms"]).spawn();
    wait_until("the first one is in flight", SOON, || endpoint.seen().len() == 1);
    endpoint.process.kill().unwrap();
    run.wait_for_line("waiting for it", SOON);
    run.terminate();
    let run = run.finish(SOON).exits(0);
    assert!(run.took < Duration::from_secs(15), "{:?}", run.took);
    assert_eq!(
        server.pushed("mylist").len() as u64
            + server.cli(&["ZCARD", "{mylist}:delayed"]).trim().parse::<u64>().unwrap(),
        2
    );
}

#[test]
fn closed_connection_is_replaced_unnoticed() {
    let (server, endpoint) = (RedisServer::start(), Endpoint::start());
    server.push("mylist", [r#"{"status":200,"close":true}"#; 20]);
    let words = ["--max-items", "20", "--concurrency", "2"];
    assert_eq!(tally(&consume(&server, &endpoint.url(), &words).output().exits(0)), [20, 20, 0, 0, 0]);
    assert_eq!(endpoint.seen().len(), 20);
}

#[test]
fn request_without_a_response_is_sent_again_once() {
    let (server, endpoint) = (RedisServer::start(), Endpoint::start());
    server.push("mylist", [r#"{"sleep":0.5}"#; 4]);
    let words = ["--max-items", "5", "--concurrency", "4", "--max-attempts", "1"];
    let run = consume(&server, &endpoint.url(), &words).spawn();
    wait_until("four connections are idle", SOON, || {
        endpoint.seen().len() == 4 && server.cli(&["ZCARD", "{mylist}:busy"]).trim() == "0"
    });
    // Each of the four may be one to a process of its own.
    server.push("mylist", [r#"{"cut":true}"#]);
    assert_eq!(tally(&run.finish(SOON).exits(0)), [5, 4, 0, 1, 0]);
    assert_eq!((endpoint.seen().len(), dead(&server)["attempts"].as_u64()), (6, Some(1)));
}

#[test]
fn socket_is_an_endpoint() {
    let (server, folder) = (RedisServer::start(), tempfile::tempdir().unwrap());
    let socket: PathBuf = folder.path().join("app.sock");
    let endpoint = Endpoint::start_at(socket.display().to_string());
    server.push("mylist", ["a"]);
    let url = format!("unix:{}:/jobs?x=1", socket.display());
    assert_eq!(tally(&consume(&server, &url, &["--once"]).output().exits(0)), [1, 1, 0, 0, 0]);
    assert_eq!(endpoint.seen()[0]["path"], "/jobs?x=1");
}

#[test]
fn stop_waits_for_responses_and_requeues_the_rest() {
    let (server, endpoint) = (RedisServer::start(), Endpoint::start());
    server.push("mylist", [r#"{"sleep":1}"#, r#"{"sleep":100}"#]);
    let run = consume(&server, &endpoint.url(), &["--concurrency", "2", "--drain", "3s"]).spawn();
    wait_until("both are in flight", SOON, || endpoint.seen().len() == 2);
    run.terminate();
    assert_eq!(tally(&run.finish(SOON).exits(0)), [2, 1, 0, 0, 1]);
    assert_eq!(server.pushed("mylist"), [r#"{"sleep":100}"#]);
}

#[test]
fn many_items_share_as_many_connections_as_there_are_slots() {
    let (server, endpoint) = (RedisServer::start(), Endpoint::start());
    server.push("mylist", (0..300).map(|number| number.to_string()));
    let words = ["--max-items", "300", "--concurrency", "8", "--quiet"];
    assert_eq!(
        tally(&consume(&server, &endpoint.url(), &words).deadline(2 * SOON).output().exits(0)),
        [300, 300, 0, 0, 0]
    );
    let mut seen: Vec<String> = endpoint.seen().iter().map(|seen| seen["headers"]["ce-id"].to_string()).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 300);
    assert!(endpoint.connections() <= 10, "{}", endpoint.connections());
}

/// The block of the manual's page that contains `part`.
fn block(part: &str) -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/handlers.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let block = page.split("```").find(|block| block.contains(part)).expect("it has the block");
    block.split_once('\n').expect("a language comes first").1.to_owned()
}

#[test]
fn sidecar_of_the_manual_renders_next_to_the_consumer() {
    let run = Qscale::new(["render", "--profile", "sidecar.toml", "--format", "json"]);
    let run = run.file("sidecar.toml", block("# sidecar.toml")).output().exits(0);
    assert!(!run.stderr.contains("WARN"), "{}", run.stderr);
    let objects: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let deployment = objects["items"].as_array().unwrap().iter().find(|object| object["kind"] == "Deployment").unwrap();
    let pod = &deployment["spec"]["template"]["spec"];
    let [app, consumer] = [&pod["initContainers"][0], &pod["containers"][0]];
    assert_eq!([&app["name"], &app["image"]], ["app", "registry.example.com/orders:1.0.0"]);
    assert_eq!([&app["restartPolicy"], &consumer["name"]], ["Always", "consumer"]);
    for probe in ["startupProbe", "livenessProbe"] {
        assert_eq!(app[probe]["httpGet"], json!({ "path": "/healthz", "port": 8080 }));
    }
    let names =
        |container: &Value| container["env"].as_array().unwrap().iter().map(|env| env["name"].to_string()).collect();
    let (app_names, consumer_names): (Vec<String>, Vec<String>) = (names(app), names(consumer));
    assert_eq!(app_names, ["\"DATABASE_URL\"", "\"HOME\""]);
    assert!(!consumer_names.iter().any(|name| name.contains("DATABASE")), "{consumer_names:?}");
    assert!(app["resources"]["limits"]["memory"].is_string() && app["securityContext"]["capabilities"].is_object());
    assert_ne!(app["volumeMounts"][0]["name"], consumer["volumeMounts"][0]["name"], "each has a /tmp of its own");
    let text = Qscale::new(["render", "--profile", "sidecar.toml"]).file("sidecar.toml", block("# sidecar.toml"));
    let text = text.output().exits(0).stdout;
    for line in [
        "        restartPolicy: Always",
        "  QSCALE_HANDLER: http",
        "  QSCALE_URL: http://127.0.0.1:8080/jobs",
        "# Nothing comes in. What goes out is the handler's own affair: narrow it to what yours needs.",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
    }
}

#[test]
fn sidecar_that_no_items_are_posted_to_is_refused() {
    for (text, said) in [
        ("image = \"app:1\"", "deploy.sidecar.image: requires `handler = \"http\"`"),
        ("image = \"app:1\"\n[consume]\nhandler = \"http\"\nurl = \"http://app/\"", "deploy.sidecar.image: requires"),
        ("image = \"app\"\n[consume]\nhandler = \"http\"\nurl = \"http://127.0.0.1/\"", "deploy.sidecar.image"),
        (
            "image = \"app:1\"\nprobe = \"healthz\"\n[consume]\nhandler = \"http\"\nurl = \"http://127.0.0.1/\"",
            "deploy.sidecar.probe: must be a path",
        ),
    ] {
        let profile = format!("[deploy.sidecar]\n{text}\n");
        let run = Qscale::new(["render", "--check"]).file("qscale.toml", profile).output();
        assert!(run.stderr.contains(said) || run.stdout.contains(said), "{text}: {}{}", run.stdout, run.stderr);
    }
}

#[test]
fn mistakes_are_named() {
    let server = RedisServer::start();
    server.push("mylist", ["a"]);
    for (words, said) in [
        (&["--handler", "http"][..], "needs an endpoint"),
        (&["--handler", "http", "--url", "https://app/"], "cannot use TLS"),
        (&["--handler", "http", "--url", "http://u:p@app/"], "cannot hold a user or a password"),
        (&["--handler", "http", "--url", "http://app/", "--", "true"], "takes no command"),
        (
            &["--handler", "http", "--url", "http://app/", "--per-process", "2"],
            "has no effect without `--handler lines`",
        ),
        (
            &["--handler", "http", "--url", "http://app/", "--exit", "3=dead"],
            "--exit: has no effect with `--handler http`",
        ),
        (&["--url", "http://app/", "--", "true"], "has no effect without `--handler http`"),
        (&["--url", "http://app/"], "--url: has no effect without `--handler http`"),
        (&["--http-status", "404=ack"], "has no effect without `--handler http`"),
        (&["--per-process", "2"], "has no effect without `--handler lines`"),
        (&["--handler", "lines"], "needs a command"),
        (&["--http-status", "700=ack", "--", "true"], "is not a status of HTTP"),
    ] {
        let run =
            Qscale::new(["consume", "--redis", &server.url()]).args(words).deadline(Duration::from_secs(10)).output();
        assert_eq!(run.status, 2, "{words:?}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{words:?}: {}", run.stderr);
        assert_eq!(server.llen("mylist"), 1, "{words:?}");
    }
    for (table, said) in [
        ("url = \"http://app/\"", "qscale.toml:2:7: consume.url: has no effect without `handler = \"http\"`"),
        ("handler = \"http\"", "qscale.toml:2:11: consume.handler: needs an endpoint"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("qscale.toml"), format!("[consume]\n{table}\n")).unwrap();
        let run = Qscale::new(["consume", "--once", "--redis", &server.url()]).in_folder(folder.path());
        let run = run.deadline(Duration::from_secs(10)).output().exits(78);
        assert!(run.stderr.contains(said), "{}", run.stderr);
        assert_eq!(server.llen("mylist"), 1);
    }
}
