//! `simulate --against`: what a recording tells, and what it cannot tell.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::support::{Finished, Qscale};

/// A profile with these settings of the scaling, for a list alone.
fn profile(scale: &str) -> String {
    format!("[consume]\ndelivery = \"at-most-once\"\n[scale]\n{scale}\n")
}

fn against(profile: &str, recording: impl AsRef<[u8]>, words: &[&str]) -> Finished {
    Qscale::new(["simulate", "--against", "-"])
        .args(words)
        .env("COLUMNS", "300")
        .file("qscale.toml", profile)
        .input(recording.as_ref().to_vec())
        .output()
}

/// Rows of one per second, until `end`: backlog, pods, and the times of polls and syncs in that second.
fn rows(end: u64, row: impl Fn(u64) -> (u64, u32, &'static str, &'static str)) -> String {
    let mut text = "t_s,llen,desired,keda_polls,hpa_reads\n".to_owned();
    for second in 0..end {
        let (backlog, desired, poll, sync) = row(second);
        writeln!(text, "{second},{backlog},{desired},{poll},{sync}").expect("text grows");
    }
    text
}

#[test]
fn recording_without_a_column_for_a_trigger_says_so() {
    let text = rows(60, |_| (0, 0, "", ""));
    let busy = "[consume]\ndelivery = \"at-least-once\"\n";
    let run = against(busy, &text, &[]).exits(0);
    assert!(
        run.stdout.contains("trigger `busy` counts as 0: the recording has no column `busy` or `in_flight`"),
        "{run:?}"
    );
    assert!(run.stdout.contains("trigger `delayed` counts as 0: the recording has no column `delayed`"), "{run:?}");
    let run = against(busy, &text, &["--output", "json"]).exits(0);
    assert!(run.stderr.contains("a trigger is not recorded and counts as 0: add a column"), "{}", run.stderr);
    assert!(run.stderr.contains("trigger=busy columns=`busy` or `in_flight`"), "{}", run.stderr);
    let formula = "[consume]\ndelivery = \"at-least-once\"\n[scale]\nformula = \"waiting + busy\"\n";
    assert!(against(formula, &text, &[]).exits(0).stderr.contains("trigger=busy"));
    let run = against(&profile(""), &text, &[]).exits(0);
    assert!(!run.stdout.contains("not recorded") && !run.stderr.contains("WARN"), "{run:?}");
}

#[test]
fn recording_with_rows_further_apart_than_polls_says_so() {
    let text = "t_s,llen,desired\n0,0,0\n30,20,0\n60,40,1\n";
    let run = against(&profile("polling-interval = \"5s\""), text, &[]).exits(0);
    assert!(run.stdout.contains("30s apart, with a poll every 5s"), "{}", run.stdout);
    assert!(run.stderr.contains("rows are further apart than polls"), "{}", run.stderr);
    let run = against(&profile(""), "t_s,llen,desired\n0,0,0\n30,20,0\n60,40,1\n", &[]).exits(0);
    assert!(!run.stdout.contains("apart") && !run.stderr.contains("WARN"), "{run:?}");
    let jobs = "t_s,llen,jobs_created,jobs_unfinished,jobs_pending\n0,0,0,0,0\n30,20,0,0,0\n60,0,1,1,0\n";
    let run = against(&profile("kind = \"ScaledJob\"\npolling-interval = \"10s\""), jobs, &[]).exits(0);
    assert!(run.stdout.contains("30s apart, with a poll every 10s"), "{}", run.stdout);
}

#[test]
fn flags_without_effect_on_a_recording_are_refused() {
    for flag in ["--work=1s", "--seed=2", "--start-time=1s", "--start=2026-01-01T00:00:00Z", "--duration=1m"] {
        let run = against(&profile(""), "t_s,llen,desired\n0,0,0\n", &[flag]).exits(2);
        assert!(run.stderr.contains("cannot be used with"), "{flag}: {}", run.stderr);
    }
}

#[test]
fn decision_between_two_rows_cannot_be_told() {
    // KEDA polls at 10.9 s: 15 of the nearer row are not more than the activation, 20 of the row before are.
    let text = rows(60, |second| {
        let backlog = [0, 20, 15][usize::try_from(second.saturating_sub(9).min(2)).expect("small")];
        let poll = match second {
            0 => "0.9",
            10 => "10.9",
            20 => "20.9",
            _ => "",
        };
        (backlog, u32::from(second > 10), poll, "")
    });
    let settings = "activation-list-length = 15\nlist-length = 50\npolling-interval = \"10s\"";
    let run = against(&profile(settings), &text, &[]).exits(0);
    assert!(run.stdout.contains("equal for 100.0% of the time"), "{}", run.stdout);
    assert!(run.stdout.contains("recorded at 0:11, cannot be told from this recording: activated"), "{}", run.stdout);
    assert!(run.stdout.contains("1 poll or sync, the first at 0:10.9"), "{}", run.stdout);
    let undecided = |output: &str| against(&profile(settings), &text, &["--output", output]).exits(0).stdout;
    let rows = undecided("csv");
    let rows = rows.lines().filter(|row| row.split(',').nth(4) == Some("true"));
    assert_eq!(rows.collect::<Vec<_>>(), ["11.0,15,1,1,true,activated: 20 waiting (activationListLength 15)"]);
    assert_eq!(undecided("json").matches("\"undecided\":true").count(), 1);
    // Where both rows decide alike, another decision is wrong.
    let run = against(&profile(&settings.replace("15", "30")), &text, &[]).exits(0);
    assert!(run.stdout.contains("NOT PREDICTED") && !run.stdout.contains("cannot be told"), "{}", run.stdout);
}

