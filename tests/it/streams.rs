//! Streams that are gone or not read, and the signals that a closed terminal sends.
#![cfg(target_os = "linux")]

use std::io::PipeWriter;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::support::{Qscale, RedisServer, SOON, is_ignored, processes_with, wait_until};

/// A pipe whose reader has left.
fn closed() -> PipeWriter {
    std::io::pipe().expect("a pipe").1
}

#[test]
fn streams_that_are_gone_panic_in_no_subcommand() {
    let server = RedisServer::start();
    let redis = server.url();
    let commands: [&[&str]; 16] = [
        &["--help"],
        &["--version"],
        &["--nonsense"],
        &["--verbose", "produce", "--redis", &redis, "--count", "3", "--rate", "max"],
        &["--verbose", "consume", "--redis", &redis, "--idle-exit", "0s", "--work", "none"],
        &["--log", "json", "consume", "--redis", &redis, "--idle-exit", "0s", "--", "echo", "x"],
        &["consume", "--redis", "redis://127.0.0.1:1", "--reconnect-for", "0s"],
        &["--verbose", "watch", "--redis", &redis, "--for", "1s", "--every", "100ms"],
        &["dead", "ls", "--redis", &redis],
        &["render"],
        &["render", "--check"],
        &["render", "--schema"],
        &["--profile", "missing.toml", "render"],
        &["simulate"],
        &["completions", "bash"],
        &["health"],
    ];
    for words in commands {
        for (stdout, stderr) in [(true, false), (false, true), (true, true)] {
            server.push("mylist", ["a", "b"]);
            let mut qscale = Qscale::new(words);
            if stdout {
                qscale = qscale.stdout_to(closed());
            }
            if stderr {
                qscale = qscale.stderr_to(closed());
            }
            let run = qscale.output();
            // 101 is the status of a panic; more, that of a signal.
            assert!(run.status < 100, "{words:?}, closed {stdout} {stderr}: {} {}", run.status, run.stderr);
        }
    }
}

#[test]
fn terminal_that_is_gone_panics_in_no_subcommand() {
    let server = RedisServer::start();
    let redis = server.url();
    let commands: [(&[&str], &str, i32); 4] = [
        // Goes on, and says nothing more.
        (
            &["produce", "--redis", &redis, "--list", "p", "--count", "40", "--every", "100ms", "--batch", "1"],
            "backlog",
            0,
        ),
        (&["watch", "--redis", &redis, "--every", "100ms"], "waiting", 0),
        (&["watch", "--redis", &redis, "--every", "100ms", "--output", "json"], "backlog", 0),
        (&["consume", "--redis", &redis, "--list", "p", "--idle-exit", "2s", "--work", "1ms"], "consuming", 0),
    ];
    for (words, shown, status) in commands {
        let mut terminal = Qscale::new(words).on_terminal("trap '' HUP");
        terminal.wait_for(shown, SOON);
        terminal.close();
        let ended = terminal.finish(SOON);
        assert_eq!(ended.code(), Some(status), "{words:?}: {ended}");
    }
}

#[test]
fn stderr_that_is_not_read_holds_up_neither_items_nor_signals() {
    let output = "x".repeat(8000);
    let echo = ["--", "echo", output.as_str()];
    for (count, handler) in [(8000, &["--work", "1ms"][..]), (300, &echo)] {
        let server = RedisServer::start();
        server.push("mylist", (0..count).map(|item| format!("item {item} {}", "x".repeat(100))));
        let (mut unread, stderr) = std::io::pipe().expect("a pipe");
        let words = ["--verbose", "consume", "--redis", &server.url(), "--concurrency", "32", "--lease", "2s"];
        let run = Qscale::new(words).args(handler).stderr_to(stderr).spawn();
        let acknowledged = || server.cli(&["HGET", "{mylist}:stats", "acknowledged"]) == count.to_string();
        wait_until("all are processed", Duration::from_secs(120), acknowledged);
        if handler[0] == "--work" {
            // The log goes on once it is read, and says what is missing.
            let reader = std::thread::spawn(move || std::io::read_to_string(&mut unread).expect("a log is text"));
            std::thread::sleep(Duration::from_secs(1));
            run.terminate();
            run.finish(SOON).exits(0);
            let log = reader.join().expect("the reader does not panic");
            assert!(log.contains("stderr was not read in time, dropped lines lines="), "{}", log.len());
            assert!(log.contains("consumer stopped"), "{}", log.len());
        } else {
            run.terminate();
            run.finish(SOON).exits(0);
        }
        assert!(server.cli(&["EXISTS", "{mylist}:delayed"]) == "0", "no lease was lost");
    }
}

