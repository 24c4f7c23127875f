//! `qscale render --check`, and what render warns of: the faults of profiles, where they stand in the profile.

use std::collections::BTreeSet;

use crate::support::{Finished, Qscale, toml_files};

const REDIS: &str = "[redis]\nhost = \"redis.example.com\"\n";

/// Handler of profiles in which another setting is tested.
const WORK: &str = "[consume]\nwork = \"2s\"\n";

fn check(profile: &str) -> Finished {
    Qscale::new(["--profile", "q.toml", "render", "--check"]).file("q.toml", profile).output()
}

/// Checks a profile with these tables, which is warned of at a place, or at a key that is not there.
#[track_caller]
fn warns_of(tables: &str, code: &str, place: &str, hint: &str) {
    let Finished { stdout, .. } = check(&format!("{REDIS}{tables}\n")).exits(0);
    let blank = if place.starts_with(|c: char| c.is_ascii_digit()) { "" } else { " " };
    let line = format!("warning[{code}]: q.toml:{blank}{place}");
    assert!(stdout.contains(&line) && stdout.contains(hint), "{tables}:\n{line}\n{stdout}");
    assert!(stdout.contains("\nhint: "), "{stdout}");
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
fn check_reports_all_errors() {
    let profile = "[redis]\nhost = \"redis\"\nport = 0\n[scale]\nlist-length = 0\npollingInterval = 5\n\
                   fallback = { replicas = 3 }\n[consume]\nwork = \"6s..2s\"\n[env.prod.scale]\nmax-replica-count = 0\n";
    let Finished { stdout, .. } = check(profile).exits(4);
    let places: Vec<&str> = stdout.lines().filter_map(|line| line.split("]: q.toml:").nth(1)).collect();
    let lines: BTreeSet<&str> = places.iter().filter_map(|place| place.split(':').next()).collect();
    assert_eq!(lines, BTreeSet::from(["2", "3", "5", "6", "7", "9", "11"]), "{stdout}");
    assert!(stdout.ends_with("6 errors, 1 warning\n"), "{stdout}");
}

#[test]
fn check_reports_all_errors_of_triggers_by_their_number() {
    let trigger = |lines: &str| format!("[[scale.triggers]]\n{lines}\n");
    let profile = [
        format!("{REDIS}{WORK}"),
        trigger("name = \"a-b\"\ntype = \"nats\"\nmetadata = {}\nactivation = -1"),
        trigger("nmae = \"b\"\ntype = \"cron\"\nmetadata = {}"),
        trigger("name = \"c\"\ntype = \"cron\"\nmetadata = {}\nmetric-type = 5\nauthentication = { name = \"A\" }"),
        trigger("name = \"c\"\ntype = \"cpu\"\nmetadata = {}"),
    ];
    let Finished { stdout, .. } = check(&profile.concat()).exits(4);
    let places = stdout.lines().filter_map(|line| line.strip_prefix("error[invalid-profile]: q.toml:"));
    let places: Vec<&str> = places.map(|place| place.split_inclusive(": ").take(2).last().unwrap_or(place)).collect();
    assert_eq!(
        places,
        [
            "scale.triggers[0].name: ",
            "scale.triggers[0].type: ",
            "scale.triggers[0].activation: ",
            "missing key `name`",
            "unknown key `nmae`",
            "wanted string or table",
            "scale.triggers[2].authentication: ",
            "scale.triggers[3].name: ",
            "scale.triggers[3].type: ",
        ],
        "{stdout}"
    );
}

#[test]
fn check_findings_point_at_the_key() {
    for (tables, code, key, hint) in [
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
            "remove it",
        ),
        ("[scale]\npolling-interval = \"2m\"", "slow-activation", "4:20: scale.polling-interval", "30 seconds"),
        (
            "[scale]\nactivation-list-length = 10",
            "activation-threshold",
            "4:26: scale.activation-list-length",
            "remove it",
        ),
        (
            "[scale]\ncombine = \"sum\"\nactivation-target = 5",
            "activation-threshold",
            "5:21: scale.activation-target",
            "remove it",
        ),
        (
            "[scale]\nmin-replica-count = 1\nfallback = { failure-threshold = 3, replicas = 4 }",
            "fallback-no-effect",
            "5:12: scale.fallback",
            "remove it",
        ),
        (
            "[scale.fallback]\nfailure-threshold = 3\nreplicas = 1",
            "fallback-no-effect",
            "3:1: scale.fallback",
            "`min-replica-count` to at least 1",
        ),
        (
            "[scale]\nlist-length = 1000\n[consume]\nwork = \"2s..6s\"",
            "list-length-average",
            "4:15: scale.list-length",
            "one pod",
        ),
        ("[scale]\nmax-replica-count = 6000", "too-many-clients", "4:21: scale.max-replica-count", "maxclients"),
        ("[consume]\nwork = \"2s..2m\"\ndrain = \"1m\"", "grace-period", "5:9: consume.drain", "use a ScaledJob"),
        (
            "[scale]\nkind = \"ScaledJob\"\n[consume]\nwork = \"2m\"\ndrain = \"1m\"",
            "grace-period",
            "7:9: consume.drain",
            "set `drain` above the longest item and the grace period above that\n",
        ),
        (
            "[scale]\nkind = \"ScaledJob\"\njob = { active-deadline = \"20s\" }\n[consume]\nwork = \"20s\"",
            "deadline-too-short",
            "5:27: scale.job.active-deadline",
            "set it above",
        ),
        ("[consume]\ncommand = [\"./work\"]\ntimeout = \"5m\"", "grace-period", "5:11: consume.timeout", "ScaledJob"),
        (
            "[scale]\ncooldown-period = \"30s\"\n[consume]\ndelivery = \"at-most-once\"\nwork = \"25s\"",
            "cooldown-too-short",
            "4:19: scale.cooldown-period",
            "remove `delivery`",
        ),
        (
            "[scale]\nkind = \"ScaledJob\"\n[scale.job]\nrollout = \"immediate\"",
            "immediate-rollout",
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
        warns_of(tables, code, key, hint);
    }
    for (redis, code, key) in [
        ("host = \"redis\"", "short-host", "2:8: redis.host"),
        ("host = \"10.1.2.3\"", "host-address", "2:8: redis.host"),
        ("url = \"redis://r.n:6380\"", "tls-port", "2:7: redis.url"),
        ("host = \"r.n\"\nport = 6380", "tls-port", "3:8: redis.port"),
        ("host = \"r-1.redis.rds.aliyuncs.com\"", "keda-limitation", "2:8: redis.host"),
        ("host = \"r.n\"\ntls = true\ntls-skip-verify = true", "tls-unverified", "4:19: redis.tls-skip-verify"),
        ("addresses = [\"r.n:1\"]\nmode = \"cluster\"\n", "keda-limitation", "3:8: redis.mode"),
    ] {
        let words = ["--profile", "q.toml", "render", "--check", "--keda-version", "2.9.1", "--namespace", "shop"];
        let Finished { stdout, .. } =
            Qscale::new(words).file("q.toml", format!("[redis]\n{redis}\n")).output().exits(0);
        assert!(stdout.contains(&format!("warning[{code}]: q.toml:{key}: ")), "{redis}:\n{stdout}");
    }
}

#[test]
fn grace_period_is_checked_whatever_the_image_is_called() {
    let consume = "[consume]\ncommand = [\"./work\"]\ntimeout = \"2m\"\ndrain = \"30s\"";
    for deploy in [
        "",
        "[deploy]\nimage = \"registry.example.com/worker:1\"\n",
        "[deploy]\nimage = \"registry.example.com/worker@sha256:0000000000000000000000000000000000000000000000000000000000000000\"\n",
        "[deploy]\nimage = \"registry.example.com/worker:1\"\nprogram = \"/usr/bin/worker\"\nname = \"orders\"\n",
        "[deploy]\nworkload = \"StatefulSet\"\nimage = \"registry.example.com/worker:1\"\n",
        "[deploy]\nnamespace = \"shop\"\nimage = \"registry.example.com/worker:1\"\n",
    ] {
        for kind in ["", "[scale]\nkind = \"ScaledJob\"\n"] {
            if kind.contains("ScaledJob") && deploy.contains("workload") {
                continue;
            }
            let Finished { stdout, .. } = check(&format!("{REDIS}{deploy}{kind}{consume}\n")).exits(0);
            assert!(
                stdout.contains("warning[grace-period]: ") && stdout.contains("up to 2m 5s"),
                "{deploy}{kind}\n{stdout}"
            );
        }
    }
    let named = Qscale::new(["--profile", "q.toml", "render", "--check", "--image", "registry.example.com/other:1"]);
    let Finished { stdout, .. } = named.file("q.toml", format!("{REDIS}{consume}\n")).output().exits(0);
    assert!(stdout.contains("warning[grace-period]: "), "{stdout}");
}

#[test]
fn image_of_the_command_line_is_checked() {
    let qscale = Qscale::new(["--profile", "q.toml", "render", "--check", "--image", "registry.example.com/q:latest"]);
    let Finished { stdout, .. } = qscale.file("q.toml", format!("{REDIS}{WORK}")).output().exits(0);
    assert!(stdout.contains("warning[image-tag]: q.toml: deploy.image: "), "{stdout}");
}

#[test]
fn surplus_and_missing_jobs_are_warned_of() {
    let job = "[scale]\nkind = \"ScaledJob\"\n";
    let once = "[scale.job]\nrun = \"once\"\n";
    let lossy = "[consume]\nwork = \"2s\"\ndelivery = \"at-most-once\"\n";
    for (tables, code, key) in [
        (
            format!("{job}activation-list-length = 3\n{WORK}"),
            "activation-threshold",
            "5:26: scale.activation-list-length",
        ),
        (format!("{job}strategy = \"default\"\n{once}{lossy}"), "too-few-jobs", "5:12: scale.strategy"),
        (format!("{job}strategy = \"default\"\n{lossy}"), "too-few-jobs", "5:12: scale.strategy"),
        (format!("{job}min-replica-count = 2\n{once}{WORK}"), "empty-jobs", "5:21: scale.min-replica-count"),
        (format!("{job}min-replica-count = 1\n{WORK}"), "empty-jobs", "5:21: scale.min-replica-count"),
        (format!("{job}polling-interval = \"2m\"\n{WORK}"), "slow-activation", "5:20: scale.polling-interval"),
    ] {
        warns_of(&tables, code, key, "");
    }
    for tables in [
        format!("{job}{once}{lossy}"),
        format!("{job}strategy = \"accurate\"\n{once}{lossy}"),
        format!("{job}strategy = \"default\"\n{once}{WORK}"),
        format!("{job}{WORK}"),
    ] {
        let Finished { stdout, .. } = check(&format!("{REDIS}{tables}")).exits(0);
        assert_eq!(stdout, "0 errors, 0 warnings\n", "{tables}");
    }
}

#[test]
fn check_finds_the_rest_where_the_address_is_missing() {
    let text =
        "[scale]\nkind = \"ScaledJob\"\nmin-replica-count = 2\n[scale.job]\nrun = \"once\"\n[consume]\nwork = \"2s\"\n";
    let Finished { stdout, .. } = check(text).exits(4);
    assert!(stdout.contains("error[invalid-profile]: q.toml: redis.host: is not set"), "{stdout}");
    assert!(stdout.contains("warning[empty-jobs]: q.toml:3:21: "), "{stdout}");
    assert!(stdout.ends_with("1 error, 1 warning\n"), "{stdout}");
}

#[test]
fn check_findings_come_by_line() {
    let text = "[consume]\nwork = \"none\"\n[queue]\nlist = \"\"\n[scale]\npolling-interval = \"2m\"\nlist-length = 0\n\
                [redis]\nhost = \"redis\"\nport = 0\n";
    let Finished { stdout, .. } = check(text).exits(4);
    let lines: Vec<&str> =
        stdout.lines().filter_map(|line| line.split("]: q.toml:").nth(1)?.split(':').next()).collect();
    assert_eq!(lines, ["2", "4", "6", "7", "9", "10"], "{stdout}");
}

#[test]
fn generated_items_for_a_real_handler_are_warned_of() {
    let consume = "[consume]\ncommand = [\"./work\"]\ntimeout = \"10s\"\n";
    let produce = "[produce]\nrate = 1\n";
    warns_of(
        &format!("{consume}{produce}[deploy]\nproducer = true"),
        "producer-and-command",
        "9:12: deploy.producer",
        "`work`",
    );
    for tables in [
        format!("{consume}{produce}"),
        format!("{WORK}{produce}[deploy]\nproducer = true\n"),
        format!("{consume}{produce}[deploy]\nproducer = true\ntarget = {{ name = \"w\" }}\n"),
    ] {
        let Finished { stdout, .. } = check(&format!("{REDIS}{tables}")).exits(0);
        assert!(!stdout.contains("producer-and-command"), "{tables}\n{stdout}");
    }
}

#[test]
fn unwanted_settings_are_warned_of() {
    for (tables, code, key, hint) in [
        ("[consume]\nconcurrency = 2", "no-handler", "consume.work: is not set", "`command`"),
        ("[consume]\nwork = \"none\"", "no-handler", "4:8: consume.work: is `none`", "`command`"),
        ("[consume]\nwork = \"2s\"\nmax-items = 5", "consumer-exits", "5:13: consume.max-items", "ScaledJob"),
        ("[consume]\nwork = \"2s\"\nidle-exit = \"1m\"", "consumer-exits", "5:13: consume.idle-exit", "ScaledJob"),
        (
            "[consume]\ncommand = [\"./work\"]\ndrain = \"1m\"",
            "no-timeout",
            "4:11: consume.command: has no time limit and is cut off after 1m",
            "`timeout`",
        ),
        (
            "[consume]\ncommand = [\"./work\"]\ndelivery = \"at-most-once\"",
            "no-timeout",
            "4:11: consume.command",
            "`timeout`",
        ),
        (
            "[consume]\nwork = \"2s\"\ndelivery = \"at-most-once\"\nboot-time = \"15s\"\n[scale]\nkind = \"ScaledJob\"\n\
             strategy = \"accurate\"\npolling-interval = \"10s\"",
            "jobs-counted-again",
            "10:20: scale.polling-interval",
            "as long as `boot-time`",
        ),
        (
            "[consume]\nwork = \"2s\"\ndelivery = \"at-most-once\"\nboot-time = \"1m\"\n[scale]\nkind = \"ScaledJob\"\n\
             strategy = \"eager\"",
            "jobs-counted-again",
            "6:13: consume.boot-time",
            "as long as `boot-time`",
        ),
        ("[deploy]\nproducer = true", "unlimited-producer", "4:12: deploy.producer", "`max-backlog`"),
        ("[deploy]\nproducer = true\n[produce]\nrate = \"max\"", "unlimited-producer", "6:8: produce.rate", "`count`"),
        ("[deploy]\nproducer = true\n[produce]\nevery = \"0s\"", "unlimited-producer", "6:9: produce.every", "`count`"),
        (
            "[scale]\nkeda-version = \"2.99\"",
            "unknown-keda-version",
            "4:16: scale.keda-version: is 2.99.0, newer",
            "changelog",
        ),
        (
            "[scale]\nomit-behavior = true\ncooldown-period = \"1m\"",
            "rebound",
            "5:19: scale.cooldown-period",
            "remove `omit-behavior`",
        ),
    ] {
        warns_of(tables, code, key, hint);
    }
}

#[test]
fn check_reports_profile_errors_as_findings() {
    for (tables, place) in [
        ("[scale]\nlist-length = 0", "error[invalid-profile]: q.toml:4:15: scale.list-length: "),
        ("[scale]\nlist-lenght = 5", "error[invalid-profile]: q.toml:4:1: unknown key"),
        ("[redis", "error[invalid-profile]: q.toml:3:"),
        ("[deploy]\nredis = true", "error[invalid-profile]: q.toml:4:9: deploy.redis"),
        ("[scale]\ncooldown-period = 60", "q.toml:4:19: expected a string such as \"60s\", found integer `60`"),
        ("[scale]\ncooldown-period = \"25000days\"", "scale.cooldown-period: must be whole seconds, at most 68 years"),
    ] {
        let Finished { stdout, stderr, .. } = check(&format!("{REDIS}{tables}\n{WORK}")).exits(4);
        assert!(stdout.contains(place) && stdout.contains("1 error, 0 warnings"), "{tables}:\n{stdout}{stderr}");
    }
    Qscale::new(["--profile", "missing.toml", "render", "--check"]).output().exits(78);
}

#[test]
fn render_warns_in_a_line_and_writes_all_the_same() {
    let profile = format!("{REDIS}[scale]\nmin-replica-count = 1\ncooldown-period = \"60s\"\n{WORK}");
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
fn check_reports_a_fault_once() {
    let profile = format!("[redis]\naddresses = [\"a.n:1\", \"b.n:1\"]\nmode = \"sentinel\"\n{WORK}");
    let Finished { stdout, .. } = check(&profile).exits(4);
    assert!(stdout.contains("q.toml:3:8: redis.mode: requires `sentinel-master`"), "{stdout}");
    assert!(stdout.ends_with("1 error, 0 warnings\n"), "{stdout}");
}

#[test]
fn check_warns_of_a_target_that_the_network_policy_blocks() {
    let profile = "[deploy]\nname = \"mine\"\nnamespace = \"n\"\nredis = true\ntarget = { name = \"theirs\" }\n";
    let Finished { stdout, .. } = check(profile).exits(0);
    assert!(stdout.contains("warning[network-policy]: q.toml:5:10: deploy.target: "), "{stdout}");
    assert!(
        stdout.contains("app.kubernetes.io/part-of: mine") && stdout.ends_with("0 errors, 1 warning\n"),
        "{stdout}"
    );
    let open = format!("{profile}network-policy = false\n");
    assert_eq!(check(&open).exits(0).stdout, "0 errors, 0 warnings\n");
}

#[test]
fn check_refuses_a_password_in_a_manifest_and_hides_it() {
    for command in [
        "[\"./work\", \"redis://app:s3cret@other.example.com\"]",
        "[\"./work\", \"--password=s3cret\"]",
        "[\"redis-cli\", \"-a\", \"s3cret\"]",
        "[\"sh\", \"-c\", \"redis-cli -a s3cret ping\"]",
        "[\n  \"./work\",\n  \"--token\",\n  \"s3cret\",\n]",
    ] {
        let profile = format!("{REDIS}[consume]\ncommand = {command}\n");
        for (words, status) in [(&["render"][..], 78), (&["render", "--check"], 4), (&["simulate"], 78)] {
            let run = Qscale::new([&["--profile", "q.toml"], words].concat()).file("q.toml", &profile).output();
            let said = format!("{}{}", run.stdout, run.stderr);
            assert!(!said.contains("s3cret"), "{words:?}: {said}");
            if words[0] == "render" {
                let run = run.exits(status);
                assert!(said.contains("q.toml:4:11: consume.command: contains a password"), "{said}");
                assert!(said.contains("hint: keep it in a Secret"), "{words:?}: {}{}", run.stdout, run.stderr);
            }
        }
    }
    let payload = "[produce]\npayload = \"redis://u:s3cret@h\"\nrate = \"1\"\n[deploy]\nproducer = true\n";
    let run = check(&format!("{REDIS}{payload}")).exits(4);
    assert!(run.stdout.starts_with("error[password-in-plain-text]: q.toml:4:11: produce.payload: "), "{}", run.stdout);
    assert!(run.stdout.contains("hint: remove it from the profile"), "what is missing comes last: {}", run.stdout);
    for (text, place) in [
        ("[deploy]\nsecret = \"s\"\nsecret-password-key = \"s3cret+\"\n", "deploy.secret-password-key"),
        ("username = \"u:s3cret\"\n", "redis.username"),
    ] {
        let run = check(&format!("{REDIS}{text}")).exits(4);
        assert!(run.stdout.contains(place) && !run.stdout.contains("s3cret"), "{}", run.stdout);
    }
    let run = Qscale::new(["render", "--image", "u:s3cret@h/x"]).output().exits(2);
    assert!(run.stderr.contains("digest") && !run.stderr.contains("s3cret"), "{}", run.stderr);
}

#[test]
fn check_without_findings_prints_only_that() {
    assert_eq!(check(&format!("{REDIS}{WORK}")).exits(0).stdout, "0 errors, 0 warnings\n");
    let target = format!("{REDIS}[deploy]\ntarget = {{ name = \"theirs\" }}\n");
    assert_eq!(check(&target).exits(0).stdout, "0 errors, 0 warnings\n", "their work is theirs");
    // Consumers hold two connections each, however many items they work at a time.
    let busy = format!("{REDIS}{WORK}concurrency = 600\n");
    assert_eq!(check(&busy).exits(0).stdout, "0 errors, 0 warnings\n");
}

#[test]
fn check_allow_silences_rules() {
    let profile = format!("{REDIS}[scale]\npolling-interval = \"2m\"\n{WORK}");
    let words = ["--profile", "q.toml", "render", "--check", "--deny-warnings"];
    let strict = Qscale::new(words).file("q.toml", &profile).output().exits(4);
    assert!(strict.stdout.contains("warning[slow-activation]"), "{}", strict.stdout);
    let allowed = Qscale::new([&words[..], &["--allow", "slow-activation"]].concat()).file("q.toml", &profile);
    assert_eq!(allowed.output().exits(0).stdout, "0 errors, 0 warnings\n");
}