#[test]
fn jobs_between_two_rows_cannot_be_told() {
    let text = "t_s,llen,jobs_created,jobs_unfinished,jobs_pending,keda_polls\n\
                0,0,0,0,0,0\n10,2,0,0,0,10.6\n11,6,4,4,4,\n20,6,4,4,0,20.6\n21,6,4,4,0,\n";
    let run = against(
        &profile("kind = \"ScaledJob\"\nlist-length = 1\nmax-replica-count = 9\npolling-interval = \"10s\""),
        text,
        &[],
    );
    let run = run.exits(0);
    assert!(run.stdout.contains("equal at 1 of 3 polls, 1 cannot be told from this recording"), "{}", run.stdout);
    assert!(
        run.stdout.contains("recorded +4, cannot be told from this recording, +2 to +6 is possible"),
        "{}",
        run.stdout
    );
}

#[test]
fn recording_that_begins_without_pods_may_have_an_old_hpa() {
    // The HPA is older than its window, which then does not hold the first step back.
    let text = rows(120, |second| {
        let desired = match second {
            0..31 => 0,
            31..45 => 1,
            _ => 5,
        };
        let poll = if second % 30 == 0 {
            ["0.5", "30.5", "60.5", "90.5"][usize::try_from(second / 30).expect("small")]
        } else {
            ""
        };
        (if second < 20 { 0 } else { 1000 }, desired, poll, if second == 44 { "44.2" } else { "" })
    });
    let window = "max-replica-count = 5\nlist-length = 50\n[scale.behavior.scale-up]\nstabilization-window = \"5m\"";
    let run = against(&profile(window), &text, &[]).exits(0);
    assert!(run.stdout.contains("equal for 100.0% of the time"), "{}", run.stdout);
    // A new one holds it back, and that is found as well.
    let text = rows(120, |second| {
        let (backlog, desired) = (if second < 20 { 0 } else { 1000 }, u32::from(second > 30));
        (backlog, desired, if second == 30 { "30.5" } else { "" }, if second == 14 { "14.2" } else { "" })
    });
    let run = against(&profile(window), &text, &[]).exits(0);
    assert!(run.stdout.contains("equal for 100.0% of the time"), "{}", run.stdout);
    assert!(run.stdout.contains("0 pods, of a new object and HPA (fitted)"), "{}", run.stdout);
}

#[test]
fn steps_between_two_rows_are_recorded() {
    let text = rows(60, |second| {
        let poll = match second {
            0 => "0.1",
            30 => "30.1",
            _ => "",
        };
        (
            if second < 20 { 0 } else { 1000 },
            if second < 31 { 0 } else { 4 },
            poll,
            if second == 30 { "30.6" } else { "" },
        )
    });
    let run = against(&profile("max-replica-count = 5\nlist-length = 50\nomit-behavior = true"), &text, &[]).exits(0);
    assert_eq!(run.stdout.matches("recorded at 0:31").count(), 2, "{}", run.stdout);
    assert!(!run.stdout.contains("0 → 4  ?"), "{}", run.stdout);
}

#[test]
fn recording_that_is_cut_off_is_read_up_to_there() {
    let line = |second: u32| {
        format!(
            "{{\"time\":\"2026-03-01T12:00:{second:02}Z\",\"backlog\":3,\"target\":{{\"kind\":\"Deployment\",\"namespace\":\"n\",\
             \"name\":\"d\",\"desired\":0,\"current\":0,\"ready\":0,\"available\":0}}}}\n"
        )
    };
    let text = [line(0), line(1), line(2)[..40].to_owned()].concat();
    let run = against(&profile(""), text, &[]).exits(0);
    assert!(run.stdout.contains("2 samples over 0:01"), "{}", run.stdout);
    assert!(run.stderr.contains("the last line is cut off: reading up to it recording=- line=3"), "{}", run.stderr);
}

