//! Metrics of a consumer: counters, gauges, and that they are served on request only.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::support::{Qscale, RedisServer, Running, SOON, free_port, wait_until};

fn consume(server: &RedisServer, words: &[&str]) -> Qscale {
    Qscale::new(["consume", "--redis", &server.url()]).args(words)
}

/// The address of the metrics, as logged.
#[track_caller]
pub(crate) fn address(run: &Running) -> SocketAddr {
    let line = run.wait_for_line("serving metrics url=http://", SOON);
    let address = line.split_once("http://").and_then(|(_, rest)| rest.strip_suffix("/metrics"));
    address.and_then(|address| address.parse().ok()).unwrap_or_else(|| panic!("no address in: {line}"))
}

/// The head and the body of the answer to a GET of `path`.
#[track_caller]
pub(crate) fn get(address: SocketAddr, path: &str) -> (String, String) {
    let mut link = TcpStream::connect(address).expect("it listens");
    link.set_read_timeout(Some(SOON)).expect("a socket takes a timeout");
    write!(link, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    link.read_to_string(&mut answer).expect("it answers with text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    (head.to_owned(), body.to_owned())
}

/// One scrape.
struct Scrape(String);

impl Scrape {
    #[track_caller]
    fn of(address: SocketAddr) -> Self {
        let (head, body) = get(address, "/metrics");
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert!(head.contains("application/openmetrics-text; version=1.0.0"), "{head}");
        assert!(body.ends_with("# EOF\n"), "{body}");
        Self(body)
    }

    /// The value of `qscale_name{list="mylist"…}`, where there is one; `name` may hold the labels that follow.
    fn get(&self, name: &str) -> Option<f64> {
        let (name, labels) =
            name.split_once(',').map_or((name, String::new()), |(name, rest)| (name, format!(",{rest}")));
        let sample = format!("qscale_{name}{{list=\"mylist\"{labels}}} ");
        self.0.lines().find_map(|line| line.strip_prefix(&sample)).map(|value| value.parse().expect("a number"))
    }

    /// A value that is a whole number.
    #[track_caller]
    fn count(&self, name: &str) -> u64 {
        let value = self.get(name).unwrap_or_else(|| panic!("no {name} in:\n{}", self.0));
        format!("{value}").parse().expect("a whole number")
    }

    fn outcome(&self, outcome: &str) -> u64 {
        self.count(&format!("items_total,outcome=\"{outcome}\""))
    }
}

#[test]
fn items_total_counts_every_item_once_by_outcome() {
    let server = RedisServer::start();
    // Three are processed, one is for no consumer, two fail and wait for their next try.
    server.push("mylist", ["0", "0", "0", "65", "1", "1"]);
    let command = ["--backoff", "1h", "--concurrency", "2", "--", "sh", "-c", "exit $(cat)"];
    let run = consume(&server, &["--metrics", "0"]).args(command).spawn();
    let address = address(&run);
    wait_until("all have been processed", SOON, || {
        let now = Scrape::of(address);
        now.outcome("acknowledged") + now.outcome("dead") + now.outcome("retried") == 6
    });

    let now = Scrape::of(address);
    let outcomes = ["acknowledged", "dead", "retried", "requeued", "lease_lost"].map(|outcome| now.outcome(outcome));
    assert_eq!(outcomes, [3, 1, 2, 0, 0]);
    assert_eq!(now.count("items_claimed_total"), 6);
    assert_eq!(now.count("handler_duration_seconds_count"), 6);
    assert!(now.get("handler_duration_seconds_sum").is_some_and(|sum| sum > 0.0));
    assert_eq!(
        ["in_flight", "list_backlog", "list_delayed", "list_dead_letters"].map(|gauge| now.count(gauge)),
        [0, 0, 2, 1]
    );
    assert_eq!((now.count("redis_up"), now.count("reconnects_total")), (1, 0));
    run.terminate();
    run.finish(SOON).exits(0);
}

#[test]
fn in_flight_and_backlog_are_current() {
    let server = RedisServer::start();
    server.push("mylist", ["a", "b", "c"]);
    for delivery in ["at-least-once", "at-most-once"] {
        let words = ["--delivery", delivery, "--metrics", "0", "--concurrency", "2", "--work", "1h", "--drain", "0s"];
        let run = consume(&server, &words).spawn();
        let address = address(&run);
        wait_until("two are in flight", SOON, || Scrape::of(address).count("in_flight") == 2);
        let now = Scrape::of(address);
        assert_eq!((now.count("items_claimed_total"), now.count("list_backlog")), (2, 1), "{delivery}");
        run.terminate();
        run.finish(SOON).exits(0);
        assert_eq!(server.llen("mylist"), 3, "{delivery}");
    }
}

#[test]
fn queue_wait_is_known_for_stamped_items() {
    let server = RedisServer::start();
    let two_hours_ago = humantime::format_rfc3339(std::time::SystemTime::now() - Duration::from_secs(7200));
    server.push("mylist", [format!("{{\"made\": \"{two_hours_ago}\"}}"), "no stamp".to_owned()]);
    let run = consume(&server, &["--metrics", "0", "--stamp-field", "made", "--work", "1ms"]).spawn();
    let stamped = address(&run);
    wait_until("both are processed", SOON, || Scrape::of(stamped).outcome("acknowledged") == 2);
    let now = Scrape::of(stamped);
    assert_eq!(now.count("queue_wait_seconds_count"), 1);
    let waited = now.get("queue_wait_seconds_sum").unwrap();
    assert!((7200.0..7200.0 + SOON.as_secs_f64()).contains(&waited), "{waited}");

    let run = consume(&server, &["--metrics", "0", "--work", "1ms"]).spawn();
    let plain = Scrape::of(address(&run));
    assert_eq!(plain.get("queue_wait_seconds_count"), None, "no field is configured");
}

#[test]
fn queue_wait_leaves_out_retries() {
    let server = RedisServer::start();
    server.push("mylist", ["{\"made\": 1700000000}"]);
    let command = ["--max-attempts", "2", "--backoff", "10ms", "--", "false"];
    let run = consume(&server, &["--metrics", "0", "--stamp-field", "made"]).args(command).spawn();
    let address = address(&run);
    wait_until("it is given up", SOON, || Scrape::of(address).outcome("dead") == 1);
    let now = Scrape::of(address);
    assert_eq!((now.count("items_claimed_total"), now.count("queue_wait_seconds_count")), (2, 1));
}

#[test]
fn scrape_works_while_redis_is_away() {
    let mut server = RedisServer::start();
    let run = consume(&server, &["--metrics", "0", "--work", "1ms"]).spawn();
    let address = address(&run);
    wait_until("it works", SOON, || Scrape::of(address).get("list_backlog") == Some(0.0));

    // Before it has all its connections, a Redis that goes is a Redis that was not there.
    wait_until("it has come in", SOON, || run.stderr().contains("consuming"));
    server.kill();
    wait_until("it is seen", SOON, || Scrape::of(address).count("redis_up") == 0);
    let away = Scrape::of(address);
    assert_eq!(["list_backlog", "list_delayed", "list_dead_letters"].map(|gauge| away.get(gauge)), [None; 3]);
    assert_eq!(away.count("items_claimed_total"), 0);

    server.restart();
    wait_until("it is back", SOON, || Scrape::of(address).count("redis_up") == 1);
    let back = Scrape::of(address);
    assert_eq!((back.count("reconnects_total"), back.get("list_backlog")), (1, Some(0.0)));
}

#[test]
fn scrape_is_not_delayed_by_a_hanging_redis() {
    let server = RedisServer::start();
    let run = consume(&server, &["--metrics", "0", "--work", "1ms"]).spawn();
    let address = address(&run);
    wait_until("it works", SOON, || Scrape::of(address).get("list_backlog").is_some());
    server.pause();
    let start = Instant::now();
    let now = Scrape::of(address);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert_eq!(now.get("list_backlog"), None);
    server.resume();
    wait_until("the gauges are back", SOON, || Scrape::of(address).get("list_backlog").is_some());
}

#[test]
fn listening_is_opt_in_and_a_bare_port_binds_to_the_loopback() {
    let server = RedisServer::start();
    let run = consume(&server, &["--work", "1ms"]).spawn();
    run.wait_for_line("consuming", SOON);
    assert_eq!(listening(run.pid()), 0, "{}", run.stderr());
    assert!(!run.stderr().contains("metrics"), "{}", run.stderr());

    let port = free_port();
    for typed in [port.to_string(), format!(":{port}"), format!("127.0.0.1:{port}"), format!("0.0.0.0:{port}")] {
        let run = consume(&server, &["--work", "1ms", "--metrics", &typed]).spawn();
        let address = address(&run);
        assert_eq!((address.ip().is_loopback(), address.port()), (!typed.starts_with('0'), port), "{typed}");
        assert_eq!(get(address, "/").0.split(' ').nth(1), Some("404"));
    }
}

#[test]
fn address_comes_from_environment_or_profile() {
    let server = RedisServer::start();
    let run = consume(&server, &["--work", "1ms"]).env("QSCALE_METRICS", ":0").spawn();
    Scrape::of(address(&run));
    let run = consume(&server, &[]).file("qscale.toml", "[consume]\nwork = \"1ms\"\nmetrics = \":0\"\n").spawn();
    Scrape::of(address(&run));
}

#[test]
fn variable_is_absent_when_empty_and_named_when_wrong() {
    let server = RedisServer::start();
    let idle = ["--work", "none", "--idle-exit", "10ms"];
    let empty = consume(&server, &idle).env("QSCALE_METRICS", "").env("QSCALE_STAMP_FIELD", "");
    let said = empty.env("QSCALE_HEARTBEAT", "").output().exits(0);
    assert!(!said.stderr.contains("serving metrics"), "{}", said.stderr);
    let said = consume(&server, &idle).env("QSCALE_METRICS", "here").output().exits(2);
    assert!(said.stderr.contains("QSCALE_METRICS"), "{}", said.stderr);
}

#[test]
fn address_in_use_is_named() {
    let server = RedisServer::start();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = consume(&server, &["--metrics", &address]).output().exits(1);
    assert!(run.stderr.contains(&format!("cannot serve metrics at {address}: ")), "{}", run.stderr);
    let run = consume(&server, &["--metrics", "example.com:9090"]).output().exits(2);
    assert!(run.stderr.contains("is not a valid address: expected a port"), "{}", run.stderr);
}

/// Number of listening sockets of the process `pid`, from /proc.
fn listening(pid: u32) -> usize {
    let links = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("these tests run on Linux");
    let sockets: Vec<String> = links
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned()))
        .collect();
    let table =
        ["tcp", "tcp6"].map(|table| std::fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default());
    let rows = table.iter().flat_map(|table| table.lines());
    rows.filter(|row| {
        let fields: Vec<&str> = row.split_whitespace().collect();
        fields.get(3) == Some(&"0A") && fields.get(9).is_some_and(|inode| sockets.iter().any(|socket| socket == inode))
    })
    .count()
}