#[test]
fn signal_ends_a_consumer_like_sigterm() {
    for signal in [Signal::HUP, Signal::QUIT, Signal::USR1, Signal::USR2, Signal::ALARM] {
        if is_ignored(signal) {
            continue;
        }
        let server = RedisServer::start();
        server.push("mylist", ["a"]);
        let words = ["consume", "--redis", &server.url(), "--drain", "0s", "--", "sh", "-c", "echo begun; sleep 1000"];
        let run = Qscale::new(words).env("MARK", server.url()).spawn();
        run.wait_for_line("begun", SOON);
        let pid = i32::try_from(run.pid()).ok().and_then(Pid::from_raw).expect("a process has a number");
        kill_process(pid, signal).expect("our own child takes signals");
        run.finish(SOON).exits(0);
        assert_eq!(server.pushed("mylist"), ["a"], "{signal:?}");
        assert_eq!(processes_with(&format!("MARK={}", server.url())), [], "{signal:?}");
    }
}

/// A named pipe that has no other end.
fn named_pipe(folder: &TempDir) -> String {
    let pipe = folder.path().join("pipe");
    let mode = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, mode.0, mode.1, 0).expect("the folder takes a named pipe");
    pipe.to_str().expect("a name of our own").to_owned()
}

#[test]
fn signal_ends_a_wait_for_input_that_does_not_come() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pipe = &named_pipe(&folder);
    for (words, status) in [
        (&["produce", "--input", pipe][..], 75),
        (&["produce", "--pattern-file", pipe], 75),
        (&["watch", "--replay", pipe], 0),
        (&["watch", "--replay", "-"], 0),
        (&["simulate", "--against", pipe], 75),
    ] {
        let run = Qscale::new(words).open_input().spawn();
        wait_until("it waits for its input", SOON, || has_thread(run.pid(), "tokio-rt"));
        run.terminate();
        run.finish(SOON).exits(status);
    }
}

#[test]
fn signal_ends_a_wait_for_the_other_end_of_a_named_pipe() {
    let server = RedisServer::start();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (pipe, profile) = (&named_pipe(&folder), &folder.path().join("patched.toml").display().to_string());
    std::fs::write(profile, format!("[redis]\nhost = 'a.b'\n[deploy]\npatch = '{pipe}'\n")).expect("a profile");
    for words in [
        &["--profile", pipe, "render"][..],
        &["--profile", profile, "render"],
        &["watch", "--redis", &server.url(), "--record", pipe],
    ] {
        let run = Qscale::new(words).spawn();
        let is_connected = || words[0] != "watch" || server.calls("ping") > 0;
        wait_until("it listens for signals", SOON, || has_thread(run.pid(), "signals") && is_connected());
        run.terminate();
        // Where the signal comes before the pipe is opened, there is nothing to wait for.
        let run = run.finish(SOON);
        assert!([0, 130].contains(&run.status), "{words:?}: {run:?}");
    }
}

/// Reports whether a process has a thread of this name.
fn has_thread(pid: u32, name: &str) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let mut names = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("comm")).ok());
    names.any(|other| other.starts_with(name))
}

#[test]
fn third_signal_leaves_no_command() {
    let server = RedisServer::start();
    server.push("mylist", ["a"]);
    let command = ["--", "sh", "-c", "trap '' TERM; echo begun; sleep 1000; sleep 1000"];
    let run = Qscale::new(["consume", "--redis", &server.url()]).args(command).env("MARK", server.url()).spawn();
    run.wait_for_line("begun", SOON);
    for said in ["finishing items in flight", "begun"] {
        run.terminate();
        run.wait_for_line(said, SOON);
        std::thread::sleep(Duration::from_millis(500));
    }
    run.terminate();
    run.finish(SOON).exits(130);
    let mark = format!("MARK={}", server.url());
    wait_until("no process of the command is left", SOON, || processes_with(&mark).is_empty());
}

