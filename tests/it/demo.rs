//! `demo` as a process: its result, and that no process, file or key remains of it.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::support::{Certificates, Qscale, RedisServer, Running, SOON, is_ignored, processes_with, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Time limit for a demo.
const DEMO: Duration = Duration::from_secs(60);

/// A demo whose temporary files go into a folder of their own.
struct Demo {
    qscale: Qscale,
    folder: TempDir,
}

impl Demo {
    fn new(words: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { qscale: Qscale::new(["demo"]).args(words).env("TMPDIR", folder.path()).deadline(DEMO), folder }
    }

    /// Returns the demo of the same profile with a short cooldown, which ends it sooner.
    fn cooled_down_soon(mut self) -> Self {
        let usual = "cooldown-period = \"300s\"";
        let profile = include_str!("../../config/demo.toml");
        assert!(profile.contains(usual), "the profile has a cooldown");
        self.qscale = self.qscale.file("qscale.toml", profile.replace(usual, "cooldown-period = \"20s\""));
        self
    }

    /// Starts the demo and waits until all consumers are ready.
    fn started(self) -> (Running, TempDir) {
        let run = self.qscale.spawn();
        run.wait_for_line("5 ready", SOON);
        (run, self.folder)
    }
}

/// Returns the processes that have `folder` in their arguments or environment.
fn processes_of(folder: &Path) -> Vec<(u32, String)> {
    processes_with(folder.to_str().expect("a name of our own"))
}

/// Returns the number of processes that `run` has started.
fn started_by(run: &Running, folder: &Path) -> usize {
    processes_of(folder).iter().filter(|(pid, _)| *pid != run.pid()).count()
}

/// Asserts that no process and no file of a demo remains.
#[track_caller]
fn nothing_is_left(folder: &Path) {
    // A killed process takes a moment to disappear.
    wait_until("no process is left", Duration::from_secs(5), || processes_of(folder).is_empty());
    let files: Vec<_> = fs::read_dir(folder).expect("the folder is there").flatten().collect();
    assert!(files.is_empty(), "{files:?}");
}

#[test]
fn demo_passes_and_leaves_nothing() {
    let Demo { qscale, folder } = Demo::new(&["--count", "30", "--speed", "100"]);
    let run = qscale.output().exits(0);
    assert!(run.took < DEMO, "{:?}", run.took);
    assert_eq!(run.stdout.lines().last(), Some("PASS: 30 pushed = 30 acknowledged + 0 dead, 0 remaining"));
    nothing_is_left(folder.path());
}

#[test]
fn json_output_is_samples_and_a_summary() {
    let Demo { qscale, folder } = Demo::new(&["-n", "12", "--speed", "100", "--consumers", "2", "--output", "json"]);
    let run = qscale.output().exits(0);
    let lines: Vec<serde_json::Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let (verdict, samples) = lines.split_last().expect("a verdict");
    assert_eq!(
        *verdict,
        serde_json::json!({ "summary": {
            "verdict": "pass", "pushed": 12, "acknowledged": 12, "dead": 0, "purged": 0, "remaining": 0, "redelivered": 0,
            "retried": 0, "lost": 0, "reasons": [],
        }})
    );
    assert!(!samples.is_empty() && samples.iter().all(|sample| sample["backlog"].is_number()), "{}", run.stdout);
    nothing_is_left(folder.path());
}

#[test]
fn consumers_are_scaled_by_keda_and_the_hpa() {
    let Demo { qscale, folder } = Demo::new(&["--speed", "60"]);
    let run = qscale.output().exits(0);
    for step in [
        "KEDA scaled from=0 to=1 reason=activated: 300 waiting",
        "HPA scaled from=1 to=5 reason=",
        " to=0 reason=inactive for cooldownPeriod",
    ] {
        assert!(run.stderr.contains(step), "{step}: {}", run.stderr);
    }
    nothing_is_left(folder.path());
}

