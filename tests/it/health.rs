//! The probe of a consumer: what makes it say no, and what does not.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::metrics;
use crate::support::{Finished, Proxy, Qscale, RedisServer, Running, SOON, at_once, wait_until};

/// Several beats: so long nothing may be silent that is well.
const SILENCE: Duration = Duration::from_secs(4);

/// Maximum age of the heartbeat file in these tests, as an argument.
const MAX_AGE: &str = "3s";

/// A consumer and the file it touches.
struct Patient {
    run: Running,
    _folder: TempDir,
    file: PathBuf,
}

impl Patient {
    fn consuming(redis: &str, words: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("heartbeat");
        let run = Qscale::new(["consume", "--redis", redis]).args(words).env("QSCALE_HEARTBEAT", &file).spawn();
        run.wait_for_line("consuming", SOON);
        Self { run, _folder: folder, file }
    }

    /// Asks over and over for longer than any silence may last.
    #[track_caller]
    fn stays_well(&self) {
        for _ in 0..8 {
            thread::sleep(SILENCE / 4);
            let said = health(&self.file);
            assert_eq!(said.status, 0, "{}\n{}", said.stdout, self.run.stderr());
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.run.pid()).ok().and_then(Pid::from_raw).expect("a process has a number");
        kill_process(pid, signal).expect("our own child takes signals");
    }
}

fn health(file: &Path) -> Finished {
    Qscale::new(["health", "--max-age", MAX_AGE]).env("QSCALE_HEARTBEAT", file).output()
}

#[test]
fn health_fails_while_the_consumer_is_suspended() {
    let server = RedisServer::start();
    let patient = Patient::consuming(&server.url(), &["--work", "1ms"]);
    let said = health(&patient.file).exits(0);
    assert!(said.stdout.starts_with("last heartbeat "), "{}", said.stdout);
    assert_eq!((said.stdout.lines().count(), said.stderr.as_str()), (1, ""));

    patient.signal(Signal::STOP);
    wait_until("the silence is noticed", SOON, || health(&patient.file).status == 4);
    let said = health(&patient.file).exits(4);
    assert!(said.stdout.starts_with("stale: last heartbeat "), "{}", said.stdout);

    patient.signal(Signal::CONT);
    wait_until("it is well again", SOON, || health(&patient.file).status == 0);
}

#[test]
fn health_fails_when_the_consumer_was_killed() {
    let server = RedisServer::start();
    let patient = Patient::consuming(&server.url(), &["--work", "1ms"]);
    patient.run.kill();
    wait_until("the silence is noticed", SOON, || health(&patient.file).status == 4);
}

#[test]
fn health_passes_when_idle_and_with_a_long_handler() {
    at_once(["at-least-once", "at-most-once"], long_handler);
}

fn long_handler(delivery: &str) {
    let server = RedisServer::start();
    let patient =
        Patient::consuming(&server.url(), &["--verbose", "--delivery", delivery, "--work", "1h", "--drain", "1h"]);
    health(&patient.file).exits(0);
    server.push("mylist", ["long"]);
    patient.run.wait_for_line("payload=long", SOON);
    well_for_turns(&patient);
    // The same while it drains.
    patient.run.terminate();
    patient.run.wait_for_line("finishing items in flight reason=SIGTERM in_flight=1", SOON);
    well_for_turns(&patient);
    patient.run.terminate();
    patient.run.finish(SOON).exits(0);
    assert_eq!(server.llen("mylist"), 1);
}

/// A loop with nothing to do turns every five seconds: its age is asked for with a limit that allows for that.
#[track_caller]
fn well_for_turns(patient: &Patient) {
    for _ in 0..11 {
        thread::sleep(Duration::from_secs(1));
        let said = Qscale::new(["health", "--max-age", "9s"]).env("QSCALE_HEARTBEAT", &patient.file).output();
        assert_eq!(said.status, 0, "{}\n{}", said.stdout, patient.run.stderr());
    }
}

#[test]
fn health_passes_while_redis_is_away() {
    let mut server = RedisServer::start();
    let patient = Patient::consuming(&server.url(), &["--work", "1ms"]);
    server.kill();
    patient.run.wait_for_line("lost", SOON);
    patient.stays_well();
    server.restart();
    patient.run.wait_for_line("reconnected after", SOON);
}

#[test]
fn health_passes_on_a_dead_link() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port());
    let patient = Patient::consuming(&proxy.url(), &["--work", "1ms"]);
    server.pause();
    // Known only after the answer has been waited for: 5 s.
    patient.run.wait_for_line("lost", SOON);
    wait_until("it waits for Redis", SOON, || health(&patient.file).status == 0);
    patient.stays_well();
    server.resume();
}

#[test]
fn health_needs_a_heartbeat_file() {
    let folder = tempfile::tempdir().unwrap();
    let said = health(&folder.path().join("nowhere")).exits(4);
    assert!(said.stdout.starts_with("cannot read heartbeat `"), "{}", said.stdout);
    let said = Qscale::new(["health"]).output().exits(2);
    assert!(said.stderr.contains("QSCALE_HEARTBEAT"), "{}", said.stderr);
}

#[test]
fn heartbeat_file_that_cannot_be_written_is_named_at_startup() {
    let server = RedisServer::start();
    let run = Qscale::new(["consume", "--redis", &server.url(), "--heartbeat", "no/such/folder"]).output().exits(1);
    assert!(run.stderr.contains("cannot write heartbeat `no/such/folder`"), "{}", run.stderr);
}

#[test]
fn health_and_its_file_are_named_in_help() {
    let help = Qscale::new(["--help"]).output().exits(0).stdout;
    assert!(help.contains("\n  health "), "{help}");
    let help = Qscale::new(["consume", "--help"]).output().exits(0).stdout;
    assert!(help.contains("--heartbeat <FILE>"), "{help}");
}

#[test]
fn health_passes_while_redis_is_a_replica() {
    let server = RedisServer::start();
    let patient = Patient::consuming(&server.url(), &["--work", "1ms"]);
    server.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    // Either a blocked command is ended, or another one is refused.
    patient.run.wait_for_line("retrying", SOON);
    patient.stays_well();
    server.cli(&["REPLICAOF", "NO", "ONE"]);
    patient.run.wait_for_line(" after ", SOON);
}

/// A replica refuses what the loop asks for, and tells a scrape how long the list is.
#[test]
fn health_passes_while_a_replica_answers_only_scrapes() {
    let server = RedisServer::start();
    let patient = Patient::consuming(&server.url(), &["--work", "1ms", "--metrics", "127.0.0.1:0"]);
    let metrics = metrics::address(&patient.run);
    server.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    patient.run.wait_for_line("retrying", SOON);
    // Attempts are far apart only after some seconds.
    for _ in 0..15 {
        thread::sleep(Duration::from_secs(1));
        metrics::get(metrics, "/metrics");
        let said = health(&patient.file);
        assert_eq!(said.status, 0, "{}\n{}", said.stdout, patient.run.stderr());
    }
}
