//! `qscale init`: a profile to start from, which is then read, and no file that is there lost.

use std::fs;
use std::path::Path;

use crate::support::{Finished, Qscale, RedisServer, toml_files};

/// Runs `qscale init` in `folder`.
fn init(folder: &Path, words: &[&str]) -> Finished {
    Qscale::new(["init"]).args(words).in_folder(folder).output()
}

#[test]
fn every_shipped_profile_is_a_template_that_renders() {
    for path in toml_files("config") {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let folder = tempfile::tempdir().unwrap();
        init(folder.path(), &["--from", name]).exits(0);
        let rendered = Qscale::new(["render"]).in_folder(folder.path()).output().exits(0);
        let shipped = Qscale::new(["render", "--profile", path.to_str().unwrap()]).output().exits(0);
        assert_eq!(rendered.stdout, shipped.stdout, "{name}");
        let checked = Qscale::new(["render", "--check"]).in_folder(folder.path()).output().exits(0);
        assert!(checked.stdout.ends_with("0 errors, 0 warnings\n") || name != "worker", "{}", checked.stdout);
    }
}

#[test]
fn file_that_exists_is_kept_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("qscale.toml");
    fs::write(&file, "mine").unwrap();
    let refused = init(folder.path(), &[]).exits(2);
    assert_eq!(refused.stderr, "error: `qscale.toml` exists: --force replaces it, --output names another file\n");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    init(folder.path(), &["--force"]).exits(0);
    assert!(fs::read_to_string(&file).unwrap().starts_with("# Demo"), "it is replaced");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn place_that_cannot_take_the_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (words, said) in [
        (["--output", "."], "error: --output: `.` is a folder: name a file in it, such as `./qscale.toml`\n"),
        (["--output", "missing/a.toml"], "error: --output: there is no folder `missing`\n"),
        (
            ["--output", "/dev/null"],
            "error: --output: `/dev/null` is not a regular file: `--output -` writes to stdout\n",
        ),
        (["--profile", "a.toml"], "error: --profile: names a profile to read: name the one to write with --output\n"),
    ] {
        assert_eq!(init(folder.path(), &words).exits(2).stderr, said);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn next_steps_name_the_profile_where_it_is_not_found_without() {
    let folder = tempfile::tempdir().unwrap();
    let found = init(folder.path(), &[]).exits(0).stdout;
    assert!(found.contains("\n  qscale simulate ") && !found.contains("--profile"), "{found}");
    let elsewhere = init(folder.path(), &["--output", "a.toml"]).exits(0).stdout;
    assert!(elsewhere.contains("\n  qscale --profile a.toml simulate "), "{elsewhere}");
    let text = fs::read_to_string(folder.path().join("a.toml")).unwrap();
    assert!(!text.contains("config/"), "{text}");
    let command = Qscale::new(["init", "--force"]).env("QSCALE_PROFILE", "other.toml").in_folder(folder.path());
    let overridden = command.output().exits(0).stdout;
    assert!(overridden.contains("\n  qscale --profile qscale.toml simulate "), "{overridden}");
}

#[test]
fn invalid_profile_in_the_folder_does_not_prevent_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("qscale.toml"), "[").unwrap();
    init(folder.path(), &["--force"]).exits(0);
    let printed = init(folder.path(), &["--output", "-"]).exits(0);
    assert_eq!(printed.stdout, fs::read_to_string(folder.path().join("qscale.toml")).unwrap());
}

#[test]
fn command_is_run_and_its_work_only_simulated() {
    let profile = "[consume]\ncommand = [\"sh\", \"-c\", \"cat >> processed\"]\nwork = \"1h\"\n";
    let redis = RedisServer::start();
    redis.cli(&["RPUSH", "mylist", "a"]);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("qscale.toml"), profile).unwrap();
    let qscale = |words: &[&str]| Qscale::new(words).in_folder(folder.path()).env("REDIS_URL", redis.url());
    qscale(&["consume", "--once"]).output().exits(0);
    assert_eq!(fs::read_to_string(folder.path().join("processed")).unwrap(), "a");
    let simulated = qscale(&["simulate", "--produce", "burst 1"]).output().exits(0).stdout;
    assert!(simulated.contains("1h per item"), "{simulated}");
}