#[test]
fn long_recording_takes_no_longer_per_row() {
    let long = |count: u64| {
        let mut text = "t_s,llen,desired\n".to_owned();
        for second in 0..count {
            // Steps all along.
            let desired = u32::from(second % 1_000 > 300);
            writeln!(text, "{second},{},{desired}", 40 * u64::from(desired)).expect("text grows");
        }
        text
    };
    let time = |count: u64| {
        let (text, start) = (long(count), Instant::now());
        against(&profile("cooldown-period = \"30s\""), text, &["--output", "csv"]).exits(0);
        start.elapsed()
    };
    let (short, long) = (time(20_000), time(100_000));
    assert!(long < short * 8 + Duration::from_secs(2), "{short:?} for 20,000 rows, {long:?} for 100,000");
}

#[test]
fn triggers_of_other_types_are_read_from_their_columns() {
    let tables = "[[scale.triggers]]\nname = \"requests\"\ntype = \"prometheus\"\nmetadata = { threshold = \"100\" }\n";
    let settings = profile(&format!("list-length = 50\npolling-interval = \"10s\"\n{tables}"));
    let text = "t_s,llen,busy,delayed,desired,requests,keda_polls,hpa_reads\n0,0,0,0,1,0,,\n10,0,0,0,1,450,,9.9\n11,0,0,0,5,450,,\n";
    let run = against(&settings, text, &[]).exits(0);
    assert!(
        run.stdout.contains("1 → 5") || run.stdout.contains("450 requests ÷ 100 per pod = 5 replicas"),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("not recorded"), "{}", run.stdout);
    let run = against(&settings, text.replace("requests", "others"), &[]).exits(0);
    assert!(
        run.stdout.contains("trigger `requests` counts as 0: the recording has no column `requests`"),
        "{}",
        run.stdout
    );
    let json = r#"{"time":"2026-03-01T12:00:00Z","backlog":0,"in_flight":0,"delayed":0,"requests":7,"target":{"kind":"Deployment","namespace":"n","name":"d","desired":1,"current":1,"ready":1,"available":1}}"#;
    let run = against(&settings, format!("{json}\n{}\n", json.replace("12:00:00", "12:00:05")), &[]).exits(0);
    assert!(!run.stdout.contains("not recorded"), "{}", run.stdout);
}

#[test]
fn recording_of_several_lists_says_which_are_left_out() {
    let pods = r#"{"kind":"Deployment","namespace":"n","name":"d","desired":1,"current":1,"ready":1,"available":1}"#;
    let row = |list: &str, second: u32, target: &str| {
        format!("{{\"time\":\"2026-03-01T12:00:0{second}Z\",\"list\":\"{list}\",\"backlog\":0,\"target\":{target}}}\n")
    };
    let of = |lists: &[(&str, &str)]| {
        let rows = |second| lists.iter().map(|(list, target)| row(list, second, target)).collect::<String>();
        (0..3).map(rows).collect::<String>()
    };
    let warning = "only the first is compared";
    let several = against(&profile(""), of(&[("high", pods), ("low", "null")]), &[]).exits(0);
    assert!(several.stderr.contains(warning) && several.stderr.contains("left_out=low"), "{}", several.stderr);
    let one = against(&profile(""), of(&[("high", pods)]), &[]).exits(0);
    assert!(!one.stderr.contains(warning), "{}", one.stderr);
}

#[test]
fn step_within_the_last_moments_of_a_recording_is_not_said_to_be_missing() {
    let scale = "list-length = 5\nactivation-list-length = 15\npolling-interval = \"10s\"";
    let text = rows(22, |second| (2 * second, 0, if second % 10 == 0 { "0.5 10.5 20.5" } else { "" }, ""));
    let text = text.replace("0.5 10.5 20.5", "20.5");
    let run = against(&profile(scale), &text, &[]).exits(0);
    assert!(run.stdout.contains("0 → 1  KEDA  not recorded, cannot be told from this recording: activated"), "{run:?}");
    assert!(run.stdout.contains("none for longer than one poll or sync"), "{run:?}");
}

#[test]
fn simulated_run_with_triggers_of_other_types_can_be_compared() {
    let trigger = "[[scale.triggers]]\nname = \"requests\"\ntype = \"prometheus\"\nmetadata = { threshold = \"10\" }";
    let profile = profile(&format!("max-replica-count = 9\n{trigger}"));
    let load = "s,count,requests\n0,5,0\n30,5,55\n120,0,0\n";
    let words = ["simulate", "--produce-file", "load.csv", "--work", "1s", "--output", "json"];
    let run = Qscale::new(words).file("qscale.toml", &profile).file("load.csv", load).output().exits(0);
    let first: serde_json::Value = serde_json::from_str(run.stdout.lines().nth(40).expect("a sample")).expect("JSON");
    assert_eq!(first["requests"].as_f64(), Some(55.0), "{first}");
    let compared = against(&profile, &run.stdout, &[]).exits(0);
    assert!(compared.stdout.contains("equal for 100.0% of the time"), "{compared:?}");
    assert!(!compared.stdout.contains("has no column") && !compared.stdout.contains("NOT "), "{compared:?}");
}
