//! `qscale completions`: completions/ and man/ are current, complete, and installed by `make install`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Shells, and the files of their completion scripts.
const SHELLS: &[(&str, &str)] = &[
    ("bash", "qscale.bash"),
    ("elvish", "qscale.elv"),
    ("fish", "qscale.fish"),
    ("powershell", "_qscale.ps1"),
    ("zsh", "_qscale"),
];

#[test]
fn completions_are_current() {
    for (shell, file) in SHELLS {
        let shipped = fs::read_to_string(root().join("completions").join(file)).unwrap_or_default();
        assert!(shipped == script(shell), "completions/{file} is out of date: run `make regenerate`");
    }
}

#[test]
fn man_pages_are_current() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    stdout(&["completions", "man", "--out-dir", path]);
    assert_eq!(names(&root().join("man")), names(folder.path()), "run `make regenerate`");
    for name in names(folder.path()) {
        let written = fs::read_to_string(folder.path().join(&name)).unwrap();
        let shipped = fs::read_to_string(root().join("man").join(&name)).unwrap();
        assert!(shipped == written, "man/{name} is out of date: run `make regenerate`");
    }
}

#[test]
fn man_pages_cover_every_subcommand() {
    let pages = names(&root().join("man"));
    assert!(pages.contains("qscale.1"));
    for command in commands() {
        assert!(pages.contains(&format!("qscale-{command}.1")), "{command}: {pages:?}");
    }
    assert!(pages.contains("qscale-dead-requeue.1"), "{pages:?}");
}

#[test]
fn completions_know_every_shell() {
    let help = stdout(&["completions", "-h"]);
    let known = help.split_once("[possible values: ").unwrap().1.split_once(']').unwrap().0;
    let shipped: Vec<&str> = SHELLS.iter().map(|(shell, _)| *shell).chain(["man"]).collect();
    assert_eq!(known.split_whitespace().collect::<Vec<_>>().join(" ").split(", ").collect::<Vec<_>>(), shipped);
    let files: BTreeSet<String> = SHELLS.iter().map(|(_, file)| (*file).to_owned()).collect();
    assert_eq!(names(&root().join("completions")), files);
}

#[test]
fn completions_cover_every_subcommand_and_flag() {
    for (shell, _) in SHELLS {
        let script = script(shell);
        let flags = ["until-empty", "max-backlog", "profile"].map(str::to_owned);
        for word in commands().into_iter().chain(flags) {
            assert!(script.contains(&word), "{shell} does not complete `{word}`");
        }
    }
}

#[test]
fn completions_need_neither_profile_nor_redis() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("qscale.toml"), "not a profile").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_qscale"))
        .args(["completions", "bash", "--out-dir", "scripts"])
        .env("REDIS_URL", "not a URL")
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_to_string(folder.path().join("scripts/qscale.bash")).unwrap(), script("bash"));
}

#[test]
fn install_puts_binary_man_pages_and_completions_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("make")
        .arg("install")
        .arg(format!("BINARY={}", env!("CARGO_BIN_EXE_qscale")))
        .arg(format!("DESTDIR={}", folder.path().display()))
        .arg("PREFIX=/usr")
        .current_dir(root())
        .output()
        .expect("`make` can be started: install it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let usr = folder.path().join("usr");
    let version = Command::new(usr.join("bin/qscale")).arg("--version").output().unwrap();
    assert!(version.stdout.starts_with(b"qscale "));
    assert_eq!(names(&usr.join("share/man/man1")), names(&root().join("man")));
    for (from, to) in [
        ("qscale.bash", "bash-completion/completions/qscale"),
        ("_qscale", "zsh/site-functions/_qscale"),
        ("qscale.fish", "fish/vendor_completions.d/qscale.fish"),
    ] {
        let installed = fs::read(usr.join("share").join(to)).unwrap();
        assert_eq!(installed, fs::read(root().join("completions").join(from)).unwrap(), "{to}");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Names of the files in a folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("a readable folder").file_name().into_string().expect("a plain name")).collect()
}

/// Subcommands that help lists.
fn commands() -> Vec<String> {
    let help = stdout(&["--help"]);
    let (_, commands) = help.split_once("Commands:\n").expect("help lists the subcommands");
    let (commands, _) = commands.split_once("\n\n").expect("the list ends with an empty line");
    let names = commands.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn script(shell: &str) -> String {
    stdout(&["completions", shell])
}

fn stdout(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_qscale")).args(words).output().expect("qscale can be started");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}