#[test]
fn pattern_file_with_columns_of_triggers_is_a_load() {
    let profile = "[produce]\npattern-file = \"counts.csv\"\n[consume]\nwork = \"1s\"\n[scale]\nmax-replica-count = 2\n\
        [[scale.triggers]]\nname = \"requests\"\ntype = \"prometheus\"\n\
        metadata = { serverAddress = \"http://p:9090\", query = \"q\", threshold = \"100\" }\n";
    let Demo { qscale, folder } = Demo::new(&["--speed", "100"]);
    let counts = "seconds,count,requests\n0,20,0\n10,0,650\n20,0,0\n";
    let run = qscale.file("qscale.toml", profile).file("counts.csv", counts).output().exits(0);
    assert_eq!(run.stdout.lines().last(), Some("PASS: 20 pushed = 20 acknowledged + 0 dead, 0 remaining"));
    nothing_is_left(folder.path());

    let Demo { qscale, .. } = Demo::new(&[]);
    let run = qscale.file("qscale.toml", profile).file("counts.csv", "0,many\n").output().exits(78);
    assert!(run.stderr.contains("produce.pattern-file: cannot read `counts.csv`"), "{}", run.stderr);
}

#[test]
fn command_of_the_profile_is_run() {
    let profile =
        "[consume]\ncommand = [\"sh\", \"-c\", \"cat >> $OUT; echo >> $OUT\"]\n[scale]\nmax-replica-count = 1\n";
    let Demo { qscale, folder } = Demo::new(&["--pattern", "burst 5", "--speed", "100"]);
    let results = tempfile::tempdir().expect("a temporary folder");
    let out = results.path().join("out");
    let run = qscale.file("qscale.toml", profile).env("OUT", &out).output().exits(0);
    assert_eq!(run.stdout.lines().last(), Some("PASS: 5 pushed = 5 acknowledged + 0 dead, 0 remaining"));
    assert_eq!(fs::read_to_string(&out).expect("the command was run").lines().count(), 5);
    assert!(run.stderr.contains("work=command sh"), "{}", run.stderr);
    assert!(run.stderr.contains("the command takes its real time"), "{}", run.stderr);
    nothing_is_left(folder.path());
}

#[test]
fn command_of_the_profile_gets_its_batches() {
    let profile = "[consume]\ncommand = [\"sh\", \"-c\", \"echo $QSCALE_BATCH >> $OUT\"]\nbatch = 5\nlinger = \"1s\"\n[scale]\nmax-replica-count = 1\n";
    let Demo { qscale, folder } = Demo::new(&["--pattern", "burst 5", "--speed", "100"]);
    let results = tempfile::tempdir().expect("a temporary folder");
    let out = results.path().join("out");
    let run = qscale.file("qscale.toml", profile).env("OUT", &out).output().exits(0);
    assert_eq!(run.stdout.lines().last(), Some("PASS: 5 pushed = 5 acknowledged + 0 dead, 0 remaining"));
    assert_eq!(fs::read_to_string(&out).expect("the command was run"), "5\n");
    nothing_is_left(folder.path());
}

#[test]
fn command_that_fails_ends_in_dead_letters_and_a_pass() {
    let profile = "[consume]\ncommand = [\"false\"]\nmax-attempts = 1\n[scale]\nmax-replica-count = 1\n";
    let Demo { qscale, folder } = Demo::new(&["--pattern", "burst 3", "--speed", "100"]);
    let run = qscale.file("qscale.toml", profile).output().exits(0);
    assert_eq!(run.stdout.lines().last(), Some("PASS: 3 pushed = 0 acknowledged + 3 dead, 0 remaining"));
    nothing_is_left(folder.path());
}

#[test]
fn share_of_killed_consumers_loses_nothing() {
    let Demo { qscale, folder } =
        Demo::new(&["--pattern", "burst 60", "--work", "2s", "--kill", "10%", "--seed", "3", "--speed", "40"])
            .cooled_down_soon();
    let run = qscale.output().exits(0);
    assert!(run.stderr.contains("killed a consumer"), "{}", run.stderr);
    let verdict = run.stdout.lines().last().expect("a verdict");
    assert!(verdict.starts_with("PASS: 60 pushed = 60 acknowledged + 0 dead, 0 remaining"), "{}", run.stdout);
    nothing_is_left(folder.path());
}

