//! Handlers of a consumer that was killed.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;

use crate::support::{Qscale, RedisServer, SOON, wait_until};

/// Returns true if a process is running and not a zombie.
fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Kills a consumer while its handler runs `script`, and waits until the processes that this has named have ended.
fn kill_while(script: &str, words: &[&str], processes: usize) {
    let (server, folder) = (RedisServer::start(), tempfile::tempdir().expect("a temporary folder"));
    server.push("mylist", ["a"]);
    let pids = folder.path().join("pids");
    let named = || fs::read_to_string(&pids).unwrap_or_default().lines().map(str::to_owned).collect::<Vec<_>>();
    let run = Qscale::new(["consume", "--redis", &server.url()]).args(words).args(["--", "sh", "-c", script]);
    let run = run.env("PIDS", &pids).spawn();
    wait_until("the handler runs", SOON, || named().len() == processes);
    assert!(named().iter().all(|pid| lives(pid)), "{:?}", named());
    run.kill();
    wait_until("all have ended", SOON, || !named().iter().any(|pid| lives(pid)));
    // Its item is still held for the consumer that was killed.
    assert_eq!((server.llen("mylist"), server.llen("{mylist}:dead")), (0, 0));
}

/// The consumer is to know of the process by the time that it is named.
const TWO: &str = "(sleep 0.5; echo $$ >> $PIDS; sleep 1000 & echo $! >> $PIDS; wait)";

#[test]
fn command_of_a_killed_consumer_is_ended_with_all_it_has_started() {
    kill_while(TWO, &[], 2);
}

#[test]
fn command_that_heeds_no_signal_is_killed_in_the_end() {
    let script = "trap '' TERM; sleep 0.5; echo $$ >> $PIDS; while :; do sleep 0.05; done";
    kill_while(script, &["--kill-after", "300ms"], 1);
}

#[test]
fn process_that_stays_is_ended_with_its_consumer() {
    // One that does not read its stdin would not learn of the end.
    kill_while(TWO, &["--handler", "lines"], 2);
}

#[test]
fn guard_ends_with_its_consumer() {
    let server = RedisServer::start();
    server.push("mylist", ["a"]);
    let run = Qscale::new(["consume", "--redis", &server.url(), "--", "sh", "-c", "pgrep -P $PPID; sleep 0.2"]).spawn();
    let line = run.wait_for_line("] ", SOON);
    let guard = line.rsplit(' ').next().unwrap_or_default().to_owned();
    run.terminate();
    run.finish(SOON).exits(0);
    wait_until("the guard has ended", SOON, || !lives(&guard));
}
