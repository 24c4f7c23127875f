//! `qscale render --check`, and what render warns of: the faults of profiles, where they stand in the profile.

mod support;

use std::collections::BTreeSet;

use support::{Finished, Qscale, toml_files};

const REDIS: &str = "[redis]\nhost = \"redis.example.com\"\n";

fn check(profile: &str) -> Finished {
    Qscale::new(["--profile", "q.toml", "render", "--check"]).file("q.toml", profile).output()
}

#[test]
fn profiles_that_are_shipped_have_no_faults() {
    for path in toml_files("config") {
        let words = ["--profile", path.to_str().unwrap(), "render", "--check", "--deny-warnings"];
        let Finished { stdout, stderr, .. } = Qscale::new(words).output().exits(0);
        assert_eq!(stdout, "0 errors, 0 warnings\n", "{}: {stderr}", path.display());
    }
}

#[test]
fn all_that_is_wrong_is_said_and_not_the_first_alone() {
    let profile = "[redis]\nhost = \"redis\"\nport = 0\n[scale]\nlist-length = 0\npollingInterval = 5\n\
                   fallback = { replicas = 3 }\n[env.prod.scale]\nmax-replica-count = 0\n";
    let Finished { stdout, .. } = check(profile).exits(4);
    let places: Vec<&str> = stdout.lines().filter_map(|line| line.split("]: q.toml:").nth(1)).collect();
    let lines: BTreeSet<&str> = places.iter().filter_map(|place| place.split(':').next()).collect();
    assert_eq!(lines, BTreeSet::from(["2", "3", "5", "6", "7", "9"]), "{stdout}");
    assert!(stdout.ends_with("5 errors, 1 warning\n"), "{stdout}");
}

#[test]
fn each_fault_is_shown_at_the_key_it_comes_from() {
    for (tables, code, key, way_out) in [
        (
            "[scale]\nmin-replica-count = 2\ncooldown-period = \"60s\"",
            "cooldown-no-effect",
            "5:19: scale.cooldown-period",
            "`scale-down`",
        ),
        (
            "[scale]\nmin-replica-count = 2\npolling-interval = \"5s\"",
            "polling-no-effect",
            "5:20: scale.polling-interval",
            "take it away",
        ),
        ("[scale]\npolling-interval = \"2m\"", "slow-start", "4:20: scale.polling-interval", "30 seconds"),
        (
            "[scale]\nactivation-list-length = 10",
            "activation-waits",
            "4:26: scale.activation-list-length",
            "take it away",
        ),
        (
            "[scale]\ncombine = \"sum\"\nactivation-target = 5",
            "activation-waits",
            "5:21: scale.activation-target",
            "take it away",
        ),
        (
            "[scale]\nmin-replica-count = 1\nfallback = { failure-threshold = 3, replicas = 4 }",
            "fallback",
            "5:12: scale.fallback",
            "take it away",
        ),
        (
            "[scale.fallback]\nfailure-threshold = 3\nreplicas = 1",
            "fallback",
            "3:1: scale.fallback",
            "`min-replica-count` to 1",
        ),
        (
            "[scale]\nlist-length = 1000\n[consume]\nwork = \"2s..6s\"",
            "list-length-average",
            "4:15: scale.list-length",
            "one pod",
        ),
        ("[scale]\nmax-replica-count = 6000", "too-many-clients", "4:21: scale.max-replica-count", "maxclients"),
        ("[consume]\nwork = \"2s..2m\"\ndrain = \"1m\"", "grace-period", "5:9: consume.drain", "lengthen the drain"),
        ("[consume]\ncommand = [\"./work\"]\ntimeout = \"5m\"", "grace-period", "5:11: consume.timeout", "ScaledJob"),
        (
            "[scale]\ncooldown-period = \"30s\"\n[consume]\ndelivery = \"at-most-once\"\nwork = \"25s\"",
            "cooldown-cuts-work",
            "4:19: scale.cooldown-period",
            "lengthen it",
        ),
        (
            "[scale]\nkind = \"ScaledJob\"\n[scale.job]\nrollout = \"immediate\"",
            "rollout-kills",
            "6:11: scale.job.rollout",
            "gradual",
        ),
        (
            "[deploy]\nimage-pull-policy = \"Never\"",
            "image-pull-policy",
            "4:21: deploy.image-pull-policy",
            "IfNotPresent",
        ),
    ] {
        let Finished { stdout, .. } = check(&format!("{REDIS}{tables}\n")).exits(0);
        let line = format!("warning[{code}]: q.toml:{key}: ");
        assert!(stdout.contains(&line) && stdout.contains(way_out), "{tables}:\n{line}\n{stdout}");
        assert!(stdout.contains("\nhint: "), "{stdout}");
    }
    for (redis, code, key) in [
        ("host = \"redis\"", "short-host", "2:8: redis.host"),
        ("host = \"10.1.2.3\"", "host-address", "2:8: redis.host"),
        ("url = \"redis://r.n:6380\"", "port-of-tls", "2:7: redis.url"),
        ("host = \"r.n\"\ntls = true\ntls-skip-verify = true", "tls-unverified", "4:19: redis.tls-skip-verify"),
        ("host = \"r.n\"\naddresses = [\"r.n:1\"]\ntopology = \"cluster\"\n", "keda-version", "4:12: redis.topology"),
    ] {
        let redis = redis.replace("host = \"r.n\"\naddresses", "addresses").replace("topology", "# \ntopology");
        let words = ["--profile", "q.toml", "render", "--check", "--keda-version", "2.9.1", "--namespace", "shop"];
        let Finished { stdout, .. } =
            Qscale::new(words).file("q.toml", format!("[redis]\n{redis}\n")).output().exits(0);
        assert!(stdout.contains(&format!("warning[{code}]: q.toml:{key}: ")), "{redis}:\n{stdout}");
    }
}

