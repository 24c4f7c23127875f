//! `simulate` as a process: text, JSON, CSV and SVG; `--target-wait` and `--against`.

use std::fs;

use crate::support::{Finished, Qscale, SOON};
use qscale::sample::Sample;

const PROFILE: &str = "[consume]\nwork = \"1s\"\n[scale]\nmax-replica-count = 5\nlist-length = 50\n";

fn simulate(words: &[&str]) -> Qscale {
    Qscale::new(["simulate"]).args(words)
}

#[test]
fn text_output_gives_the_reason_of_every_step() {
    let run = simulate(&["--produce", "burst 1000"]).output();
    assert_eq!(run.status, 0, "{run:?}");
    let said = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "activated: 1000 waiting",
        "at first 980 waiting ÷ 50 per pod = 20 replicas, capped at maxReplicaCount 5",
        "within tolerance (",
        "cooldownPeriod (300s)",
        "pod-seconds",
        "wait p50",
    ] {
        assert!(said.contains(part), "{part}: {}", run.stdout);
    }
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
    assert!(!run.stdout.contains('\u{1b}'), "{}", run.stdout);
}

#[test]
fn seed_decides_the_run() {
    let run =
        |seed: &str| simulate(&["--produce", "1m@poisson(2)", "--output", "json", "--seed", seed]).output().stdout;
    assert_eq!(run("7"), run("7"));
    assert_ne!(run("7"), run("8"));
}