#[test]
fn half_open_requests_are_closed_and_keep_out_no_scrape() {
    let server = RedisServer::start();
    let run = consume(&server, &["--metrics", "0", "--work", "1ms"]).spawn();
    let address = address(&run);
    let half_open = || {
        let mut link = TcpStream::connect(address).expect("it listens");
        link.write_all(b"GET /metrics HTTP/1.1\r\nX: ").expect("it reads");
        link
    };
    let mut links: Vec<TcpStream> = (0..200).map(|_| half_open()).collect();
    Scrape::of(address);
    let descriptors = std::fs::read_dir(format!("/proc/{}/fd", run.pid())).expect("Linux has /proc").count();
    assert!(descriptors < 100, "{descriptors}");
    // Also the newest, which is not in the way of any other.
    let newest = links.last_mut().expect("200 links");
    newest.set_read_timeout(Some(2 * SOON)).expect("a socket takes a timeout");
    let ended = newest.read(&mut [0; 100]);
    assert!(matches!(&ended, Ok(0)) || ended.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
}

#[test]
fn scrapes_do_not_queue_behind_a_redis_that_hangs() {
    let server = RedisServer::start();
    let run = consume(&server, &["--metrics", "0", "--work", "1ms"]).spawn();
    let address = address(&run);
    Scrape::of(address);
    server.pause();
    let start = Instant::now();
    let scrapes: Vec<_> =
        (0..20).map(|_| std::thread::spawn(move || Scrape::of(address).get("list_backlog"))).collect();
    for scrape in scrapes {
        assert_eq!(scrape.join().expect("a scrape is answered"), None);
    }
    // One after the other they would take a second each.
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    server.resume();
}

#[test]
fn half_open_requests_take_no_descriptor_that_a_command_needs() {
    let server = RedisServer::start();
    let words = ["--metrics", "0", "--concurrency", "2", "--", "true"];
    let run = consume(&server, &words).through(["sh", "-c", "ulimit -n 64; exec \"$0\" \"$@\""]).spawn();
    let address = address(&run);
    let links: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut link = TcpStream::connect(address).expect("it listens");
            link.write_all(b"GET /metrics HTTP/1.1\r\nX: ").expect("it reads");
            link
        })
        .collect();
    server.push("mylist", vec!["x"; 50]);
    wait_until("all are processed", SOON, || Scrape::of(address).outcome("acknowledged") == 50);
    drop(links);
    run.terminate();
    let run = run.finish(SOON).exits(0);
    assert!(!run.stderr.contains("WARN"), "{}", run.stderr);
}
