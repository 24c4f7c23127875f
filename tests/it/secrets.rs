//! Passwords in the wrong place: no message shows them, whatever flag, variable or key of the profile they were given to.
//!
//! Flags and variables come from the help of every subcommand, keys from the schema: what is added is tried as well.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use qscale::profile;

use super::schema::leaves;
use crate::support::{Finished, Qscale};

const MARKER: &str = "m4rker-S3cret";

/// Time for which a run that accepts the value is watched.
const WATCHED: Duration = Duration::from_secs(2);

/// Time between two checks of a run.
const PAUSE: Duration = Duration::from_millis(5);

/// Forms in which a password gets into a setting of another kind; nothing listens on the port.
fn forms() -> [String; 6] {
    [
        format!("redis://app:{MARKER}@127.0.0.1:1/0"),
        format!("redis://{MARKER}@127.0.0.1:1"),
        format!("rediss://:{MARKER}@127.0.0.1:1"),
        format!("app:{MARKER}@127.0.0.1:1"),
        format!("redis://127.0.0.1:{MARKER}"),
        format!("redis://app:{MARKER} `\"'x@127.0.0.1:1"),
    ]
}

/// Subcommands as they are typed, from their help.
fn subcommands() -> Vec<Vec<String>> {
    let mut all = vec![vec!["health".to_owned()]];
    let mut open = vec![Vec::new()];
    while let Some(path) = open.pop() {
        let help = help(&path);
        let commands = help.split("\nCommands:\n").nth(1).unwrap_or_default().split("\n\n").next().unwrap_or_default();
        let names: Vec<&str> = commands.lines().filter_map(|line| line.trim().split(' ').next()).collect();
        open.extend(names.iter().map(|name| [path.as_slice(), &[(*name).to_owned()]].concat()));
        if names.is_empty() {
            all.push(path);
        }
    }
    assert!(all.len() > 10, "{all:?}");
    all
}

fn help(path: &[String]) -> String {
    Qscale::new(path).arg("--help").output().exits(0).stdout
}

/// Names after `start` in the help, up to a character that ends them.
fn named(help: &str, start: &str) -> BTreeSet<String> {
    let names = help.split(start).skip(1);
    let end = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    names.filter_map(|rest| rest.split(end).next().map(str::to_owned)).filter(|name| name.len() > 1).collect()
}

/// Runs to the end, or for as long as is watched.
fn said(qscale: Qscale) -> Finished {
    let mut running = qscale.spawn();
    let start = Instant::now();
    while running.is_running() && start.elapsed() < WATCHED {
        thread::sleep(PAUSE);
    }
    if running.is_running() {
        running.kill();
    }
    running.wait()
}

type Run = Box<dyn Fn() -> Qscale + Sync + Send>;

/// Runs each of `runs` in some threads, and returns those that show the marker.
fn leaks(runs: &[(String, Run)]) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut leaks = Vec::new();
        while let Some((name, run)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Finished { stdout, stderr, .. } = said(run());
            let shown = [&stdout, &stderr].into_iter().flat_map(|text| text.lines());
            leaks.extend(shown.filter(|line| line.contains("m4rker")).map(|line| format!("{name}: {line}")));
        }
        leaks
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("the runs end")).collect()
    })
}

/// A run whose Redis is not there.
fn run(words: &[String]) -> Qscale {
    Qscale::new(["--verbose"]).args(words).env("QSCALE_CONNECT_TIMEOUT", "100ms").env("QSCALE_CONNECT_FOR", "0s")
}

