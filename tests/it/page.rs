//! The page of `watch`, `demo` and `simulate --play`: its state, its events, and who may read it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::support::{Qscale, RedisServer, Running, SOON, wait_until};

/// The address of the page, as logged.
#[track_caller]
fn address(run: &Running) -> SocketAddr {
    let line = run.wait_for_line("serving the page url=http://", SOON);
    let address = line.split_once("http://").and_then(|(_, rest)| rest.strip_suffix('/'));
    address.and_then(|address| address.parse().ok()).unwrap_or_else(|| panic!("no address in: {line}"))
}

#[track_caller]
fn request(address: SocketAddr, path: &str, host: &str) -> TcpStream {
    let mut link = TcpStream::connect(address).expect("it listens");
    link.set_read_timeout(Some(SOON)).expect("a socket takes a timeout");
    write!(link, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("it reads");
    link
}

/// The head and the body of the answer to a GET of `path`.
#[track_caller]
fn get(address: SocketAddr, path: &str, host: &str) -> (String, String) {
    let mut answer = String::new();
    request(address, path, host).read_to_string(&mut answer).expect("it answers with text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    (head.to_owned(), body.to_owned())
}

/// Reads events until one has `text`.
#[track_caller]
fn event_with(address: SocketAddr, text: &str) -> String {
    let lines = BufReader::new(request(address, "/events", "localhost")).lines();
    let found = lines.map_while(Result::ok).find(|line| line.starts_with("data: ") && line.contains(text));
    found.unwrap_or_else(|| panic!("no event with {text}"))
}

#[test]
fn page_shows_each_sample_of_each_list() {
    let server = RedisServer::start();
    server.push("mylist", ["a", "b"]);
    let lists = ["--list", "mylist", "--list", "mail", "--every", "100ms", "--serve", "0"];
    let run = Qscale::new(["watch", "--redis", &server.url()]).args(lists).spawn();
    let address = address(&run);
    wait_until("both lists are shown", SOON, || {
        let state = get(address, "/state", "localhost").1;
        state.contains(r#""name":"mylist","waiting":2"#) && state.contains(r#""name":"mail","waiting":0"#)
    });
    server.push("mylist", ["c"]);
    let event = event_with(address, r#""name":"mylist","waiting":3"#);
    assert!(event.contains(r#""over":false"#) && event.contains(r#""chart":{"seconds":60.0"#), "{event}");
    // An open stream learns of the end, and does not hold it up.
    let open = request(address, "/events", "localhost");
    run.terminate();
    run.finish(SOON).exits(0);
    assert!(BufReader::new(open).lines().map_while(Result::ok).any(|line| line.contains(r#""over":true"#)));
}

#[test]
fn page_loads_nothing_from_elsewhere_and_is_for_this_machine() {
    let server = RedisServer::start();
    let run = Qscale::new(["watch", "--redis", &server.url(), "--serve", "0"]).spawn();
    let address = address(&run);
    assert!(address.ip().is_loopback(), "{address}");
    let (head, page) = get(address, "/", &address.to_string());
    assert!(head.contains("content-security-policy: default-src 'none'; script-src 'self'"), "{head}");
    assert!(head.contains("x-content-type-options: nosniff"), "{head}");
    for path in ["/page.js", "/page.css"] {
        let (head, text) = get(address, path, "localhost");
        assert!(head.starts_with("HTTP/1.1 200 ") && page.contains(path), "{head}");
        assert!(
            !text.contains("://") || text.matches("://").count() == text.matches("http://www.w3.org/2000/svg").count()
        );
        assert!(!text.contains("innerHTML"), "{path}");
        // A list is chosen with the keyboard, too.
        assert!(!path.ends_with("js") || text.contains("tabIndex") && text.contains("'keydown'"), "{path}");
    }
    // A page of another site whose name leads here.
    assert!(get(address, "/state", "evil.example").0.starts_with("HTTP/1.1 421 "));
    assert!(get(address, "/elsewhere", "localhost").0.starts_with("HTTP/1.1 404 "));
    let mut post = TcpStream::connect(address).expect("it listens");
    write!(post, "POST /state HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .expect("it reads");
    let mut answer = String::new();
    post.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
}

#[test]
fn page_at_another_address_warns_and_one_that_is_taken_fails() {
    let server = RedisServer::start();
    let watch = |address: &str| Qscale::new(["watch", "--redis", &server.url(), "--serve", address]);
    let run = watch("0.0.0.0:0").spawn();
    run.wait_for_line("the page has no password", SOON);
    let other = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let taken = other.local_addr().expect("it is bound").port();
    let refused = watch(&taken.to_string()).output();
    assert!(refused.stderr.contains(&format!("cannot serve the page at 127.0.0.1:{taken}")), "{refused:?}");
}

#[test]
fn page_plays_a_simulation_to_its_end() {
    let played = ["--play", "--speed", "1000", "--serve", "0"];
    let run = Qscale::new(["simulate", "--produce", "burst 100", "--work", "2s"]).args(played).spawn();
    let event = event_with(address(&run), r#""over":true"#);
    assert!(event.contains(r#""name":"mylist","waiting":0"#) && event.contains(r#""from":0,"to":1"#), "{event}");
    run.finish(SOON).exits(0);
}

#[test]
fn page_of_a_demo_counts_dead_letters_by_reason() {
    let profile = "[consume]\ncommand = [\"false\"]\nmax-attempts = 1\n[scale]\nmax-replica-count = 1\n";
    let words = ["--pattern", "burst 3", "--speed", "100", "--serve", "0"];
    let run = Qscale::new(["demo"]).args(words).file("qscale.toml", profile).spawn();
    // The counters account for each item, so that none is lost.
    let event = event_with(address(&run), "0 processed + 3 dead + 0 left, none lost");
    assert!(event.contains(r#""dead_letters":[{"#) && event.contains("exit status 1"), "{event}");
    run.finish(SOON).exits(0);
}

#[test]
fn page_counts_dead_letters_by_reason() {
    let server = RedisServer::start();
    server.push("mylist", ["a", "b", "<c>"]);
    let command =
        ["--", "sh", "-c", "read -r item; case $item in a) exit 3;; *) echo \"<b>no $item\" >&2; exit 4;; esac"];
    let consume = ["consume", "--redis", &server.url(), "--max-attempts", "1", "--idle-exit", "100ms"];
    Qscale::new(consume).args(command).output().exits(0);
    let run = Qscale::new(["watch", "--redis", &server.url(), "--every", "100ms", "--serve", "0"]).spawn();
    let event = event_with(address(&run), r#""dead_letters":[{"#);
    for part in [r#"3","count":1}"#, r#"4: <b>no b","count":1}"#, r#"4: <b>no <c>","count":1}"#] {
        assert!(event.contains(part), "{part}: {event}");
    }
    run.terminate();
    run.finish(SOON).exits(0);
}

#[test]
fn half_open_requests_keep_out_no_page() {
    let server = RedisServer::start();
    server.push("mylist", ["a"]);
    let run = Qscale::new(["watch", "--redis", &server.url(), "--serve", "0", "--every", "100ms"]).spawn();
    let address = address(&run);
    wait_until("the list is shown", SOON, || get(address, "/state", "localhost").1.contains("mylist"));
    // Open from before, and for longer than a request may take.
    let open = request(address, "/events", "localhost");
    let half_open = |_| {
        let mut link = TcpStream::connect(address).expect("it listens");
        link.write_all(b"GET / HTTP/1.1\r\nX: ").expect("it reads");
        link
    };
    let links: Vec<TcpStream> = (0..90).map(half_open).collect();
    assert!(get(address, "/state", "localhost").1.contains("mylist"));
    #[cfg(target_os = "linux")]
    {
        let descriptors = std::fs::read_dir(format!("/proc/{}/fd", run.pid())).expect("Linux has /proc").count();
        assert!(descriptors < 100, "{descriptors}");
    }
    server.push("mylist", ["b"]);
    let mut events = BufReader::new(open).lines().map_while(Result::ok);
    assert!(events.any(|line| line.contains(r#""name":"mylist","waiting":2"#)));
    drop(links);
    run.terminate();
    run.finish(SOON).exits(0);
}