#[test]
fn phases_decide_the_steps() {
    let words = ["--produce", "burst 1000", "--poll-phase", "20s", "--sync-phase", "5s", "--duration", "1m"];
    let steps = |words: &[&str]| {
        let said = simulate(words).file("qscale.toml", PROFILE).output().exits(0).stdout;
        said.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let said = steps(&words);
    assert!(said.contains("0:20 0 → 1 KEDA") && said.contains("0:20 1 → 5 HPA"), "{said}");
    let said = steps(&[&words[..], &["--initial-replicas", "3"]].concat());
    assert!(said.contains("0:05 3 → 5 HPA"), "{said}");
    for (words, message) in [
        (&["--poll-phase", "31s"][..], "--poll-phase: must be at most the polling interval, 30s"),
        (&["--sync-phase", "16s"], "--sync-phase: must be at most 15s"),
        (&["--sync-phase", "5s", "--with", "jobs"], "--sync-phase: a ScaledJob has no HPA"),
        (&["--runs", "2", "--target-wait", "p95=1m"], "cannot be used with"),
    ] {
        let run = simulate(&["--produce", "burst 10"]).args(words).file("qscale.toml", PROFILE).output().exits(2);
        assert!(run.stderr.contains(message), "{}", run.stderr);
    }
}

#[test]
fn runs_show_the_distribution_over_seeds_and_phases() {
    let words = ["--produce", "burst 300", "--runs", "20", "--sync-phase", "15s", "--output"];
    let run = |form| simulate(&words).arg(form).file("qscale.toml", PROFILE).output().exits(0).stdout;
    let found: serde_json::Value = serde_json::from_str(&run("json")).unwrap();
    let sequences = found["sequences"].as_array().unwrap();
    let runs: u64 = sequences.iter().map(|sequence| sequence["runs"].as_u64().unwrap()).sum();
    assert_eq!((runs, &found["first_seed"]), (20, &1.into()), "{found}");
    let first = &sequences[0]["steps"][0];
    assert_eq!((&first["by"], &first["from"], &first["to"]), (&"KEDA".into(), &0.into(), &1.into()));
    let time = |quantile: &str| first["seconds"][quantile].as_f64().unwrap();
    assert!(time("p5") < time("p50") && time("p50") < time("p95") && time("p95") <= 30.0, "{first}");
    assert_eq!(run("json"), run("json"));
    assert!(run("csv").starts_with("sequence,runs,step,by,from,to,p5,p50,p95\n1,"));
    let text = run("text");
    assert!(text.contains(" of 20") && text.contains("Sequences of replicas"), "{text}");
}

#[test]
fn json_output_is_samples_of_watch_and_a_summary() {
    let run = simulate(&["--produce", "burst 20", "--output", "json", "--start", "2026-03-01T12:00:00Z"]).output();
    let (samples, summary) = run.stdout.trim_end().rsplit_once('\n').unwrap();
    let samples: Vec<Sample> = samples.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(humantime::format_rfc3339(samples[0].time).to_string(), "2026-03-01T12:00:00Z");
    assert!(samples.iter().all(|sample| sample.reason.is_some() && sample.target.is_some()));
    let summary: serde_json::Value = serde_json::from_str(summary).unwrap();
    let summary = &summary["summary"];
    assert_eq!((&summary["verdict"], &summary["pushed"]), (&"pass".into(), &20.into()));
    assert_eq!((&summary["acknowledged"], &summary["remaining"]), (&20.into(), &0.into()));
    let fields: Vec<&str> = summary.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = "verdict pushed acknowledged dead purged remaining redelivered retried lost reasons interrupted \
                    peak_backlog peak_pods wait_seconds seconds_to_empty pod_seconds idle_pod_seconds changes";
    assert_eq!(fields.join(" "), expected);
}

#[test]
fn sample_names_the_controller_that_decides_and_the_next_step() {
    let phases = ["--poll-phase", "20s", "--sync-phase", "5s"];
    let samples = |words: &[&str]| -> Vec<Sample> {
        let run = simulate(&["--produce", "burst 1000", "--duration", "3m", "--output", "json"]).args(words);
        let lines = run.file("qscale.toml", PROFILE).output().exits(0).stdout;
        lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    let pods = samples(&phases);
    let reason = |second: usize| pods[second].reason.as_deref().unwrap();
    assert_eq!(reason(20), "KEDA: activated: 1000 waiting (activationListLength 0)");
    // KEDA polls every half minute, and leaves the number to the HPA: that explains nothing.
    assert!((21..180).all(|second| reason(second).starts_with("HPA: ")), "{pods:?}");
    let next = pods[50].next.as_ref().unwrap();
    assert!(next.what == "the HPA computes again" && (0.0..=16.0).contains(&next.seconds), "{next:?}");
    let jobs = samples(&["--poll-phase", "20s", "--with", "jobs"]);
    assert!(jobs[21].reason.as_ref().is_some_and(|reason| reason.starts_with("KEDA: ")), "{:?}", jobs[21]);
    let next = jobs[21].next.as_ref().unwrap();
    assert!(next.what == "KEDA polls again" && (28.0..=30.0).contains(&next.seconds), "{next:?}");
}

#[test]
fn verdict_is_unknown_when_items_remain_at_the_end() {
    let words = ["--produce", "burst 1000", "--duration", "30s", "--output", "json"];
    let run = simulate(&words).file("qscale.toml", PROFILE).output().exits(0);
    let last: serde_json::Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
    let summary = &last["summary"];
    assert_eq!(summary["verdict"], "unknown");
    let reason = format!("items remaining at the end of the simulation: {}", summary["remaining"]);
    assert_eq!(summary["reasons"], serde_json::json!([reason]));
}

#[test]
fn csv_output_has_a_line_per_second() {
    let run = simulate(&["--produce", "burst 20", "--duration", "30s", "--output", "csv"]).output();
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[0], "time,list,backlog,in_flight,net_per_second,seconds_to_empty,desired,current,ready,reason");
    assert_eq!(lines.len(), 32);
}

#[test]
fn names_with_control_characters_do_not_reach_a_terminal() {
    let list = "a\n\u{1b}[2J;\"\u{9b}";
    let words = ["--produce", "burst 1", "--duration", "2s", "--list", list, "--output"];
    // A file has them as they are.
    let run = simulate(&words).arg("csv").file("qscale.toml", PROFILE).output().exits(0);
    assert!(run.stdout.contains(",\"a\n\u{1b}[2J;\"\"\u{9b}\","), "{:?}", run.stdout);
    let mut terminal = simulate(&words).arg("csv").file("qscale.toml", PROFILE).on_terminal("");
    assert!(terminal.finish(SOON).success());
    terminal.wait_for("\\u{1b}[2J;\"\"\\u{9b}", SOON);
    assert!(!terminal.shown().contains(['\u{1b}', '\u{9b}']), "{:?}", terminal.shown());
    // In text a line break would begin a line that looks like one of ours.
    let run = simulate(&words).args(&["text", "--svg", "run.svg"]).file("qscale.toml", PROFILE).output().exits(0);
    assert!(run.stdout.contains("a\\n\\u{1b}[2J;\"\\u{9b}: burst 1"), "{:?}", run.stdout);
}

#[test]
fn produce_file_begins_at_its_first_time() {
    let folder = tempfile::tempdir().unwrap();
    let counts = folder.path().join("counts.csv");
    for (text, first) in
        [("15,5\n20,5\n", 15), ("1735689600,5\n1735689605,5\n", 0), ("time_ms,n\n15000,5\n20000,5\n", 15)]
    {
        fs::write(&counts, text).unwrap();
        let run = simulate(&["--output", "csv", "--produce-file"]).arg(&counts).file("qscale.toml", PROFILE).output();
        let waiting = run.stdout.lines().skip(1).position(|row| row.split(',').nth(2) != Some("0"));
        assert_eq!(waiting, Some(first + 1), "{text}: {}", run.stdout);
    }
    let run = simulate(&["--output", "csv", "--produce-file", "-"]).input("3\n").file("qscale.toml", PROFILE).output();
    assert!(run.exits(0).stdout.lines().count() > 2);
}

#[test]
fn svg_is_reproducible() {
    let folder = tempfile::tempdir().unwrap();
    let picture = |name: &str| {
        let path = folder.path().join(name);
        let run = simulate(&["--produce", "burst 100", "--svg"]).arg(&path).output();
        assert_eq!(run.status, 0, "{run:?}");
        fs::read_to_string(path).unwrap()
    };
    let first = picture("a.svg");
    assert_eq!(first, picture("b.svg"));
    assert!(first.starts_with("<svg ") && first.ends_with("</svg>\n"), "{first}");
    assert_eq!(first.matches("<g").count(), first.matches("</g>").count());
    assert!(first.contains("<title>1. "), "{first}");
}

#[test]
fn svg_is_not_written_under_the_name_of_another_format() {
    let run = simulate(&["--produce", "burst 1", "--svg", "x.GIF"]).output().exits(2);
    let message = "'--svg <FILE>': writes SVG and PNG, not GIF: name the file `x.svg`";
    assert!(run.stderr.contains(message), "{}", run.stderr);
}

#[cfg(not(feature = "png"))]
#[test]
fn png_needs_a_build_that_has_it() {
    for words in [["simulate", "--produce", "burst 1"].as_slice(), &["watch"], &["demo"]] {
        let run = Qscale::new(words).args(["--svg", "x.PNG"]).output().exits(2);
        let message = "'--svg <FILE>': this build of qscale has no feature `png`: name the file `x.svg`, or build with \
                       `--features png`";
        assert!(run.stderr.contains(message), "{}", run.stderr);
    }
}

#[cfg(feature = "png")]
#[test]
fn png_is_written_where_the_name_ends_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.PNG");
    simulate(&["--produce", "burst 10", "--svg"]).arg(&path).output().exits(0);
    let written = fs::read(path).unwrap();
    // The signature, the header of an image, and its width.
    assert!(written.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x09\x60"), "{:?}", written.get(..24));
}

#[test]
fn svg_in_the_readme_is_current() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("simulate.svg");
    simulate(&["--produce", "2m@1, 1m@6, 3m@0.5", "--svg"]).arg(&path).output().exits(0);
    let shipped = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/simulate.svg")).unwrap();
    assert!(fs::read_to_string(path).unwrap() == shipped, "make regenerate writes docs/simulate.svg anew");
}