#[test]
fn seed_repeats_the_load() {
    let items = |seed: &str| {
        let Demo { qscale, folder: _folder } =
            Demo::new(&["--pattern", "20s@poisson(1)", "--work", "1s", "--speed", "200"]);
        qscale.args(["--seed", seed]).output().exits(0).stdout.lines().last().map(ToOwned::to_owned)
    };
    assert_eq!(items("7"), items("7"));
    let run = Demo::new(&["--kill", "101%"]).qscale.output().exits(2);
    assert!(run.stderr.contains("--kill"), "{}", run.stderr);
}

#[test]
fn keys_change_the_load_and_the_verdict_counts_what_was_pushed() {
    let Demo { qscale, folder } =
        Demo::new(&["--pattern", "burst 10, 10m@0, burst 1", "--work", "1s", "--speed", "40"]).cooled_down_soon();
    let mut terminal = qscale.on_terminal("");
    terminal.wait_for("①", SOON);
    terminal.press("kp");
    terminal.wait_for("PAUSED", SOON);
    // A burst is four batches of the usual size. The last item leaves time for the keys, and comes sooner by the last one.
    terminal.press("pb+");
    let ended = terminal.finish(DEMO);
    terminal.wait_for("PASS: 211 pushed = 211 acknowledged + 0 dead, 0 remaining", SOON);
    assert!(ended.success() && terminal.shown().contains("killed a consumer"), "{ended}\n{}", terminal.shown());
    nothing_is_left(folder.path());
}

#[test]
fn second_producer_counts_and_items_taken_by_others_fail() {
    let server = RedisServer::start();
    let start = || {
        let words = ["--redis", &server.url(), "--pattern", "5s@0, burst 10", "--work", "1s", "--speed", "20"];
        let Demo { qscale, folder } = Demo::new(&words).cooled_down_soon();
        let run = qscale.spawn();
        let mut list = None;
        wait_until("the demo has items", SOON, || {
            list = server.keys().into_iter().find(|key| key.starts_with("qscale-demo-"));
            list.is_some()
        });
        (run, folder, list.expect("a list"))
    };
    let (run, _folder, list) = start();
    Qscale::new(["produce", "--count=7"]).args(["--list", &list]).env("REDIS_URL", server.url()).output().exits(0);
    let run = run.finish(DEMO).exits(0);
    assert_eq!(run.stdout.lines().last(), Some("PASS: 17 pushed = 17 acknowledged + 0 dead, 0 remaining"));

    let (run, _folder, list) = start();
    assert!(server.pop(&list).is_some());
    let run = run.finish(DEMO).exits(4);
    let verdict = run.stdout.lines().last().expect("a verdict");
    assert!(verdict.starts_with("FAIL: 10 pushed") && verdict.contains("items pushed by the demo: 10"), "{verdict}");
}

#[test]
fn scaled_job_starts_a_consumer_per_item() {
    let mut demo = Demo::new(&["--count", "12", "--speed", "100"]);
    let profile = "[produce]\nbatch = 12\n[consume]\nwork = \"10s..20s\"\n\
        [scale]\nkind = \"ScaledJob\"\nmax-replica-count = 8\npolling-interval = \"5s\"\n";
    demo.qscale = demo.qscale.file("qscale.toml", profile);
    let run = demo.qscale.output().exits(0);
    assert!(run.stderr.contains("KEDA scaled from=0 to=8 reason=12 waiting"), "{}", run.stderr);
    assert_eq!(run.stdout.lines().last(), Some("PASS: 12 pushed = 12 acknowledged + 0 dead, 0 remaining"));
    nothing_is_left(demo.folder.path());
}

#[test]
fn demo_of_a_load_without_items_is_refused() {
    for words in [&["--count", "0"][..], &["--pattern", "1m@0"], &["--pattern", "1m@0", "--count", "5"]] {
        let run = Demo::new(words).qscale.output().exits(2);
        assert!(run.stderr.contains("error: the load has no items"), "{}", run.stderr);
    }
}

#[test]
fn interrupted_demo_leaves_nothing() {
    let (run, folder) = Demo::new(&[]).started();
    run.interrupt();
    let run = run.finish(DEMO).exits(75);
    assert!(!run.stdout.contains("PASS"), "{}", run.stdout);
    nothing_is_left(folder.path());
}

