//! `qscale completions`: completions/ is current, and every shell has its script.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Shells, and the file that their completion lives in.
const SHELLS: &[(&str, &str)] = &[
    ("bash", "qscale.bash"),
    ("elvish", "qscale.elv"),
    ("fish", "qscale.fish"),
    ("powershell", "_qscale.ps1"),
    ("zsh", "_qscale"),
];

#[test]
fn what_is_shipped_is_current() {
    for (shell, file) in SHELLS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(file);
        let shipped = fs::read_to_string(&path).unwrap_or_default();
        assert!(shipped == script(shell), "completions/{file} is not what `completions` writes: run `make regenerate`");
    }
}

#[test]
fn every_shell_that_is_known_is_shipped() {
    let help = stdout(&["completions", "--help"]);
    let known = help.split_once("[possible values: ").unwrap().1.split_once(']').unwrap().0;
    let shipped: Vec<&str> = SHELLS.iter().map(|(shell, _)| *shell).collect();
    assert_eq!(known.split(", ").collect::<Vec<_>>(), shipped);
    assert_eq!(fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("completions")).unwrap().count(), shipped.len());
}

#[test]
fn every_subcommand_and_its_flags_are_completed() {
    let help = stdout(&["--help"]);
    let commands = help.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let commands: Vec<&str> = commands.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    for (shell, _) in SHELLS {
        let script = script(shell);
        for word in commands.iter().filter(|word| !word.is_empty()).chain(&["until-empty", "max-backlog", "profile"]) {
            assert!(script.contains(word), "{shell} does not complete `{word}`");
        }
    }
}

#[test]
fn a_script_needs_neither_profile_nor_redis() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("qscale.toml"), "this is no profile").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_qscale"))
        .args(["completions", "bash"])
        .env("REDIS_URL", "this is no URL")
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn script(shell: &str) -> String {
    stdout(&["completions", shell])
}

fn stdout(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_qscale")).args(words).output().expect("qscale can be started");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("what it writes is text")
}