/// Returns the polls of a real KEDA on a `ScaledJob`, as rows of one per second.
fn recorded_jobs() -> String {
    let polls = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/traces/e-job.csv"));
    let polls = polls.expect("the recording is there");
    let mut rows = vec!["t_s,llen,jobs_created,jobs_unfinished,jobs_pending\n0,0,0,0,0".to_owned()];
    let mut started = 0;
    for poll in polls.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())) {
        let cells: Vec<&str> = poll.split(',').collect();
        let [time, waiting, unfinished, pending, created] = cells[..] else { panic!("{poll}") };
        let number = |cell: &str| cell.parse::<u32>().expect("a whole number");
        let second = number(time.split('.').next().expect("seconds"));
        rows.push(format!("{second},{waiting},{started},{unfinished},{pending}"));
        started += number(created);
        rows.push(format!("{},{waiting},{started},{unfinished},{pending}", second + 1));
    }
    rows.join("\n")
}

#[test]
fn recorded_jobs_are_compared_with_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let (profile, recording) = (folder.path().join("q.toml"), folder.path().join("jobs.csv"));
    fs::write(&recording, recorded_jobs()).unwrap();
    let against = |strategy: &str, form: &str| {
        let settings = format!(
            "[consume]\ndelivery = \"at-most-once\"\n[scale]\nkind = \"ScaledJob\"\nstrategy = \"{strategy}\"\n\
             max-replica-count = 5\nlist-length = 3\npolling-interval = \"10s\"\n"
        );
        fs::write(&profile, settings).unwrap();
        simulate(&["--output", form, "--profile"])
            .arg(&profile)
            .arg("--against")
            .arg(&recording)
            .output()
            .exits(0)
            .stdout
    };
    let text = against("accurate", "text");
    assert!(text.contains("30 recorded, 30 predicted") && text.contains("Differences\n  none\n"), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let sum = "12 waiting ÷ 3 per Job = 4 Jobs; strategy accurate: 4 − 0 pending = 4";
    assert!(words.contains(&format!("+4 Jobs KEDA as recorded: {sum}")), "{text}");
    let csv = against("accurate", "csv");
    assert!(csv.starts_with("seconds,backlog,unfinished,recorded,predicted,undecided,reason\n"), "{csv}");
    // Unfinished Jobs count against waiting items, so that fewer Jobs would be created.
    let text = against("default", "text");
    assert!(text.contains("RECORDED +4:"), "{text}");

    fs::write(&profile, "[scale]\nmax-replica-count = 5\n").unwrap();
    let run = simulate(&["--profile"]).arg(&profile).arg("--against").arg(&recording).output().exits(2);
    assert!(run.stderr.contains("records Jobs"), "{}", run.stderr);
}

