//! `qscale render --show-profile`: the effective profile, with the origin of every value and without secrets.

use std::fs;

use crate::support::{Finished, Qscale, toml_files};

/// Password that may not be shown.
const PASSWORD: &str = "s3cret77";

const PROFILE: &str = "\
[redis]
url = \"rediss://app:s3cret77@redis.example.com:6380/0\"
[produce]
every = \"2s\"
[consume]
command = [\"python3\", \"w.py\", \"--token=s3cret77\"]
drain = \"20s\"
[deploy]
env = { API_TOKEN = \"s3cret77\", DATABASE_URL = \"postgres://a:s3cret77@h/d\", LOG = \"x\" }
[env.prod.scale]
max-replica-count = 50
";

fn show(words: &[&str], variables: &[(&str, &str)]) -> Finished {
    let command = Qscale::new(["render", "--show-profile"]).args(words).file("qscale.toml", PROFILE);
    let command = variables.iter().fold(command, |command, (name, value)| command.env(name, value));
    command.output().exits(0)
}

#[test]
fn every_value_has_its_origin() {
    let variables = [("QSCALE_RATE", "5"), ("QSCALE_CONCURRENCY", "4"), ("LIST_NAME", "orders"), ("QSCALE_BATCH", "")];
    let shown = show(&["--env", "prod", "--namespace", "here"], &variables).stdout;
    for line in [
        "url = \"rediss://app:********@redis.example.com:6380/0\"  # qscale.toml:2",
        "list = \"orders\"  # LIST_NAME",
        "rate = \"5\"  # QSCALE_RATE",
        "concurrency = 4  # QSCALE_CONCURRENCY",
        "drain = \"20s\"  # qscale.toml:7",
        "max-replica-count = 50  # qscale.toml:11 (env.prod)",
        "namespace = \"here\"  # --namespace",
        "# batch = 50  # default",
        "# max-items: unlimited  # default",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "no {line}:\n{shown}");
    }
    // A rate of the environment is in place of the profile's `every`.
    assert!(!shown.contains("\nevery = \"2s\""), "{shown}");
}

#[test]
fn secrets_are_not_shown() {
    let run = show(&[], &[("REDIS_PASSWORD", PASSWORD), ("REDIS_URL", "redis://app:s3cret77@other.example.com")]);
    assert!(!run.stdout.contains(PASSWORD) && !run.stderr.contains(PASSWORD), "{}", run.stdout);
    assert!(run.stdout.contains("other.example.com\"  # REDIS_URL"), "{}", run.stdout);
    assert!(run.stdout.contains("LOG = \"x\""), "{}", run.stdout);
}

#[test]
fn shown_profile_renders_the_same() {
    for path in toml_files("config") {
        let text = fs::read_to_string(&path).unwrap();
        let run = |words: &[&str], text: &str| Qscale::new(words).file("qscale.toml", text).output().exits(0).stdout;
        let shown = run(&["render", "--show-profile"], &text);
        assert_eq!(run(&["render"], &shown), run(&["render"], &text), "{}:\n{shown}", path.display());
    }
}
