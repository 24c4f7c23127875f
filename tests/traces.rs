//! The model decides as a real KEDA and a real HPA did, at every look of every recording.

use std::fs;
use std::time::Duration;

use qscale::profile::Profile;
use qscale::scaler::{JobSettings, Reading, Scale, Scaler, Settings, Unfinished};

/// One look, and what came of it.
struct Look {
    time: Duration,
    by_hpa: bool,
    spec: u32,
    status: u32,
    read: Vec<Option<u64>>,
    then: u32,
}

/// The cells of a recording, row by row.
fn rows(name: &str) -> Vec<Vec<String>> {
    let path = format!("{}/tests/traces/{name}.csv", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    rows.map(|row| row.split(',').map(str::to_owned).collect()).collect()
}

fn looks(name: &str) -> Vec<Look> {
    let look = |row: Vec<String>| {
        let [time, by, spec, status, waiting, busy, then] = &row[..] else { panic!("{name}: {row:?}") };
        let mut read = vec![Some(waiting.parse().unwrap())];
        read.extend(busy.parse().ok().map(Some));
        Look {
            time: Duration::from_secs_f64(time.parse().unwrap()),
            by_hpa: by == "hpa",
            spec: spec.parse().unwrap(),
            status: status.parse().unwrap_or(0),
            read,
            then: then.parse().unwrap(),
        }
    };
    rows(name).into_iter().map(look).collect()
}

fn decided_as_recorded(name: &str, settings: &Settings) {
    let mut scaler = Scaler::new(settings.clone(), Duration::ZERO);
    let mut wrong = 0;
    let looks = looks(name);
    for look in &looks {
        let reading = Reading::Read(look.read.clone());
        let decision = if look.by_hpa {
            scaler.sync(look.time, Scale { spec: look.spec, status: look.status }, &reading)
        } else {
            scaler.poll(look.time, look.spec, &reading)
        };
        let same = decision.replicas == look.then;
        wrong += u32::from(!same);
        println!(
            "{name} {:7.2} {:4} read {:?}: {} -> {} recorded, {} by the model{} {}",
            look.time.as_secs_f64(),
            if look.by_hpa { "HPA" } else { "KEDA" },
            look.read,
            look.spec,
            look.then,
            decision.replicas,
            if same { ":" } else { " WRONG:" },
            decision.reason,
        );
    }
    assert_eq!(wrong, 0, "of {} looks", looks.len());
}

fn settings(scale: &str) -> Settings {
    let text = format!("[consume]\ndelivery = \"at-most-once\"\n[scale]\n{scale}");
    Settings::of(&Profile::parse("recorded", &text).unwrap(), "work")
}

#[test]
fn with_nothing_set() {
    let settings = Settings { behavior: None, ..settings("max-replica-count = 5\nlist-length = 50\n") };
    decided_as_recorded("a-defaults", &settings);
}

#[test]
fn with_a_short_window_and_cooldown() {
    let settings = settings(
        "max-replica-count = 5\nlist-length = 50\npolling-interval = \"5s\"\ncooldown-period = \"15s\"\n\
         behavior.scale-down = { stabilization-window = \"0s\", policies = [{ type = \"Percent\", value = 100, period = \"15s\" }] }",
    );
    decided_as_recorded("b-fast", &settings);
}

#[test]
fn with_steps_of_one_pod() {
    let settings = settings(
        "min-replica-count = 1\nmax-replica-count = 5\nlist-length = 50\n\
         behavior.scale-up = { policies = [{ type = \"Pods\", value = 1, period = \"30s\" }] }\n\
         behavior.scale-down = { stabilization-window = \"30s\", policies = [{ type = \"Pods\", value = 1, period = \"20s\" }] }",
    );
    decided_as_recorded("c-ramp", &settings);
}

#[test]
fn with_consumers_at_work_counted() {
    let mut settings = settings(
        "max-replica-count = 6\nlist-length = 10\npolling-interval = \"5s\"\ncooldown-period = \"20s\"\n\
         behavior.scale-down = { stabilization-window = \"20s\", policies = [{ type = \"Percent\", value = 100, period = \"15s\" }] }",
    );
    let at_least_once = Profile::parse("recorded", "[scale]\nlist-length = 10\n").unwrap();
    settings.triggers = Settings::of(&at_least_once, "work").triggers;
    settings.triggers.truncate(2);
    decided_as_recorded("d-busy", &settings);
}

#[test]
fn with_jobs() {
    let text = "[consume]\ndelivery = \"at-most-once\"\n\
        [scale]\nkind = \"ScaledJob\"\nstrategy = \"accurate\"\nmax-replica-count = 5\nlist-length = 3\n";
    let profile = Profile::parse("recorded", text).unwrap();
    let (settings, jobs) = (Settings::of(&profile, "work"), JobSettings::of(&profile));
    for row in rows("e-job") {
        let [time, waiting, running, pending, recorded] = &row[..] else { panic!("{row:?}") };
        let unfinished = Unfinished { running: running.parse().unwrap(), pending: pending.parse().unwrap() };
        let created = jobs.poll(&settings, &[Some(waiting.parse().unwrap())], unfinished);
        println!("{time} {waiting} waiting, {running} unfinished: {recorded} recorded, {}: {created}", created.jobs);
        assert_eq!(created.jobs.to_string(), *recorded, "at {time} s");
    }
}