#[test]
fn pods_are_held_while_redis_is_unreachable() {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("outage.csv");
    let rows = (0..900).map(|second| match second {
        0..30 => format!("{second},100,0"),
        30..45 => format!("{second},100,1"),
        45..60 => format!("{second},100,2"),
        // Longer than the cooldown.
        _ => format!("{second},,2"),
    });
    let rows: Vec<String> = ["t_s,llen,desired".to_owned()].into_iter().chain(rows).collect();
    fs::write(&recording, rows.join("\n")).unwrap();
    let run = simulate(&["--against"]).arg(&recording).file("qscale.toml", PROFILE).output().exits(0);
    assert!(run.stdout.contains("2 recorded, 2 predicted") && run.stdout.contains("none for longer"), "{}", run.stdout);
}

const WITH_TRIGGERS: &str = "[consume]\nwork = \"1s\"\n[scale]\nmax-replica-count = 8\nlist-length = 50\n\
    [[scale.triggers]]\nname = \"requests\"\ntype = \"prometheus\"\nmetadata = { serverAddress = \"http://p:9090\", query = \"q\", \
    threshold = \"100\", activationThreshold = \"10\" }\n\
    [[scale.triggers]]\nname = \"office\"\ntype = \"cron\"\nmetadata = { timezone = \"UTC\", start = \"0 8 * * *\", end = \"0 18 * * *\", \
    desiredReplicas = \"3\" }\n";