#[test]
fn second_interrupt_does_not_wait_for_items_in_flight() {
    let mut demo = Demo::new(&[]);
    let profile = "[consume]\nwork = \"1h\"\n[scale]\nmax-replica-count = 5\nlist-length = 50\n";
    demo.qscale = demo.qscale.file("qscale.toml", profile);
    let (run, folder) = demo.started();
    run.wait_for_line("5 in flight", SOON);
    run.interrupt();
    run.wait_for_line("stopping: consumers finish their items", SOON);
    // Not by KEDA or the HPA.
    run.wait_for_line("reason: the demo was stopped", SOON);
    run.interrupt();
    run.finish(Duration::from_secs(5)).exits(75);
    nothing_is_left(folder.path());
}

#[test]
fn demo_stopped_during_its_start_leaves_nothing() {
    for processes in [1, 2] {
        let Demo { qscale, folder } = Demo::new(&[]);
        let run = qscale.spawn();
        wait_until("some of its processes run", SOON, || started_by(&run, folder.path()) >= processes);
        run.terminate();
        run.finish(DEMO).exits(75);
        nothing_is_left(folder.path());
    }
}

#[test]
fn missing_server_is_an_error_with_a_hint() {
    let Demo { qscale, folder } = Demo::new(&[]);
    let run = qscale.env("PATH", "/nonexistent").output().exits(69);
    for part in [
        "valkey-server",
        "redis-server",
        "apt install",
        "dnf install",
        "brew install",
        "docker run",
        "--redis redis://",
    ] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    nothing_is_left(folder.path());
}

#[test]
fn own_server_is_left_unchanged() {
    let server = RedisServer::builder().password("p4ssw0rd").start();
    server.push("mylist", ["mine"]);
    let url = server.url_with(":p4ssw0rd");
    let Demo { qscale, folder } = Demo::new(&["--redis", &url, "--count", "30", "--speed", "100"]);
    // Other variables about Redis do not apply.
    let run = qscale.env("REDIS_HOST", "elsewhere.invalid").env("LIST_NAME", "mylist").output().exits(0);
    assert_eq!(run.stdout.lines().last(), Some("PASS: 30 pushed = 30 acknowledged + 0 dead, 0 remaining"));
    assert!(!run.stdout.contains("p4ssw0rd") && !run.stderr.contains("p4ssw0rd"), "{}", run.stderr);
    assert_eq!((server.keys(), server.pushed("mylist")), (vec!["mylist".to_owned()], vec!["mine".to_owned()]));
    nothing_is_left(folder.path());
}

#[test]
fn own_server_is_left_unchanged_when_the_demo_is_interrupted() {
    let server = RedisServer::builder().password("p4ssw0rd").start();
    let url = server.url_with(":p4ssw0rd");
    let (run, folder) = Demo::new(&["--redis", &url]).started();
    let words: Vec<_> = processes_of(folder.path()).into_iter().filter(|(pid, _)| *pid != run.pid()).collect();
    assert!(words.iter().all(|(_, words)| words.contains("--list=") && !words.contains("p4ssw0rd")), "{words:?}");
    run.interrupt();
    run.finish(DEMO).exits(75);
    assert!(server.keys().is_empty(), "{:?}", server.keys());
    nothing_is_left(folder.path());
}

#[test]
fn redis_table_of_the_profile_applies_to_every_process() {
    let certificates = Certificates::new();
    let server =
        RedisServer::builder().user("app", "s3cret", "~* +@all").tls(&certificates, &certificates.server).start();
    let profile = format!("[redis]\nusername = \"app\"\ntls-ca = {:?}\n[queue]\nlist = \"x\"\n", certificates.ca);
    let Demo { qscale, folder } = Demo::new(&["--redis", &server.url(), "--count", "10", "--speed", "100"]);
    let run = qscale.file("qscale.toml", profile).env("REDIS_PASSWORD", "s3cret").output().exits(0);
    assert_eq!(run.stdout.lines().last(), Some("PASS: 10 pushed = 10 acknowledged + 0 dead, 0 remaining"));
    assert!(server.keys().is_empty(), "{:?}", server.keys());
    nothing_is_left(folder.path());
}

