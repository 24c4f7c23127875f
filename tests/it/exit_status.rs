//! Exit statuses of the table under `qscale --help`, as the shell sees them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::support::{Qscale, RedisServer, Reply, SOON, wait_until};

/// Pops an item of a demo's list on this server; returns 1 if there was one.
const STEAL: &str = "for _, key in ipairs(redis.call('KEYS', 'qscale-demo-*')) do \
                       if redis.call('TYPE', key).ok == 'list' then redis.call('RPOP', key) return 1 end \
                     end return 0";

#[test]
fn table_lists_the_documented_statuses() {
    let help = Qscale::new(["--help"]).output().exits(0).stdout;
    let table = help.split_once("Exit status:\n").unwrap().1;
    let listed: BTreeSet<i32> = table.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
    // Each has a test below; the third signal has one in `streams`.
    assert_eq!(listed, BTreeSet::from([0, 1, 2, 4, 69, 75, 78, 130]));
}

#[test]
fn exit_status_is_0_when_done() {
    let server = RedisServer::start();
    Qscale::new(["produce", "--count", "3", "--redis", &server.url()]).output().exits(0);
    Qscale::new(["consume", "--max-items", "3", "--redis", &server.url(), "--work", "none"]).output().exits(0);
    Qscale::new(["watch", "--until-empty", "--redis", &server.url()]).output().exits(0);
}

#[test]
fn exit_status_is_0_when_an_open_ended_run_is_stopped() {
    let server = RedisServer::start();
    for words in [&["watch"][..], &["produce"], &["consume"]] {
        let run = Qscale::new(words).args(["--redis", &server.url(), "--list", "endless"]).spawn();
        run.wait_for_line("endless", SOON);
        run.terminate();
        run.finish(SOON).exits(0);
    }
}

#[test]
fn exit_status_is_0_when_the_output_pipe_is_closed() {
    let server = RedisServer::start();
    let watch = format!("watch --every 10ms --output json --redis {}", server.url());
    for words in ["completions bash", "render", &watch] {
        let (status, output) = piped(words, "head -n 1");
        assert_eq!(status, 0, "{words}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1, "{words}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("error"), "{words}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn exit_status_is_1_when_stdout_cannot_be_written() {
    for words in ["render", "completions zsh"] {
        let output = shell(&format!("\"$0\" {words} > /dev/full"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.lines().any(|line| line.starts_with("error: cannot write to stdout: ")), "{said}");
    }
}

#[test]
fn exit_status_is_2_when_command_line_or_environment_is_invalid() {
    Qscale::new(["produce", "--bacth", "5"]).output().exits(2);
    Qscale::new(["produce", "--redis", "http://localhost"]).output().exits(2);
    for (name, value) in [("REDIS_URL", "http://localhost"), ("REDIS_PORT", "many"), ("REDIS_TLS", "perhaps")] {
        let run = Qscale::new(["watch"]).env(name, value).output().exits(2);
        assert!(run.stderr.starts_with(&format!("error: {name}: ")), "{}", run.stderr);
    }
}

#[test]
fn exit_status_is_4_when_items_of_a_demo_are_missing() {
    let server = RedisServer::start();
    let demo = Qscale::new(["demo", "--redis", &server.url(), "--count", "20", "--consumers", "1"])
        .file("qscale.toml", "[produce]\nbatch = 20\n[consume]\nwork = \"500ms\"\n[scale]\ncooldown-period = \"20s\"\n")
        .spawn();
    wait_until("an item of the demo can be stolen", SOON, || {
        matches!(server.ask(&["EVAL", STEAL, "0"]), Ok(Reply::Integer(1)))
    });
    let demo = demo.finish(SOON).exits(4);
    let verdict = "FAIL: 20 pushed, 19 acknowledged + 0 dead, 0 remaining: items popped by other clients: 1";
    assert!(demo.stdout.lines().any(|line| line.starts_with(verdict)), "{}", demo.stdout);
}

#[test]
fn exit_status_is_69_when_redis_is_unreachable() {
    for words in [&["produce"][..], &["consume"], &["watch"], &["demo"]] {
        // Nothing listens on port 1.
        let run = Qscale::new(words).args(["--redis", "redis://127.0.0.1:1"]).deadline(SOON).output().exits(69);
        assert!(run.stderr.contains("127.0.0.1:1") && run.stderr.contains("\nhint: "), "{}", run.stderr);
    }
}

#[test]
fn exit_status_is_75_when_the_goal_is_not_reached() {
    let server = RedisServer::start();
    let redis = ["--redis", &server.url()];
    let produce = Qscale::new(["produce", "--count", "1000", "--rate", "10"]).args(redis).spawn();
    wait_until("something is pushed", SOON, || server.llen("mylist") > 0);
    produce.terminate();
    produce.finish(SOON).exits(75);

    Qscale::new(["watch", "--until-empty", "--every", "10ms", "--duration", "100ms"]).args(redis).output().exits(75);

    let consume = Qscale::new(["consume", "--max-items", "1000", "--work", "none"]).args(redis).spawn();
    wait_until("all is taken", SOON, || server.llen("mylist") == 0);
    consume.terminate();
    consume.finish(SOON).exits(75);
}

#[test]
fn exit_status_is_78_when_the_profile_is_invalid() {
    Qscale::new(["render"]).file("qscale.toml", "[queue]\nlist = 5\n").output().exits(78);
    Qscale::new(["--profile", "missing.toml", "watch"]).output().exits(78);
    // Settings that conflict are found when the endpoint is resolved.
    let run =
        Qscale::new(["watch"]).file("qscale.toml", "[redis]\nurl = \"unix:///s\"\ntls = true\n").output().exits(78);
    assert!(run.stderr.starts_with("error: qscale.toml:3:7: redis.tls: "), "{}", run.stderr);
}

#[test]
fn unreachable_redis_is_reported_within_seconds() {
    let run = Qscale::new(["watch", "--redis", "redis://127.0.0.1:1"]).output().exits(69);
    assert!(run.took < Duration::from_secs(5), "{:?}", run.took);
}

/// Runs `qscale words | reader`; returns the status of qscale itself.
fn piped(words: &str, reader: &str) -> (i32, Output) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("status");
    let output = shell(&format!("{{ \"$0\" {words}; echo $? > {}; }} | {reader}", file.display()));
    (read_status(&file), output)
}

fn read_status(file: &Path) -> i32 {
    let text = std::fs::read_to_string(file).expect("the shell has written the status");
    text.trim().parse().expect("a status is a number")
}

/// Runs a line of shell; `"$0"` in it is qscale.
fn shell(line: &str) -> Output {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new("sh");
    for (name, _) in std::env::vars_os() {
        if ["QSCALE_", "REDIS_", "KUBE"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.args(["-c", line, env!("CARGO_BIN_EXE_qscale")]).current_dir(folder.path()).env("HOME", folder.path());
    command.env("RUST_BACKTRACE", "0").stdin(Stdio::null()).output().expect("there is a shell")
}