#[test]
fn what_the_profile_refuses_is_a_finding_of_the_check() {
    for (tables, place) in [
        ("[scale]\nlist-length = 0", "error[profile]: q.toml:4:15: scale.list-length: "),
        ("[scale]\nlist-lenght = 5", "error[profile]: q.toml:4:1: unknown key"),
        ("[redis", "error[profile]: q.toml:3:"),
        ("[deploy]\nredis = true", "error[profile]: q.toml:4:9: deploy.redis"),
    ] {
        let Finished { stdout, stderr, .. } = check(&format!("{REDIS}{tables}\n")).exits(4);
        assert!(stdout.contains(place) && stdout.contains("1 error, 0 warnings"), "{tables}:\n{stdout}{stderr}");
    }
    Qscale::new(["--profile", "missing.toml", "render", "--check"]).output().exits(78);
}

#[test]
fn render_warns_in_a_line_and_writes_all_the_same() {
    let profile = format!("{REDIS}[scale]\nmin-replica-count = 1\ncooldown-period = \"60s\"\n");
    let Finished { stdout, stderr, .. } =
        Qscale::new(["--profile", "q.toml", "render"]).file("q.toml", &profile).output().exits(0);
    assert!(stdout.contains("kind: ScaledObject"), "{stdout}");
    let warnings: Vec<&str> = stderr.lines().collect();
    assert!(
        warnings.len() == 1 && warnings[0].contains("q.toml:5:19: scale.cooldown-period: has no effect"),
        "{stderr}"
    );
}

#[test]
fn a_password_that_would_end_in_a_manifest_is_refused_and_not_shown() {
    let profile = format!("{REDIS}[consume]\ncommand = [\"./work\", \"redis://app:s3cret@other.example.com\"]\n");
    for words in [&["render"][..], &["render", "--check"]] {
        let qscale = Qscale::new([&["--profile", "q.toml"], words].concat()).file("q.toml", &profile).output();
        assert!(
            !qscale.stdout.contains("s3cret") && !qscale.stderr.contains("s3cret"),
            "{}{}",
            qscale.stdout,
            qscale.stderr
        );
        assert!(format!("{}{}", qscale.stdout, qscale.stderr).contains("password"), "{}", qscale.stderr);
    }
}

#[test]
fn a_clean_check_says_so_and_writes_nothing_else() {
    assert_eq!(check(REDIS).exits(0).stdout, "0 errors, 0 warnings\n");
}
