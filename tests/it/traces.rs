//! The model decides as a real KEDA and HPA did at every recorded poll and sync; and a simulation from settings and load
//! alone takes the same steps at the same times.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "--nocapture shows the comparison; a recording that cannot be read fails the test"
)]

use std::fs;
use std::time::Duration;

use qscale::delivery::lists::Lists;
use qscale::profile::Profile;
use qscale::scaler::{Controller, Reading, SYNC_PERIOD, Scale, Scaler, Settings, Unfinished};
use qscale::simulation::{self, Run, Scenario};

/// A recorded poll or sync, and its result.
struct Decision {
    time: Duration,
    by_hpa: bool,
    spec: u32,
    status: u32,
    read: Vec<Option<f64>>,
    then: u32,
}

/// Returns the cells of a recording, row by row.
fn rows(name: &str) -> Vec<Vec<String>> {
    let path = format!("{}/tests/traces/{name}.csv", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    rows.map(|row| row.split(',').map(str::to_owned).collect()).collect()
}

fn decisions(name: &str) -> Vec<Decision> {
    let decision = |row: Vec<String>| {
        let [time, by, spec, status, waiting, busy, then] = &row[..] else { panic!("{name}: {row:?}") };
        let mut read = vec![Some(waiting.parse().unwrap())];
        read.extend(busy.parse().ok().map(Some));
        Decision {
            time: Duration::from_secs_f64(time.parse().unwrap()),
            by_hpa: by == "hpa",
            spec: spec.parse().unwrap(),
            status: status.parse().unwrap_or(0),
            read,
            then: then.parse().unwrap(),
        }
    };
    rows(name).into_iter().map(decision).collect()
}

fn decided_as_recorded(name: &str, settings: &Settings) {
    let mut scaler = Scaler::new(settings.clone(), Duration::ZERO);
    let mut wrong = 0;
    let decisions = decisions(name);
    for recorded in &decisions {
        let reading = Reading::Read(recorded.read.clone());
        let decision = if recorded.by_hpa {
            scaler.sync(recorded.time, Scale { spec: recorded.spec, ..Scale::of(recorded.status) }, &reading)
        } else {
            scaler.poll(recorded.time, recorded.spec, &reading)
        };
        let same = decision.replicas == recorded.then;
        wrong += u32::from(!same);
        println!(
            "{name} {:7.2} {:4} read {:?}: {} -> {} recorded, {} by the model{} {}",
            recorded.time.as_secs_f64(),
            if recorded.by_hpa { "HPA" } else { "KEDA" },
            recorded.read,
            recorded.spec,
            recorded.then,
            decision.replicas,
            if same { ":" } else { " WRONG:" },
            decision.reason,
        );
    }
    assert_eq!(wrong, 0, "of {} decisions", decisions.len());
}

const DEFAULTS: &str = "max-replica-count = 5\nlist-length = 50\nomit-behavior = true\n";

const FAST: &str = "max-replica-count = 5\nlist-length = 50\npolling-interval = \"5s\"\ncooldown-period = \"15s\"\n\
    [scale.behavior.scale-down]\nstabilization-window = \"0s\"\n\
    policies = [{ type = \"Percent\", value = 100, period = \"15s\" }]\n";

const RAMP: &str = "min-replica-count = 1\nmax-replica-count = 5\nlist-length = 50\n\
    [scale.behavior.scale-up]\npolicies = [{ type = \"Pods\", value = 1, period = \"30s\" }]\n\
    [scale.behavior.scale-down]\nstabilization-window = \"30s\"\n\
    policies = [{ type = \"Pods\", value = 1, period = \"20s\" }]\n";

const BUSY: &str = "max-replica-count = 6\nlist-length = 10\npolling-interval = \"5s\"\ncooldown-period = \"20s\"\n\
    [scale.behavior.scale-down]\nstabilization-window = \"20s\"\n\
    policies = [{ type = \"Percent\", value = 100, period = \"15s\" }]\n";

const JOBS: &str = "kind = \"ScaledJob\"\nstrategy = \"accurate\"\nmax-replica-count = 5\nlist-length = 3\n\
    polling-interval = \"10s\"\n";

/// Returns the profile of a recording. None of them has retries, so that no other trigger counted anything.
fn profile(delivery: &str, scale: &str, load: &str, work: &str) -> Profile {
    let text = format!(
        "[produce]\npattern = \"{load}\"\n[consume]\nwork = \"{work}\"\ndelivery = \"{delivery}\"\n[scale]\n{scale}"
    );
    Profile::parse("recorded", &text).unwrap_or_else(|error| panic!("{error}"))
}

fn list_alone(scale: &str) -> Settings {
    profile("at-most-once", scale, "1s@1", "1s").scaler_settings("work")
}

#[test]
fn trace_with_defaults_is_reproduced() {
    decided_as_recorded("a-defaults", &list_alone(DEFAULTS));
}

#[test]
fn trace_with_a_short_window_and_cooldown_is_reproduced() {
    decided_as_recorded("b-fast", &list_alone(FAST));
}

#[test]
fn trace_with_steps_of_one_pod_is_reproduced() {
    decided_as_recorded("c-ramp", &list_alone(RAMP));
}

#[test]
fn trace_with_busy_consumers_counted_is_reproduced() {
    let mut settings = profile("at-least-once", BUSY, "1s@1", "1s").scaler_settings("work");
    settings.triggers.truncate(2);
    decided_as_recorded("d-busy", &settings);
}

#[test]
fn trace_with_jobs_is_reproduced() {
    let profile = profile("at-most-once", JOBS, "1s@1", "1s");
    let (settings, jobs) = (profile.scaler_settings("work"), profile.job_settings());
    for row in rows("e-job") {
        let [time, waiting, running, pending, recorded] = &row[..] else { panic!("{row:?}") };
        let unfinished = Unfinished { running: running.parse().unwrap(), pending: pending.parse().unwrap() };
        let created = jobs.poll(&settings, &[Some(waiting.parse().unwrap())], unfinished);
        println!("{time} {waiting} waiting, {running} unfinished: {recorded} recorded, {}: {created}", created.jobs);
        assert_eq!(created.jobs.to_string(), *recorded, "at {time} s");
    }
}

/// A step: seconds since the start of the recording, component, and new replica count.
type Step = (f64, Controller, u32);

/// Returns the steps of the recording `name`, which starts `begin` seconds into the table.
fn recorded_steps(name: &str, begin: f64) -> Vec<Step> {
    let steps = decisions(name).into_iter().filter(|decision| decision.then != decision.spec);
    steps
        .map(|decision| {
            let by = if decision.by_hpa { Controller::Hpa } else { Controller::Keda };
            (decision.time.as_secs_f64() - begin, by, decision.then)
        })
        .collect()
}

fn simulated_steps(run: &Run) -> Vec<Step> {
    let steps = run.changes.iter().filter(|change| change.from != change.to);
    steps.map(|change| (change.at.as_secs_f64(), change.by, change.to)).collect()
}

/// Returns the largest distance between two series of steps, in HPA syncs; `None` if the steps differ.
fn apart(recorded: &[Step], simulated: &[Step]) -> Option<f64> {
    let same = |(one, other): (&Step, &Step)| one.1 == other.1 && one.2 == other.2;
    if recorded.len() != simulated.len() || !recorded.iter().zip(simulated).all(same) {
        return None;
    }
    let syncs = recorded.iter().zip(simulated).map(|(one, other)| (one.0 - other.0).abs() / SYNC_PERIOD.as_secs_f64());
    Some(syncs.fold(0.0, f64::max))
}

/// Returns a scenario of this many seconds.
fn scenario(profile: &Profile, seconds: u64) -> Scenario {
    let arrivals = profile.produce.load().arrivals(1).expect("patterns can be foreseen").collect();
    let work = profile.consume.work.clone().expect("every recording has its work");
    let scenario = profile.scenario(&Lists::one("work"), arrivals, work, 1);
    Scenario { horizon: Duration::from_secs(seconds), until_over: false, ..scenario }
}

/// Runs `scenario` with many poll and sync phases and returns the best fit.
fn fitted<T>(scenario: &Scenario, fit: impl Fn(&Run) -> Option<(f64, T)>) -> Option<(f64, T)> {
    let parts = |period: Duration| (0..20).map(move |part| period * part / 20);
    let phases = parts(scenario.settings.polling)
        .flat_map(|first_poll| parts(scenario.sync_period).map(move |first_sync| (first_poll, first_sync)));
    let fits = phases.filter_map(|(first_poll, first_sync)| {
        fit(&simulation::run(&Scenario { first_poll, first_sync, ..scenario.clone() }).unwrap())
    });
    fits.min_by(|(one, _), (other, _)| one.total_cmp(other))
}

#[test]
fn simulation_takes_the_recorded_steps() {
    for (name, begin, delivery, scale, load, work, seconds) in [
        ("a-defaults", 0.49, "at-most-once", DEFAULTS, "15s@0, burst 1000", "1s", 600),
        ("b-fast", 0.49, "at-most-once", FAST, "15s@0, burst 1000", "1s", 356),
        ("c-ramp", 0.36, "at-most-once", RAMP, "15s@0, 125s@8", "1s", 406),
        ("d-busy", 0.36, "at-least-once", BUSY, "15s@0, burst 60, 135s@0, burst 6", "8s", 281),
    ] {
        let profile = profile(delivery, scale, load, work);
        let scenario = scenario(&profile, seconds);
        let recorded = recorded_steps(name, begin);
        let fit = fitted(&scenario, |run| {
            let steps = simulated_steps(run);
            Some((apart(&recorded, &steps)?, steps))
        });
        let Some((apart, simulated)) = fit else { panic!("{name}: never the steps {recorded:?}") };
        println!("{name}: at most {apart:.2} syncs apart");
        for (one, other) in recorded.iter().zip(&simulated) {
            println!(
                "  recorded {:7.2} {} {}    simulated {:7.2} {} {}",
                one.0, one.1, one.2, other.0, other.1, other.2
            );
        }
        assert!(apart <= 1.0, "{name}: {apart} syncs apart");
    }
}

#[test]
fn simulation_creates_jobs_as_recorded() {
    let profile = profile("at-most-once", JOBS, "15s@0, 30s@1", "15s");
    let scenario = scenario(&profile, 221);
    // Time of each Job's creation, in order.
    let recorded: Vec<f64> = rows("e-job")
        .into_iter()
        .flat_map(|row| vec![row[0].parse::<f64>().unwrap(); row[4].parse().unwrap()])
        .collect();
    let fit = fitted(&scenario, |run| {
        let created = run.changes.iter().filter(|change| change.to > change.from);
        let created: Vec<f64> =
            created.flat_map(|change| vec![change.at.as_secs_f64(); (change.to - change.from) as usize]).collect();
        let apart = recorded.iter().zip(&created).map(|(one, other)| (one - other).abs() / 10.0).fold(0.0, f64::max);
        (created.len() == recorded.len()).then_some((apart, created))
    });
    let Some((apart, simulated)) = fit else { panic!("never {} Jobs", recorded.len()) };
    for (one, other) in recorded.iter().zip(&simulated) {
        println!("  recorded {one:7.2}    simulated {other:7.2}");
    }
    assert!(apart <= 1.0, "{apart} polls apart");
}
