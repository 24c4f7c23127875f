//! Variables of the environment: their precedence, their errors, and their origin in the log.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use crate::support::{Finished, Qscale, RedisServer};

/// Runs `consume` on a list of four items, and returns the result.
fn consume(server: &RedisServer, words: &[&str], variables: &[(&str, &str)]) -> Finished {
    server.cli(&["DEL", "mylist"]);
    server.push("mylist", ["a", "b", "c", "d"]);
    let qscale = Qscale::new(["--verbose", "consume", "--work", "none", "--redis", &server.url()]).args(words);
    variables.iter().fold(qscale, |qscale, (name, value)| qscale.env(name, value)).output()
}

#[test]
fn variable_sets_an_option_of_the_profile() {
    let server = RedisServer::start();
    let run = consume(&server, &[], &[("QSCALE_MAX_ITEMS", "2"), ("QSCALE_CONCURRENCY", "3")]).exits(0);
    assert!(run.stderr.contains("concurrency: 3 (from QSCALE_CONCURRENCY)"), "{}", run.stderr);
    assert_eq!(server.llen("mylist"), 2);
    let profile = "[consume]\nmax-items = 4\nconcurrency = 9\nwork = \"none\"\n";
    let qscale = Qscale::new(["--verbose", "consume", "--redis", &server.url()]).file("qscale.toml", profile);
    let run = qscale.env("QSCALE_MAX_ITEMS", "1").output().exits(0);
    assert!(run.stderr.contains("max-items: 1 (from QSCALE_MAX_ITEMS)"), "{}", run.stderr);
    assert!(run.stderr.contains("concurrency: 9 (from qscale.toml:3)"), "{}", run.stderr);
    assert!(run.stderr.contains("lease: 30s (from default)"), "{}", run.stderr);
    assert_eq!(server.llen("mylist"), 1);
}

#[test]
fn empty_variable_counts_as_absent() {
    let server = RedisServer::start();
    let empty = [("QSCALE_CONCURRENCY", ""), ("QSCALE_ONCE", ""), ("QSCALE_LEASE", ""), ("REDIS_PORT", "")];
    let run = consume(&server, &["--max-items", "3"], &empty).exits(0);
    assert!(run.stderr.contains("concurrency: 1 (from default)"), "{}", run.stderr);
    assert_eq!(server.llen("mylist"), 1);
}

#[test]
fn variable_of_a_path_may_be_any_bytes() {
    let path = OsString::from_vec(b"no-\xff.toml".to_vec());
    let run = Qscale::new(["render"]).env("QSCALE_PROFILE", &path).output().exits(78);
    assert!(run.stderr.contains("no-"), "{}", run.stderr);
}

#[test]
fn flag_has_precedence_over_a_variable_that_conflicts() {
    let server = RedisServer::start();
    consume(&server, &["--once"], &[("QSCALE_MAX_ITEMS", "3"), ("QSCALE_IDLE_EXIT", "1h")]).exits(0);
    assert_eq!(server.llen("mylist"), 3);
    consume(&server, &["--max-items", "2"], &[("QSCALE_ONCE", "true")]).exits(0);
    assert_eq!(server.llen("mylist"), 2);
    consume(&server, &["--max-items", "2"], &[("QSCALE_MAX_ITEMS", "nonsense")]).exits(0);
    let words = ["produce", "--rate", "max", "--count", "1", "--redis", &server.url()];
    Qscale::new(words).env("QSCALE_EVERY", "1h").env("QSCALE_PATTERN", "1h@1").output().exits(0);
}

#[test]
fn boolean_variable_that_is_false_excludes_nothing() {
    let server = RedisServer::start();
    consume(&server, &[], &[("QSCALE_ONCE", "false"), ("QSCALE_MAX_ITEMS", "3")]).exits(0);
    assert_eq!(server.llen("mylist"), 1);
    let words = ["produce", "--rate", "max", "--count", "1", "--redis", &server.url()];
    let profile = "[produce]\necho = true\n";
    let run = Qscale::new(words).file("qscale.toml", profile).output().exits(0);
    assert!(run.stderr.contains("pushing "), "{}", run.stderr);
    let run = Qscale::new(words).file("qscale.toml", profile).env("QSCALE_ECHO", "false").output().exits(0);
    assert!(!run.stderr.lines().any(|line| line.contains("INFO pushing message")), "{}", run.stderr);
}

#[test]
fn invalid_variable_is_named_in_place_of_its_flag() {
    for (name, value) in [("QSCALE_LEASE", "soon"), ("QSCALE_DELIVERY", "twice"), ("QSCALE_ONCE", "maybe")] {
        let run = Qscale::new(["consume"]).env(name, value).output().exits(2);
        assert!(run.stderr.contains(name) && run.stderr.contains(value), "{}", run.stderr);
        assert!(!run.stderr.contains("--lease"), "{}", run.stderr);
    }
    let run = Qscale::new(["consume"]).env("QSCALE_LEASE", "1ms").output().exits(2);
    assert!(run.stderr.contains("QSCALE_LEASE: must be at least 500ms"), "{}", run.stderr);
    let both = Qscale::new(["produce"]).env("QSCALE_EVERY", "1s").env("QSCALE_RATE", "5").output().exits(2);
    assert!(both.stderr.contains("QSCALE_EVERY") && both.stderr.contains("QSCALE_RATE"), "{}", both.stderr);
}

#[test]
fn password_is_hidden_in_the_origins() {
    let server = RedisServer::builder().password("s3cret-marker").start();
    let run = Qscale::new(["--verbose", "watch", "--duration", "100ms"])
        .env("REDIS_URL", server.url_with(":s3cret-marker"))
        .output();
    assert!(run.stderr.contains("(from REDIS_URL)"), "{}", run.stderr);
    assert!(!run.stderr.contains("s3cret-marker"), "{}", run.stderr);
    let help = Qscale::new(["watch", "--help"]).env("REDIS_URL", "redis://:s3cret-marker@h").output().exits(0);
    assert!(help.stdout.contains("[env: REDIS_URL]") && !help.stdout.contains("s3cret-marker"));
}