/// Sends `signal` to one consumer of a demo.
fn signal_a_consumer(folder: &Path, signal: Signal) {
    let processes = processes_of(folder);
    let (consumer, _) = processes.iter().find(|(_, words)| words.contains(" consume ")).expect("a consumer");
    let pid = Pid::from_raw(consumer.cast_signed()).expect("a process has an id");
    kill_process(pid, signal).expect("a process of our own takes signals");
}

#[test]
fn stopped_consumer_loses_nothing() {
    let (run, folder) = Demo::new(&["--speed", "40"]).cooled_down_soon().started();
    signal_a_consumer(folder.path(), Signal::TERM);
    let run = run.finish(DEMO).exits(0);
    assert!(run.stdout.contains("PASS: 300 pushed = 300 acknowledged"), "{}", run.stdout);
    nothing_is_left(folder.path());
}

#[test]
fn killed_consumer_loses_nothing() {
    let (run, folder) = Demo::new(&["--speed", "40"]).cooled_down_soon().started();
    run.wait_for_line("5 in flight", SOON);
    signal_a_consumer(folder.path(), Signal::KILL);
    let run = run.finish(DEMO).exits(0);
    let verdict = run.stdout.lines().last().expect("a verdict");
    assert!(verdict.starts_with("PASS: 300 pushed = 300 acknowledged + 0 dead, 0 remaining"), "{}", run.stdout);
    assert!(run.stderr.contains("during=processing"), "{}", run.stderr);
    nothing_is_left(folder.path());
}

/// An end of a demo on a terminal.
#[derive(Debug, Clone, Copy)]
enum End {
    Signal(Signal),
    Closed,
}

#[test]
fn demo_on_a_terminal_leaves_nothing_however_it_ends() {
    let ends = [
        (End::Signal(Signal::INT), Some(75)),
        (End::Signal(Signal::TERM), Some(75)),
        (End::Signal(Signal::HUP), Some(75)),
        (End::Signal(Signal::QUIT), Some(75)),
        (End::Closed, Some(75)),
        (End::Signal(Signal::KILL), None),
    ];
    for (end, status) in ends {
        let heeded = match end {
            End::Signal(signal @ (Signal::HUP | Signal::QUIT)) => !is_ignored(signal),
            // A terminal that is closed sends a hangup.
            End::Closed => !is_ignored(Signal::HUP),
            End::Signal(_) => true,
        };
        if !heeded {
            continue;
        }
        let Demo { qscale, folder } = Demo::new(&[]);
        let mut terminal = qscale.on_terminal("");
        terminal.wait_for("②", SOON);
        match end {
            End::Signal(signal) => terminal.signal(signal),
            End::Closed => terminal.close(),
        }
        let ended = terminal.finish(DEMO);
        assert_eq!(ended.code(), status, "{end:?}: {ended}\n{}", terminal.shown());
        nothing_is_left(folder.path());
        assert!(!terminal.shown().contains("panicked"), "{}", terminal.shown());
    }
}

#[test]
fn demo_that_ignores_hangups_ends_when_its_terminal_is_gone() {
    let Demo { qscale, folder } = Demo::new(&[]);
    let mut terminal = qscale.on_terminal("trap '' HUP");
    terminal.wait_for("②", SOON);
    terminal.close();
    let ended = terminal.finish(DEMO);
    assert_eq!(ended.code(), Some(0), "{ended}");
    nothing_is_left(folder.path());
}

#[test]
fn demo_on_a_terminal_that_is_not_read_ends_on_a_signal() {
    let Demo { qscale, folder } = Demo::new(&[]);
    let mut terminal = qscale.on_terminal("");
    terminal.wait_for("②", SOON);
    terminal.stop_reading();
    terminal.signal(Signal::TERM);
    terminal.finish(DEMO);
    nothing_is_left(folder.path());
}

#[test]
fn killed_demo_leaves_nothing() {
    let server = RedisServer::start();
    for words in [&[][..], &["--redis", &server.url()]] {
        let (run, folder) = Demo::new(words).started();
        run.kill();
        let run = run.finish(SOON);
        assert_eq!(run.status, 128 + Signal::KILL.as_raw());
        nothing_is_left(folder.path());
    }
    assert!(server.keys().is_empty(), "{:?}", server.keys());
}

