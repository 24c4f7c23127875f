//! Hands commit, features and target of the build to the program, for `qscale --version`.

use std::io::Write as _;
use std::process::Command;
use std::{env, io};

/// Digits of a commit that are enough to tell it from any other.
const SHOWN: usize = 12;

fn main() -> io::Result<()> {
    let mut cargo = io::stdout();
    writeln!(cargo, "cargo::rerun-if-changed=build.rs\ncargo::rerun-if-env-changed=QSCALE_COMMIT")?;
    let given = env::var("QSCALE_COMMIT").ok().filter(|commit| !commit.is_empty());
    // While developing, each commit would build the whole program once more.
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if is_release
        && given.is_none()
        && let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"])
    {
        writeln!(cargo, "cargo::rerun-if-changed={log}")?;
    }
    let commit = given.or_else(|| if is_release { git(&["rev-parse", "HEAD"]) } else { None });
    let commit = commit.map_or("unknown".to_owned(), |commit| commit.chars().take(SHOWN).collect());
    writeln!(cargo, "cargo::rustc-env=QSCALE_COMMIT={commit}")?;
    writeln!(cargo, "cargo::rustc-env=QSCALE_FEATURES={}", features())?;
    writeln!(cargo, "cargo::rustc-env=QSCALE_TARGET={}", env::var("TARGET").unwrap_or_default())
}

/// Returns the features of this build, or `none`.
fn features() -> String {
    let names = env::vars().filter_map(|(name, _)| Some(name.strip_prefix("CARGO_FEATURE_")?.to_lowercase()));
    let mut names: Vec<String> = names.filter(|name| name != "default").collect();
    names.sort();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Returns what git answers, in a checkout of this package; `None` in a tarball, or without git.
fn git(arguments: &[&str]) -> Option<String> {
    let root = env::var("CARGO_MANIFEST_DIR").ok()?;
    let answer = |arguments: &[&str]| {
        let output = Command::new("git").args(["-C", &root]).args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        (output.status.success() && !text.is_empty()).then_some(text)
    };
    // Not those of a repository that this one was unpacked in.
    let tracked = answer(&["ls-files", "--error-unmatch", "build.rs"]);
    tracked.and_then(|_| answer(arguments))
}
