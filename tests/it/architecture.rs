//! The walls of the house: which room under `src/` may name what.

use std::fs;
use std::path::{Path, PathBuf};

/// A name of the outside, and the only rooms that may use it.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("fred::", &["queue/"]),
    ("kube::", &["kubernetes/"]),
    ("tokio::signal", &["shutdown.rs"]),
    ("process::exit", &["shutdown.rs"]),
    ("indicatif::", &["terminal/"]),
    ("tracing_subscriber::", &["terminal/"]),
    ("anstream::stdout", &["terminal/"]),
    ("anstream::stderr", &["terminal/"]),
    // The command line knows the words for colour, and no stream.
    ("anstream::", &["terminal/", "cli.rs"]),
    ("print!", &[]),
    ("println!", &[]),
    ("eprint!", &[]),
    ("eprintln!", &[]),
    ("io::stderr", &["terminal/"]),
    // Items that nobody works here are handed on as lines.
    ("io::stdout", &["terminal/", "handler/"]),
    ("io::stdin", &["files/"]),
    ("process::Command", &["handler/", "sandbox/"]),
    ("process::{Child, Command}", &["handler/", "sandbox/"]),
    ("k8s_openapi::", &["manifest/"]),
    ("granit_parser::", &["lint/"]),
    // What a key may hold is said beside its type.
    ("schemars::", &["profile/", "units/", "workload/"]),
    ("prometheus_client::", &["metrics/"]),
    ("axum::", &["metrics/"]),
    ("clap_complete::", &["commands/completions.rs"]),
    // The number of an exit status; everyone else says `Status`.
    ("ExitCode::from", &["exit.rs"]),
    ("for ExitCode", &["exit.rs"]),
    ("ExitCode::SUCCESS", &[]),
    ("ExitCode::FAILURE", &[]),
];

/// The notions: no clock, no network, no terminal, no files, no chance without a seed.
const NOTIONS: &[&str] = &[
    "lint/",
    "comparison/",
    "delivery/",
    "endpoint/",
    "manifest/",
    "profile/",
    "sample/",
    "scaler/",
    "simulation/",
    "tuning/",
    "units/",
    "workload/",
];

/// What no notion names, and the one place that may.
const IMPURE: &[(&str, Option<&str>)] = &[
    ("tokio", None),
    ("clap::", None),
    ("fred::", None),
    ("kube::", None),
    ("color_eyre::", None),
    ("tracing::", None),
    ("TcpStream", None),
    ("UnixStream", None),
    ("std::process", None),
    // `Profile::read`
    ("fs::", Some("profile/mod.rs")),
    ("std::fs", Some("profile/mod.rs")),
    ("env::", None),
    ("SystemTime::now", None),
    ("Instant::now", None),
    ("rand::rng(", None),
    ("rand::random", None),
    ("thread_rng", None),
];

/// A door or notion, and the rooms it may name besides the notions. The rest of the house knows them, not they it.
const ROOMS: &[(&str, &[&str])] = &[
    ("lint/", &[]),
    ("comparison/", &[]),
    ("delivery/", &[]),
    ("endpoint/", &[]),
    ("sample/", &[]),
    ("manifest/", &[]),
    ("profile/", &[]),
    ("scaler/", &[]),
    ("simulation/", &[]),
    ("tuning/", &[]),
    ("units/", &[]),
    ("workload/", &[]),
    ("queue/", &[]),
    ("kubernetes/", &[]),
    // What commands print is passed on.
    ("handler/", &["terminal"]),
    ("sandbox/", &[]),
    ("metrics/", &[]),
    ("files/", &[]),
    ("shutdown.rs", &[]),
    // The way out of an error is shown below it.
    ("terminal/", &["exit"]),
    // Whose errors have a status of their own.
    ("exit.rs", &["files", "kubernetes", "queue", "sandbox"]),
    ("args.rs", &[]),
    ("cli.rs", &["commands", "exit", "terminal"]),
];

/// The length, without its tests, that a file does not pass.
const LONGEST: usize = 350;

#[test]
fn only_its_own_room_names_a_library() {
    for file in house() {
        for (name, rooms) in OUTSIDE {
            if !file.is_in(rooms) {
                file.must_not_name(name, &format!("only {rooms:?} may"));
            }
        }
    }
}

#[test]
fn notions_are_pure() {
    for file in house().iter().filter(|file| file.is_in(NOTIONS)) {
        for (name, exception) in IMPURE {
            if *exception != Some(file.path.as_str()) {
                file.must_not_name(name, "no notion may");
            }
        }
    }
}

