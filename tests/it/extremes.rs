//! Values at the ends of what a flag takes: each is used or refused in words.

use crate::support::{Qscale, RedisServer, SOON, at_once, wait_until};

/// Runs that are under way at a time.
const AT_A_TIME: usize = 8;

/// A flag, and values of it.
type FlagValues<'a> = (&'a str, &'a [&'a str]);

const LONGEST: &str = "100y";
const MOST: &str = "18446744073709551615";
const MOST_32: &str = "4294967295";

#[test]
fn extreme_values_of_flags_panic_nowhere() {
    let server = RedisServer::start();
    let url = server.url();
    let consume = ["consume", "--redis", &url, "--idle-exit", "100ms", "--work", "1ms"];
    let batches = ["consume", "--redis", &url, "--once", "--batch", "1000", "--list", "batches"];
    let produce = ["produce", "--redis", &url, "--count", "1", "--list", "another"];
    let watch = ["watch", "--redis", &url, "--duration", "50ms", "--every", "10ms"];
    let simulate = ["simulate", "--produce", "1s@3", "--work", "1s"];
    let cases: [(&[&str], &[FlagValues<'_>]); 5] = [
        (
            &consume,
            &[
                ("lease", &["500ms", LONGEST]),
                ("drain", &["0", LONGEST]),
                ("max-age", &["0", LONGEST]),
                ("backoff", &["0..0", "1ns..100y", LONGEST]),
                ("await-due", &[LONGEST]),
                ("expire-after", &["0", LONGEST]),
                ("concurrency", &[MOST_32]),
                ("max-items", &["0", MOST]),
                ("max-attempts", &[MOST_32]),
                ("max-crashes", &[MOST_32]),
                ("dead-letter-limit", &["0", MOST]),
                ("dead-letter-max-age", &["0", LONGEST]),
                ("rate", &["1e-320", "1e308"]),
                ("seed", &[MOST]),
                ("speed", &["0.001", "1e6"]),
                ("connect-timeout", &[LONGEST]),
                ("connect-for", &[LONGEST]),
            ],
        ),
        (&batches, &[("linger", &["0", LONGEST]), ("concurrency", &[MOST_32])]),
        (
            &produce,
            &[
                ("rate", &["1e-320", "1e308", "max"]),
                ("every", &["1ns", LONGEST]),
                ("duration", &["1ns", LONGEST]),
                ("max-backlog", &[MOST]),
                ("pattern", &["100y@1e-320", "1ns@1e9", "100y@1e9"]),
                ("speed", &["0.001", "1e6"]),
                ("seed", &[MOST]),
            ],
        ),
        (&watch, &[("every", &["1ns", LONGEST]), ("duration", &["1ns"])]),
        (
            &simulate,
            &[
                ("start", &["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"]),
                ("duration", &["1ns", LONGEST]),
                ("start-time", &["0", LONGEST]),
                ("boot-time", &["31d"]),
                ("work", &["0", LONGEST, "exp(1d)", "lognormal(1d, 10)"]),
                ("initial-replicas", &["0", MOST_32]),
                ("seed", &[MOST]),
                ("produce", &["burst 18446744073709551615", "100y@1e-320", "1ns@1e9"]),
                ("shares", &["a=1,b=18446744073709551615"]),
                ("to", &[LONGEST]),
            ],
        ),
    ];
    let mut runs: Vec<Vec<String>> = Vec::new();
    for (words, flags) in cases {
        for (flag, value) in flags.iter().flat_map(|(flag, values)| values.iter().map(move |value| (flag, value))) {
            // A flag that is given twice is refused: the usual value makes room.
            let usual = words.iter().position(|word| word.strip_prefix("--") == Some(flag));
            let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            usual.map(|at| words.drain(at..at + 2));
            words.push(format!("--{flag}={value}"));
            words.extend((*flag == "expire-after").then(|| "--stamp-field=time".to_owned()));
            runs.push(words);
        }
    }
    for some in runs.chunks(AT_A_TIME) {
        at_once(some, |words| {
            let run = Qscale::new(words).output();
            assert!([0, 2, 4].contains(&run.status), "{words:?}: {} {}", run.status, run.stderr);
            assert!(!run.stderr.contains("panicked"), "{words:?}: {}", run.stderr);
        });
    }
}

#[test]
fn next_item_may_be_due_later_than_clocks_can_count() {
    let server = RedisServer::start();
    let words = ["produce", "--redis", &server.url(), "--rate", "1e-320", "--count", "2"];
    let run = Qscale::new(words).spawn();
    wait_until("the first is pushed", SOON, || server.llen("mylist") == 1);
    run.wait_for_line("pushed", SOON);
    run.terminate();
    run.finish(SOON).exits(75);
}

#[test]
fn pause_may_last_longer_than_dates_can_tell() {
    let server = RedisServer::start();
    server.push("mylist", ["a"]);
    server.cli(&["SET", "{mylist}:paused", "", "PX", "9000000000000000000"]);
    for words in [&["watch", "--once"][..], &["doctor", "--no-cluster"]] {
        let run = Qscale::new(words).args(["--redis", &server.url()]).output();
        let said = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("the list is paused until 9999-12-31T23:59:59Z"), "{words:?}: {said} {}", run.stderr);
    }
}
