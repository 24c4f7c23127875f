//! Redis as providers run it: rotated certificates, idle limits, killed clients, and commands that a proxy does not pass.

use std::fs;
use std::time::Duration;

use crate::support::{Certificates, Qscale, RedisServer, Running, SOON, wait_until};

fn consume(server: &RedisServer, words: &[&str]) -> Qscale {
    Qscale::new(["consume", "--work", "none", "--redis", &server.url()]).args(words)
}

fn push(server: &RedisServer, item: &str) {
    server.push("mylist", [item]);
}

/// Waits until an item that is pushed now has been printed.
fn prints(consumer: &Running, server: &RedisServer, item: &str) {
    push(server, item);
    wait_until(&format!("`{item}` is printed"), SOON, || consumer.stdout().lines().any(|line| line == item));
}

fn ends(consumer: Running) -> String {
    consumer.terminate();
    consumer.wait().exits(0).stderr
}

#[test]
fn rotated_certificates_are_read_again() {
    let (old, new) = (Certificates::new(), Certificates::new());
    let server = RedisServer::builder().mutual_tls(&old).start();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str| folder.path().join(name).to_str().expect("a path in words").to_owned();
    let mount = |from: &Certificates| {
        for (name, path) in [("ca", &from.ca), ("cert", &from.client.certificate), ("key", &from.client.key)] {
            fs::copy(path, file(name)).expect("a copy");
        }
    };
    mount(&old);
    for delivery in ["at-least-once", "at-most-once"] {
        let words = ["--tls-ca", &file("ca"), "--tls-cert", &file("cert"), "--tls-key", &file("key")];
        let consumer = consume(&server, &words).args(["--delivery", delivery]).spawn();
        prints(&consumer, &server, "before");
        // Both sides change, as cert-manager renews a chain; a mounted Secret follows some time later.
        let (from, to) = if delivery == "at-least-once" { (&old, &new) } else { (&new, &old) };
        let [ca, cert, key] =
            [&to.ca, &to.server.certificate, &to.server.key].map(|path| path.to_str().expect("a path"));
        server.cli(&["CONFIG", "SET", "tls-ca-cert-file", ca, "tls-cert-file", cert, "tls-key-file", key]);
        server.cli(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        consumer.wait_for_line("lost connection to Redis, retrying", SOON);
        assert_eq!(fs::read(file("ca")).unwrap(), fs::read(&from.ca).unwrap());
        mount(to);
        prints(&consumer, &server, "after");
        let stderr = ends(consumer);
        assert!(stderr.contains("reconnected after"), "{stderr}");
    }
}

#[test]
fn idle_connections_that_the_server_closes_are_no_loss() {
    let server = RedisServer::builder().directive("timeout 1").start();
    for delivery in ["at-least-once", "at-most-once"] {
        let consumer = consume(&server, &["--delivery", delivery]).spawn();
        prints(&consumer, &server, "before");
        let closed = || server.cli(&["INFO", "clients"]);
        // Longer than the limit: what is idle is closed meanwhile.
        let quiet = Duration::from_millis(2_500);
        let start = std::time::Instant::now();
        wait_until("the limit is over", SOON, || start.elapsed() > quiet && !closed().is_empty());
        prints(&consumer, &server, "after");
        let log = ends(consumer);
        assert!(!log.contains("lost connection"), "{log}");
        assert_eq!(server.llen("mylist"), 0);
    }
    let producer = Qscale::new(["produce", "--redis", &server.url(), "--input", "-"]).open_input();
    let mut producer = producer.spawn();
    producer.write("one\n");
    wait_until("the first is pushed", SOON, || server.llen("mylist") == 1);
    let id = || server.cli(&["CLIENT", "LIST", "TYPE", "normal"]).lines().count();
    wait_until("the connection of the producer is closed", SOON, || id() <= 1);
    // What is sent before the end of the connection has arrived is lost with it, and said to be.
    std::thread::sleep(Duration::from_millis(500));
    producer.write("two\n");
    producer.close_input();
    let run = producer.wait().exits(0);
    assert!(!run.stderr.contains("lost connection"), "{}", run.stderr);
    assert_eq!(server.pushed("mylist"), ["one", "two"]);
}

#[test]
fn killed_clients_lose_and_double_nothing() {
    let server = RedisServer::start();
    let words = ["produce", "--redis", &server.url(), "--rate", "300", "--count", "600", "--payload", "{seq}"];
    let producer = Qscale::new(words).deadline(SOON).spawn();
    let consumer = consume(&server, &["--max-items", "600"]).deadline(SOON).spawn();
    let mut kills = 0;
    wait_until("all is pushed", SOON, || {
        server.cli(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        kills += 1;
        std::thread::sleep(Duration::from_millis(100));
        kills > 10
    });
    producer.wait().exits(0);
    let run = consumer.wait().exits(0);
    let mut items: Vec<u32> = run.stdout.lines().map(|line| line.parse().expect("a number")).collect();
    items.sort_unstable();
    // Printed and not acknowledged in time, an item may be printed again.
    items.dedup();
    assert_eq!(items.first(), Some(&1));
    assert!(items.len() + usize::try_from(server.llen("mylist")).unwrap() >= 600, "{} items", items.len());
}

#[test]
fn proxy_that_passes_neither_client_nor_script_is_enough() {
    // As twemproxy, Envoy and some providers: the names are unknown.
    let hidden = ["CLIENT", "SCRIPT", "INFO", "CONFIG", "SELECT", "WAIT"];
    for count in [2, hidden.len()] {
        let mut builder = RedisServer::builder();
        for name in &hidden[..count] {
            // The server itself is looked at with INFO.
            let name = if *name == "INFO" { "MULTI" } else { name };
            builder = builder.directive(&format!("rename-command {name} \"\""));
        }
        let server = builder.start();
        let produce = ["produce", "--redis", &server.url(), "--rate", "max", "--count", "300", "--payload", "{seq}"];
        Qscale::new(produce).output().exits(0);
        assert_eq!(server.llen("mylist"), 300);
        let first = consume(&server, &["--max-items", "200"]).output().exits(0);
        assert_eq!(first.stdout.lines().count(), 200, "{}", first.stderr);
        let rest = consume(&server, &["--max-items", "99", "--delivery", "at-most-once"]).output().exits(0);
        assert_eq!(rest.stdout.lines().count(), 99, "{}", rest.stderr);
        let idle = consume(&server, &[]).spawn();
        prints(&idle, &server, "last");
        ends(idle);
        let watch = ["watch", "--once", "--output", "json", "--redis", &server.url()];
        assert!(Qscale::new(watch).output().exits(0).stdout.contains("\"backlog\":0"));
    }
}