#[test]
fn the_one_file_that_a_notion_reads_is_the_profile() {
    let house = house();
    let profile = house.iter().find(|file| file.path == "profile/mod.rs").unwrap();
    assert_eq!(profile.lines.iter().filter(|(_, line)| names(line, "fs::")).count(), 1, "Profile::read, and no other");
}

#[test]
fn no_room_names_one_above_it() {
    let notions: Vec<&str> = NOTIONS.iter().map(|room| name_of(room)).collect();
    for file in house() {
        let Some((room, below)) = ROOMS.iter().find(|(room, _)| file.is_in(&[room])) else { continue };
        for (number, line) in &file.lines {
            for named in rooms_named(line) {
                let known = notions.contains(&named) || below.contains(&named) || named == name_of(room);
                assert!(known, "{}:{number}: {room} names `crate::{named}`: {line}", file.path);
            }
        }
    }
}

#[test]
fn every_room_has_its_walls() {
    let free = ["commands/", "lib.rs", "main.rs"];
    for file in house() {
        assert!(
            file.is_in(&free) || ROOMS.iter().any(|(room, _)| file.is_in(&[room])),
            "{}: add it to ROOMS",
            file.path
        );
    }
}

#[test]
fn no_command_names_another() {
    let house = house();
    let flows: Vec<&File> =
        house.iter().filter(|file| file.is_in(&["commands/"]) && file.path != "commands/mod.rs").collect();
    assert!(!flows.is_empty());
    for file in &flows {
        for (number, line) in &file.lines {
            assert!(!line.contains("crate::commands"), "{}:{number}: {line}", file.path);
        }
        for other in &flows {
            let other = name_of(other.path.trim_start_matches("commands/"));
            file.must_not_name(&format!("super::{other}"), "no command may name another");
        }
    }
}

#[test]
fn every_file_opens_with_what_lives_in_it() {
    for file in house() {
        let first = file.text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//! ") && first.len() > 10, "{}: no `//!` line at the top", file.path);
    }
}

#[test]
fn no_file_grows_beyond_what_can_be_read() {
    for file in house() {
        let lines = file.text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        assert!(lines <= LONGEST, "{}: {lines} lines without its tests, {LONGEST} at most", file.path);
    }
}

#[test]
fn a_name_is_found_where_it_is_whole() {
    assert!(names("use kube::Client;", "kube::"));
    assert!(!names("use mykube::Client;", "kube::"));
    assert!(names("    println!(\"x\");", "println!") && !names("    eprintln!(\"x\");", "println!"));
    assert_eq!(rooms_named("use crate::exit::{Outcome}; crate::queue::x()"), ["exit", "queue"]);
    assert_eq!(rooms_named("use crate::{item, queue::List};"), ["item", "queue"]);
}

/// A file under `src/`.
struct File {
    /// From `src/` on.
    path: String,
    text: String,
    /// Number and text of each line of code: without comments, and without the tests at the end.
    lines: Vec<(usize, String)>,
}

impl File {
    fn is_in(&self, rooms: &[&str]) -> bool {
        rooms.iter().any(|room| if room.ends_with('/') { self.path.starts_with(room) } else { self.path == *room })
    }

    #[track_caller]
    fn must_not_name(&self, name: &str, why: &str) {
        for (number, line) in &self.lines {
            assert!(!names(line, name), "{}:{number} names `{name}`, and {why}: {line}", self.path);
        }
    }
}

/// Every file under `src/`.
fn house() -> Vec<File> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&src, &mut files);
    assert!(files.len() > 10, "{files:?}");
    files.into_iter().map(|path| read(&src, &path)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src/ can be listed") {
        let path = entry.expect("src/ can be listed").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn read(src: &Path, path: &Path) -> File {
    let text = fs::read_to_string(path).expect("a source file can be read");
    let lines = text
        .lines()
        .enumerate()
        .take_while(|(_, line)| *line != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line.to_owned()))
        .collect();
    let path = path.strip_prefix(src).expect("it was found there").to_str().expect("its name is plain").to_owned();
    File { path, text, lines }
}

/// Whether `line` holds `name` as a whole, not as the end of a longer one.
fn names(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// The rooms that a line names: `queue` for `crate::queue::List`, each of `crate::{item, queue::List}`.
fn rooms_named(line: &str) -> Vec<&str> {
    let word = |text: &str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    line.match_indices("crate::")
        .flat_map(|(at, prefix)| {
            let rest = &line[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(list) => list.split('}').next().unwrap_or(list).split(", ").map(|one| &one[..word(one)]).collect(),
                None => vec![&rest[..word(rest)]],
            }
        })
        .filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
        .collect()
}

/// `queue` for `queue/`, `exit` for `exit.rs`.
fn name_of(room: &str) -> &str {
    room.trim_end_matches('/').trim_end_matches(".rs")
}