#[test]
fn demo_killed_during_its_start_leaves_nothing() {
    for processes in [1, 2, 3] {
        let Demo { qscale, folder } = Demo::new(&[]);
        let run = qscale.spawn();
        wait_until("some of its processes run", SOON, || started_by(&run, folder.path()) >= processes);
        run.kill();
        run.finish(SOON);
        nothing_is_left(folder.path());
    }
}

#[test]
fn demo_whose_supervisor_was_killed_leaves_nothing() {
    let (run, folder) = Demo::new(&[]).started();
    let processes = processes_of(folder.path());
    let (supervisor, _) = processes.iter().find(|(_, words)| words.contains("--supervise")).expect("a supervisor");
    let pid = Pid::from_raw(supervisor.cast_signed()).expect("a process has an id");
    kill_process(pid, Signal::KILL).expect("a process of our own takes signals");
    run.interrupt();
    run.finish(DEMO).exits(75);
    nothing_is_left(folder.path());
}

#[test]
fn folder_of_a_demo_is_readable_only_by_its_owner() {
    let server = RedisServer::builder().password("p4ssw0rd").start();
    let profile = "[redis]\nurl = \"redis://elsewhere.invalid\"\npassword-file = \"secret.txt\"\n";
    let mut demo = Demo::new(&["--redis", &server.url_with(":p4ssw0rd")]);
    demo.qscale = demo.qscale.file("qscale.toml", profile).file("secret.txt", "p4ssw0rd");
    let (run, folder) = demo.started();
    let entries: Vec<_> = fs::read_dir(folder.path()).expect("the folder is there").flatten().collect();
    assert_eq!(entries.len(), 1, "{entries:?}");
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o7777;
    assert_eq!(mode(&entries[0].path()), 0o700);
    for file in fs::read_dir(entries[0].path()).expect("the folder is there").flatten() {
        assert_eq!(mode(&file.path()), 0o600, "{file:?}");
        let text = fs::read_to_string(file.path()).unwrap_or_default();
        assert!(!text.contains("p4ssw0rd"), "{file:?}: {text}");
    }
    run.interrupt();
    run.finish(DEMO).exits(75);
    nothing_is_left(folder.path());
}

#[test]
fn folder_that_cannot_be_created_is_an_error_with_a_hint() {
    let Demo { qscale, folder } = Demo::new(&[]);
    let run = qscale.env("TMPDIR", "/nonexistent").output().exits(2);
    let error = "error: cannot create a folder in `/nonexistent`: No such file or directory (os error 2)\n";
    assert!(run.stderr.starts_with(error), "{}", run.stderr);
    assert!(run.stderr.contains("hint: set TMPDIR"), "{}", run.stderr);
    nothing_is_left(folder.path());
}

#[test]
fn closed_output_pipe_ends_a_demo_that_leaves_nothing() {
    // A demo that does not end by itself within the time limit.
    let Demo { qscale, folder } = Demo::new(&["--pattern", "1h@1"]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    qscale.stdout_to(writer).output().exits(0);
    nothing_is_left(folder.path());
}

#[test]
fn demo_cleans_up_after_one_that_was_killed_with_its_supervisor() {
    let (run, folder) = Demo::new(&[]).started();
    let mut processes = processes_of(folder.path());
    processes.retain(|(_, words)| !words.contains("redis.sock"));
    // First of all the supervisor, and then the demo: the others exit with it.
    processes.sort_by_key(|(pid, words)| (!words.contains("--supervise"), *pid != run.pid()));
    for (pid, _) in processes {
        let pid = Pid::from_raw(pid.cast_signed()).expect("a process has an id");
        let _ = kill_process(pid, Signal::KILL);
    }
    run.finish(SOON);
    assert_eq!(fs::read_dir(folder.path()).expect("the folder is there").count(), 1);
    let next = || {
        let demo = Demo::new(&["--count", "1", "--speed", "100"]);
        demo.qscale.env("TMPDIR", folder.path()).output().exits(0);
    };
    // It might be one that is just being started.
    next();
    let left = fs::read_dir(folder.path()).expect("the folder is there").flatten().next().expect("a folder is left");
    let left = fs::File::open(left.path()).expect("the folder is ours");
    left.set_modified(SystemTime::now() - Duration::from_secs(3600)).expect("the folder is ours");
    next();
    nothing_is_left(folder.path());
}