#[test]
fn password_is_shown_for_no_flag_and_no_variable() {
    let mut runs: Vec<(String, Run)> = Vec::new();
    let forms = forms();
    let mut turn = 0;
    for path in subcommands() {
        let help = help(&path);
        let mut flags = named(&help, " --");
        flags.insert("heartbeat".to_owned());
        for flag in &flags {
            for form in [&forms[turn % forms.len()], &forms[(turn + 3) % forms.len()]] {
                let words = [path.as_slice(), &[format!("--{flag}"), form.clone()]].concat();
                let joined = [path.as_slice(), &[format!("--{flag}={form}")]].concat();
                let words = if turn % 2 == 0 { words } else { joined };
                let name = words.join(" ");
                runs.push((name, Box::new(move || run(&words).env("REDIS_HOST", "127.0.0.1").env("REDIS_PORT", "1"))));
            }
            turn += 1;
        }
        let mut variables = named(&help, "[env: ");
        variables.extend(["REDIS_PASSWORD", "REDIS_SERVICE_HOST", "REDIS_SERVICE_PORT"].map(str::to_owned));
        for variable in variables.into_iter().filter(|_| !path.is_empty()) {
            let form = forms[turn % forms.len()].clone();
            let (words, json) = (path.clone(), turn % 2 == 0);
            turn += 1;
            runs.push((
                format!("{variable}={form} {}", words.join(" ")),
                Box::new(move || {
                    let run = if json { run(&words).args(["--log", "json"]) } else { run(&words) };
                    run.env(&variable, &form)
                }),
            ));
        }
        for word in &forms[..2] {
            let words = [path.as_slice(), std::slice::from_ref(word)].concat();
            runs.push((words.join(" "), Box::new(move || run(&words).env("REDIS_URL", "redis://127.0.0.1:1"))));
        }
    }
    for (words, variables) in [
        (&["--password-file", MARKER][..], &[][..]),
        (&[], &[("REDIS_PASSWORD_FILE", MARKER)]),
        (&[], &[("REDIS_PASSWORD", MARKER)]),
        (&[], &[("REDIS_PASSWORD", "m4rker-S3cret\n")]),
        (&["--redis", MARKER], &[]),
    ] {
        let words: Vec<String> = ["watch"].iter().chain(words).map(|word| (*word).to_owned()).collect();
        let variables: Vec<_> = variables.to_vec();
        runs.push((
            format!("{words:?} {variables:?}"),
            Box::new(move || {
                let run = run(&words).env("REDIS_PORT", "1");
                variables.iter().fold(run, |run, (name, value)| run.env(name, value))
            }),
        ));
    }
    let leaks = leaks(&runs);
    assert!(leaks.is_empty(), "{} of {}:\n{}", leaks.len(), runs.len(), leaks.join("\n"));
}

#[test]
fn password_is_shown_for_no_key_of_the_profile() {
    let mut runs: Vec<(String, Run)> = Vec::new();
    let forms = forms();
    let schema = profile::schema();
    let mut texts = Vec::new();
    for (turn, (path, key, _)) in leaves(&schema).into_iter().enumerate() {
        let key =
            [path.as_slice(), &[key]].concat().iter().map(|part| format!("{part:?}")).collect::<Vec<_>>().join(".");
        for form in [&forms[turn % forms.len()], &forms[(turn + 2) % forms.len()]] {
            texts.push(format!("{key} = {form:?}\n"));
        }
        texts.push(format!("{key} = [{:?}]\n", forms[turn % forms.len()]));
        texts.push(format!("{key}.{:?} = 1\n", forms[turn % forms.len()]));
        texts.push(format!("env.prod.{key} = {:?}\n", forms[(turn + 1) % forms.len()]));
    }
    for form in &forms {
        texts.extend(
            ["redis", "queue", "env", "env.prod", "deploy.redis", "x", "scale.triggers"]
                .map(|key| format!("{key} = {form:?}\n")),
        );
        texts.push(format!("[{form:?}]\n"));
        texts.push(format!("redis = {form:?}\nredis = {form:?}\n"));
        texts.push(format!("redis = {form}\n"));
    }
    texts.extend(
        ["password", "passwd", "pasword", "password-file", "auth"]
            .map(|key| format!("[redis]\n{key} = \"{MARKER}\"\n")),
    );
    for (turn, text) in texts.into_iter().enumerate() {
        let words = match turn % 3 {
            0 => "render --check",
            1 => "render --only service",
            _ => "--log json watch --duration 100ms",
        };
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let words = if text.contains("prod") { [words, vec!["--env=prod".to_owned()]].concat() } else { words };
        let name = format!("{text:?} {}", words.join(" "));
        runs.push((name, Box::new(move || run(&words).file("qscale.toml", &text).env("REDIS_PORT", "1"))));
    }
    let leaks = leaks(&runs);
    assert!(leaks.is_empty(), "{} of {}:\n{}", leaks.len(), runs.len(), leaks.join("\n"));
}