#[test]
fn triggers_of_other_types_are_played_from_their_columns() {
    let counts = "seconds,count,requests,office\n0,0,0,0\n60,0,8,\n120,0,650,\n240,0,0,3\n300,0,,0\n";
    let run = simulate(&["--produce-file", "-"]).input(counts).file("qscale.toml", WITH_TRIGGERS);
    let run = run.env("COLUMNS", "120").output().exits(0);
    for part in [
        "0 → 1    KEDA  activated: 650 requests (activation value 10)",
        "1 → 5    HPA   650 requests ÷ 100 per pod = 7 replicas; scaleUp policy allows +4 pods per 15s",
        "5 → 7    HPA   650 requests ÷ 100 per pod = 7 replicas",
        "7 → 3    HPA ",
        "3 office ÷ 1 per pod = 3 replicas",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    assert!(!run.stderr.contains("counts as 0"), "{}", run.stderr);
    // Rows of a prediction have the values, so that they can be read as a recording.
    let run = simulate(&["--output", "csv", "--produce-file", "-"]).input(counts).file("qscale.toml", WITH_TRIGGERS);
    let rows: Vec<String> = run.output().exits(0).stdout.lines().map(str::to_owned).collect();
    assert!(rows[0].ends_with(",ready,reason,requests,office"), "{}", rows[0]);
    assert!(rows[130].ends_with(",650.0,0.0"), "{}", rows[130]);
    let run = simulate(&["--against", "-"]).input(rows.join("\n")).file("qscale.toml", WITH_TRIGGERS).output().exits(0);
    assert!(run.stdout.contains("none for longer"), "{}", run.stdout);
    // The same file is a load for the profile, and for `produce`.
    let file = format!("[produce]\npattern-file = \"counts.csv\"\n{WITH_TRIGGERS}");
    let run = simulate(&[]).file("counts.csv", counts).file("qscale.toml", &file).output().exits(0);
    assert!(run.stdout.contains("activated: 650 requests"), "{}", run.stdout);
}

#[test]
fn trigger_without_a_column_counts_as_0_with_a_warning() {
    let run = simulate(&["--produce", "burst 3"]).file("qscale.toml", WITH_TRIGGERS).output().exits(0);
    for name in ["requests", "office"] {
        let warning = format!("a trigger has no values and counts as 0: add a column to --produce-file trigger={name}");
        assert!(run.stderr.contains(&warning), "{}", run.stderr);
    }
    assert!(!run.stdout.contains("office ÷"), "{}", run.stdout);
}

#[test]
fn column_of_an_unknown_trigger_is_an_error_with_its_place() {
    let counts = "seconds,count,requets\n0,1,2\n";
    let words = ["--produce-file", "counts.csv"];
    for (profile, hint) in [
        (WITH_TRIGGERS, "expected one of requests, office"),
        (PROFILE, "it has none besides those of the list; see [[scale.triggers]]"),
    ] {
        let run = simulate(&words).file("counts.csv", counts).file("qscale.toml", profile).output().exits(2);
        let error = "error: --produce-file: cannot read `counts.csv`: line 1: column 3: `requets` is not a trigger of the profile: ";
        assert!(run.stderr.starts_with(&format!("{error}{hint}")), "{}", run.stderr);
    }
    let counts = counts.replace("requets", "requests");
    let words = ["--produce-file", "counts.csv", "--target-wait", "p95=1m"];
    let run = simulate(&words).file("counts.csv", counts).file("qscale.toml", WITH_TRIGGERS).output().exits(2);
    assert!(run.stderr.contains("--target-wait: conflicts with columns of triggers"), "{}", run.stderr);
}

#[test]
fn long_simulation_can_be_stopped() {
    let words = ["--verbose", "simulate", "--produce", "1h@1000", "--runs", "10000"];
    let run = Qscale::new(words).file("qscale.toml", "[consume]\nwork = \"1s\"\n").spawn();
    // Logged after the signal handlers are registered.
    run.wait_for_line("profile: ", SOON);
    run.interrupt();
    run.finish(SOON).exits(75);
}

#[test]
fn protections_can_be_added_and_removed() {
    let profile = "[consume]\nwork = \"60s\"\ndrain = \"10s\"\ndelivery = \"at-most-once\"\n[scale]\n\
                   max-replica-count = 10\nlist-length = 1\ncooldown-period = \"10s\"\npolling-interval = \"5s\"\n";
    let interrupted = |words: &[&str]| {
        let run = simulate(&["--produce", "burst 20, 10m@0.05", "--output", "json"]).args(words);
        let run = run.file("qscale.toml", profile).output().exits(0);
        let last: serde_json::Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
        last["summary"]["interrupted"].as_u64().unwrap()
    };
    let bare = interrupted(&[]);
    assert!(bare > 20, "{bare}");
    assert_eq!(interrupted(&["--with", "grace"]), 0);
    assert_eq!(interrupted(&["--with", "jobs"]), 0);
    for counted in ["busy", "formula"] {
        // They keep the number of busy pods, but do not choose which pods are removed.
        let found = interrupted(&["--with", counted]);
        assert!(found < bare / 5, "{counted}: {found} of {bare}");
    }
    assert_eq!(interrupted(&["--with", "grace", "--without", "grace"]), interrupted(&["--without", "grace"]));
}

#[test]
fn own_output_is_a_recording_that_is_predicted() {
    let folder = tempfile::tempdir().unwrap();
    let (profile, recording) = (folder.path().join("q.toml"), folder.path().join("run.jsonl"));
    fs::write(&profile, PROFILE).unwrap();
    let run = simulate(&["--produce", "burst 300", "--output", "json", "--profile"]).arg(&profile).output();
    fs::write(&recording, &run.stdout).unwrap();
    let run = simulate(&["--profile"]).arg(&profile).arg("--against").arg(&recording).output();
    assert_eq!(run.status, 0, "{run:?}");
    // Samples are a second apart, so that a step that depends on a single item may differ.
    for part in ["equal for ", "3 recorded, 3 predicted", "recorded at 0:19", "recorded at 6:19"] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    // Another cooldown period predicts other steps.
    fs::write(&profile, format!("{PROFILE}cooldown-period = \"60s\"\n")).unwrap();
    let run = simulate(&["--profile"]).arg(&profile).arg("--against").arg(&recording).output();
    assert!(run.stdout.contains("5 recorded, 0 predicted"), "{}", run.stdout);
}

/// Returns the result of `--target-wait` for a load, with a profile of `tables`.
fn target_wait(load: &str, target: &str, tables: &str, words: &[&str]) -> Finished {
    let fixed = ["--produce", load, "--target-wait", target];
    // Wide enough for a reason in one line.
    simulate(&fixed).args(words).env("COLUMNS", "200").file("qscale.toml", tables).output()
}

#[test]
fn target_wait_is_met_once_the_load_goes_on() {
    // Three minutes end before fewer pods than those that sustain the load fall behind.
    let profile = "[consume]\nwork = \"30s\"\n[scale]\nmin-replica-count = 0\n";
    let found = target_wait("3m@0.25", "p95=30s", profile, &[]).exits(0);
    // The proposal is a profile, and meets the target wait with loads and seeds that were not tried.
    let proposed = found.stdout.replace("[consume]\n", "[consume]\nwork = \"30s\"\n");
    for (load, seed) in [("2h@0.25", "1"), ("2h@0.25", "77")] {
        let words = ["--produce", load, "--duration", "2h", "--output", "json", "--seed", seed];
        let run = simulate(&words).file("qscale.toml", &proposed).output().exits(0);
        let last: serde_json::Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
        let wait = last["summary"]["wait_seconds"]["p95"].as_f64().unwrap();
        assert!(wait <= 30.0, "{load} {seed}: {wait}\n{proposed}");
    }
    let said = found.stdout.replace("\n#  ", " ").split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["7.5 busy slots", "8 pods sustain it", "steady state", "30 of 30 held-out runs"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn target_wait_tunes_a_formula() {
    let profile = "[consume]\nwork = \"1s\"\n[scale]\nformula = \"waiting + busy\"\nlist-length = 1000\n";
    let run = target_wait("burst 60", "p95=60s", profile, &["--output", "json"]).exits(0);
    let found: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&found["met"], &found["runs"]), (&true.into(), &21.into()), "{found}");
    assert_eq!((&found["held_out_runs"], &found["held_out_met"]), (&20.into(), &20.into()), "{found}");
    // A list-length of 1000 would never start a second pod.
    assert!(found["profile"]["scale"]["list-length"].as_u64().unwrap() < 100, "{found}");
}

#[test]
fn target_wait_has_the_keys_of_the_profile_in_json_and_text() {
    // Only a sum, or policies that allow any step, start enough pods in time.
    let profile = "[consume]\nwork = \"10s\"\n[scale]\nmin-replica-count = 1\nomit-behavior = true\n";
    let of = |output: &str| target_wait("burst 60", "p95=50s", profile, &["--output", output]).exits(0).stdout;
    let found: serde_json::Value = serde_json::from_str(&of("json")).unwrap();
    let text = of("text");
    let proposed: toml::Table = text.parse().unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(found["profile"], serde_json::to_value(proposed).unwrap(), "{text}");
    let scale = &found["profile"]["scale"];
    assert_eq!(scale["omit-behavior"], false, "{found}");
    assert_eq!(scale["behavior"]["scale-up"]["policies"][0]["value"], scale["max-replica-count"], "{found}");
}

#[test]
fn target_wait_that_cannot_be_met_names_the_limit() {
    for (tables, load, target, message) in [
        (
            "max-replica-count = 2",
            "1m@4",
            "p95=20s",
            "max-replica-count = 2 is too low: the sustained load keeps 4 slots busy",
        ),
        (
            "max-replica-count = 2",
            "burst 60",
            "p95=20s",
            "max-replica-count = 2 is too low; max-replica-count = 3 meets",
        ),
        ("min-replica-count = 0", "burst 20", "p50=1s", "min-replica-count = 0 is too low: scaling up takes up to 18s"),
        (
            "min-replica-count = 0\nmax-replica-count = 2",
            "burst 20",
            "p50=1s",
            "All of them have to change: no other value of one of them is enough.",
        ),
        (
            "min-replica-count = 1\nbehavior = { scale-up = { tolerance = 100.0 } }",
            "burst 60",
            "p95=30s",
            "tolerance in [scale.behavior.scale-up] is too high",
        ),
        ("kind = \"ScaledJob\"", "burst 20", "p95=2s", "pods take 2s to their first item"),
    ] {
        let run = target_wait(load, target, &format!("[consume]\nwork = \"1s\"\n[scale]\n{tables}\n"), &[]).exits(4);
        assert!(run.stdout.contains(message), "{tables}: {}", run.stdout);
        assert!(run.stdout.starts_with(&format!("{target} cannot be met:\n  * ")), "{}", run.stdout);
    }
}

#[test]
fn target_wait_is_met_with_the_limit_that_a_refusal_names() {
    let run = |least: &str| {
        let tables = format!("[consume]\nwork = \"1s\"\n[scale]\nmin-replica-count = {least}\n");
        target_wait("burst 20", "p50=1s", &tables, &[])
    };
    let refused = run("0").exits(4).stdout;
    let (_, needed) = refused.split_once("; min-replica-count = ").unwrap();
    run(needed.split_whitespace().next().unwrap()).exits(0);
}

#[test]
fn target_wait_proposes_jobs() {
    let profile = "[consume]\nwork = \"5s\"\n[scale]\nkind = \"ScaledJob\"\n";
    let found = target_wait("burst 20", "p95=20s", profile, &[]).exits(0).stdout;
    assert!(!found.contains("cooldown-period") && !found.contains("drain"), "{found}");
    let words = ["--produce", "burst 20", "--output", "json", "--seed", "50"];
    let proposed = found.replace("[scale]\n", profile);
    let run = simulate(&words).file("qscale.toml", &proposed).output().exits(0);
    let last: serde_json::Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
    assert!(last["summary"]["wait_seconds"]["p95"].as_f64().unwrap() <= 20.0, "{last}\n{proposed}");
}

#[test]
fn target_wait_refuses_loads_that_prove_nothing() {
    for (load, message) in [
        ("1m@0", "--target-wait: the load pushes no items"),
        ("1h@100000", "--target-wait: the load has more than 500000 items, the maximum"),
    ] {
        let run = target_wait(load, "p95=60s", "[consume]\nwork = \"1s\"\n", &[]).exits(2);
        assert!(run.stderr.contains(message), "{}", run.stderr);
    }
}

#[test]
fn target_wait_refuses_conflicting_settings() {
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("q.toml");
    for (scale, words, status, message) in [
        ("pause = { paused = true }", &["p95=1m"][..], 78, "scale.pause: prevents scaling up"),
        ("", &["p95=2days"], 2, "--target-wait: must be at most 1 day"),
        ("", &["p95=1m", "--without", "grace"], 2, "conflicts with --with grace and --without grace"),
    ] {
        fs::write(&profile, format!("[consume]\nwork = \"1s\"\n[scale]\n{scale}\n")).unwrap();
        let run = simulate(&["--produce", "1m@4", "--target-wait"]).args(words).arg("--profile").arg(&profile).output();
        assert_eq!(run.status, status, "{run:?}");
        assert!(run.stderr.contains(message), "{}", run.stderr);
    }
}

#[test]
fn mistake_is_reported_with_its_position() {
    let run = simulate(&["--produce", "1m@5, 2m@@"]).output();
    assert_eq!(run.status, 2, "{run:?}");
    assert!(run.stderr.contains("column"), "{}", run.stderr);
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("r.csv");
    fs::write(&recording, "a,b\n1,2\n").unwrap();
    let run = simulate(&["--against"]).arg(&recording).output();
    assert_eq!(run.status, 2, "{run:?}");
    assert!(run.stderr.contains("neither JSON nor a CSV"), "{}", run.stderr);
}