#[test]
fn ignored_hangup_does_not_end_a_consumer() {
    let server = RedisServer::start();
    let qscale = Qscale::new(["consume", "--redis", &server.url(), "--work", "1ms"]);
    let mut terminal = qscale.on_terminal("trap '' HUP");
    terminal.wait_for("consuming", SOON);
    terminal.close();
    terminal.signal(Signal::HUP);
    server.push("mylist", ["a"]);
    wait_until("the item is processed", SOON, || server.cli(&["HGET", "{mylist}:stats", "acknowledged"]) == "1");
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.finish(SOON).code(), Some(0));
}

#[test]
fn result_on_a_stdout_that_is_not_read_holds_up_no_signal() {
    let server = RedisServer::start();
    server.push("mylist", vec!["x".repeat(1000); 500]);
    let (_unread, stdout) = std::io::pipe().expect("a pipe");
    let words = ["consume", "--redis", &server.url(), "--work", "none", "--drain", "1s", "--output", "json"];
    let run = Qscale::new(words).stdout_to(stdout).spawn();
    wait_until("the pipe is full", SOON, || (1..=440).contains(&server.llen("mylist")));
    run.terminate();
    let run = run.finish(SOON);
    assert!([0, 130].contains(&run.status), "{}", run.stderr);
    assert!(server.llen("mylist") >= 430, "the last item is requeued");
}

#[test]
fn terminal_that_is_not_read_does_not_hold_up_a_push() {
    let server = RedisServer::start();
    let words = ["produce", "--redis", &server.url(), "--count", "100", "--every", "20ms", "--batch", "1"];
    let mut terminal = Qscale::new(words).on_terminal("");
    terminal.wait_for("backlog", SOON);
    terminal.stop_reading();
    wait_until("all are pushed", 2 * SOON, || server.llen("mylist") == 100);
    // It waits for a reader of its result, which a signal ends.
    terminal.signal(Signal::TERM);
    terminal.finish(SOON);
}

#[test]
fn stdout_that_is_not_read_does_not_hold_up_signals() {
    let server = RedisServer::start();
    server.push("mylist", ["a"]);
    let (_unread, stdout) = std::io::pipe().expect("a pipe");
    let words = ["watch", "--redis", &server.url(), "--output", "json", "--every", "1ms"];
    let run = Qscale::new(words).stdout_to(stdout).spawn();
    // Longer than it takes to fill the pipe.
    std::thread::sleep(Duration::from_secs(3));
    run.terminate();
    let run = run.finish(SOON);
    assert!([0, 130].contains(&run.status), "{}: {}", run.status, run.stderr);
}

#[test]
fn open_files_that_run_out_are_said_once() {
    let server = RedisServer::start();
    server.push("mylist", ["a", "b", "c", "d", "e", "f"]);
    let limited = |limit: u32| {
        let words = format!("ulimit -n {limit}; exec \"$0\" \"$@\"");
        let qscale = Qscale::new(["consume", "--redis", &server.url(), "--concurrency", "6", "--idle-exit", "0s"]);
        qscale.args(["--", "sleep", "0.2"]).through(["sh", "-c", &words]).output()
    };
    for limit in [4, 6, 12, 31] {
        let run = limited(limit).exits(2);
        let said = format!("error: the limit of open files is {limit}: raise it to 32 or more with `ulimit -n`\n");
        assert_eq!(run.stderr, said);
    }
    assert_eq!(server.llen("mylist"), 6);
    // Not enough for all at a time, but for one after the other.
    let run = limited(32).exits(0);
    assert!(run.stderr.matches("cannot start a command, retrying").count() <= 1, "{}", run.stderr);
    assert_eq!(server.cli(&["HGET", "{mylist}:stats", "acknowledged"]), "6");
}
