//! Simulations follow queueing theory, conserve items, and have a reason for every change.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "--nocapture shows the comparison; a scenario that is not valid fails the test"
)]

use std::time::Duration;

use proptest::prelude::*;
use qscale::delivery::lists::Lists;
use qscale::profile::Profile;
use qscale::scaler::Controller;
use qscale::simulation::{self, Protection, Run, Scenario};

fn scenario(text: &str) -> Scenario {
    let profile = Profile::parse("simulated", text).unwrap_or_else(|error| panic!("{error}"));
    let arrivals = profile.produce.load().arrivals(1).expect("a load that can be foreseen");
    let work = profile.consume.work.clone().expect("a time");
    profile.scenario(&Lists::one("mylist"), arrivals.collect(), work, 1)
}

fn run(scenario: &Scenario) -> Run {
    simulation::run(scenario).unwrap()
}

/// Probability that an item waits, with `servers` and an offered load of `load` (Erlang C).
fn erlang_c(servers: u32, load: f64) -> f64 {
    let mut blocked = 1.0;
    for server in 1..=servers {
        blocked = load * blocked / (f64::from(server) + load * blocked);
    }
    let utilisation = load / f64::from(servers);
    blocked / (1.0 - utilisation * (1.0 - blocked))
}

#[test]
fn waits_of_poisson_arrivals_and_exponential_work_match_erlang_c() {
    for (servers, rate) in [(1, 0.5), (4, 3.0), (10, 8.0)] {
        let text = format!(
            "[produce]\npattern = \"60h@poisson({rate})\"\n[consume]\nwork = \"exp(1s)\"\ndelivery = \"at-most-once\"\n\
             [scale]\nmin-replica-count = {servers}\nmax-replica-count = {servers}\n"
        );
        let scenario = Scenario { horizon: Duration::from_secs(60 * 3600), ..scenario(&text) };
        let waited = run(&scenario).summary.wait.mean.as_secs_f64();
        let expected = erlang_c(servers, rate) / (f64::from(servers) - rate);
        println!("{servers} servers, {rate} a second: {waited:.4} s simulated, {expected:.4} s by Erlang C");
        assert!((waited / expected - 1.0).abs() < 0.03, "{waited} for {expected}");
    }
}

#[test]
fn backlog_is_rate_times_wait() {
    let text = "[produce]\npattern = \"4h@poisson(3)\"\n[consume]\nwork = \"1s\"\n[scale]\nmax-replica-count = 8\n";
    let run = run(&Scenario { horizon: Duration::from_secs(4 * 3600), until_over: false, ..scenario(text) });
    let backlog: u64 = run.points.iter().map(|point| point.backlog).sum();
    #[allow(clippy::cast_precision_loss)]
    let (waiting, items) = (backlog as f64 / run.points.len() as f64, run.summary.pushed as f64);
    let expected = items / run.summary.end.as_secs_f64() * run.summary.wait.mean.as_secs_f64();
    println!("{waiting:.3} wait on the average; {expected:.3} by Little's law");
    assert!((waiting / expected - 1.0).abs() < 0.02, "{waiting} for {expected}");
}

const BUSY: &str = "[produce]\npattern = \"2m@5, 3m@0, burst 30\"\n[consume]\nwork = \"8s..20s\"\n[scale]\n\
    max-replica-count = 12\nlist-length = 4\npolling-interval = \"5s\"\ncooldown-period = \"10s\"\n\
    behavior.scale-down = { stabilization-window = \"0s\" }\n";

#[test]
fn seed_repeats_the_run() {
    let scenario = scenario(BUSY);
    let [first, second] = [1, 1].map(|seed| format!("{:?}", run(&Scenario { seed, ..scenario.clone() })));
    assert_eq!(first, second);
    assert_ne!(first, format!("{:?}", run(&Scenario { seed: 2, ..scenario })));
}

#[test]
fn protections_keep_items_from_being_interrupted() {
    let interrupted = |scenario: Scenario| run(&scenario).summary.interrupted;
    assert_eq!(interrupted(scenario(BUSY)), 0);
    // Without the busy trigger KEDA scales to zero during processing, and only the grace period saves items in flight.
    let without_busy = scenario(BUSY).without(Protection::Busy);
    assert_eq!(interrupted(without_busy.clone()), 0);
    assert!(interrupted(without_busy.without(Protection::Grace)) > 0);
    let jobs = scenario(
        &BUSY
            .replace("cooldown-period = \"10s\"\n", "kind = \"ScaledJob\"\n")
            .replace("behavior.scale-down = { stabilization-window = \"0s\" }\n", ""),
    );
    assert_eq!(interrupted(jobs.without(Protection::Grace)), 0);
}

#[test]
fn scaling_events_have_reasons() {
    let run = run(&scenario(BUSY));
    assert!(run.changes.iter().any(|change| change.by == Controller::Hpa && change.to > change.from));
    for change in &run.changes {
        println!(
            "{:?}..{:?} {} {} -> {}: {}",
            change.at, change.until, change.by, change.from, change.to, change.reason
        );
        assert!(!change.reason.to_string().is_empty());
    }
}

#[test]
fn idle_exit_of_jobs_is_that_of_the_profile() {
    let jobs = |idle_exit: &str| {
        let scenario = scenario(&format!(
            "[produce]\npattern = \"burst 1, 60s@0, burst 1, 60s@0\"\n[consume]\nwork = \"5s\"\n{idle_exit}\n\
             [scale]\nkind = \"ScaledJob\"\npolling-interval = \"5s\"\n[scale.job]\nrun = \"until-idle\"\n"
        ));
        run(&scenario).summary.changes
    };
    assert_eq!((jobs("idle-exit = \"2m\""), jobs("idle-exit = \"30s\""), jobs("")), (1, 2, 2));
}

#[test]
fn max_items_of_jobs_is_that_of_the_profile() {
    let jobs = |max_items: &str| {
        let profile = format!(
            "[produce]\npattern = \"burst 20\"\n[consume]\nwork = \"1s\"\nconcurrency = 3\n{max_items}[scale]\nkind = \"ScaledJob\"\nmax-replica-count = 1\n\
             list-length = 100\njob = {{ run = \"until-idle\" }}\n"
        );
        let Run { changes, summary, .. } = run(&scenario(&profile));
        let created: u32 = changes.iter().map(|change| change.to - change.from).sum();
        (created, summary.acknowledged)
    };
    // A single Job processes all of it, and Jobs of four items each as many as they are needed.
    assert_eq!(jobs(""), (1, 20));
    assert_eq!(jobs("max-items = 4\n"), (5, 20));
    assert_eq!(jobs("max-items = 7\n"), (3, 20));
}

#[test]
fn booting_jobs_are_counted_again() {
    let jobs = |strategy: &str, start: &str, boot: &str| {
        let scenario = scenario(&format!(
            "[produce]\npattern = \"burst 5, 10s@0\"\n[consume]\nwork = \"60s\"\ndelivery = \"at-most-once\"\n\
             start-time = \"{start}\"\nboot-time = \"{boot}\"\n[scale]\nkind = \"ScaledJob\"\nmax-replica-count = 48\n\
             strategy = \"{strategy}\"\npolling-interval = \"2s\"\n"
        ));
        run(&scenario).summary.peak_pods
    };
    assert_eq!(jobs("accurate", "500ms", "15s"), 40);
    assert_eq!(jobs("eager", "500ms", "15s"), 40);
    // Pending Jobs, and those that run, are subtracted.
    assert_eq!(jobs("accurate", "15s", "500ms"), 5);
    assert_eq!(jobs("default", "500ms", "15s"), 5);
}

#[test]
fn initial_replicas_cool_down_from_the_start() {
    let scenario =
        scenario("[produce]\npattern = \"10m@0\"\n[consume]\nwork = \"1s\"\n[scale]\ncooldown-period = \"60s\"\n");
    let scenario = Scenario { initial_replicas: Some(5), first_poll: Duration::from_secs(10), ..scenario };
    let run = run(&scenario);
    let steps: Vec<_> = run.changes.iter().filter(|change| change.from != change.to).collect();
    assert_eq!((run.points[0].current, steps.len()), (5, 1));
    assert_eq!((steps[0].from, steps[0].to, steps[0].at.as_secs()), (5, 0, 70));
}

#[test]
fn items_that_wait_for_a_job_have_a_reason() {
    let reasons = |text: &str| {
        let unchanged = |change: &qscale::simulation::Change| change.from == change.to;
        let run = run(&scenario(text));
        run.changes
            .iter()
            .filter(|change| unchanged(change))
            .map(|change| change.reason.to_string())
            .collect::<Vec<_>>()
    };
    let running = "[produce]\npattern = \"burst 5, 1m@0, burst 3, 1m@0\"\n[consume]\nwork = \"10m\"\n\
                   delivery = \"at-most-once\"\n[scale]\nkind = \"ScaledJob\"\nstrategy = \"default\"\n";
    assert_eq!(reasons(running), ["3 waiting ÷ 1 per Job = 3 Jobs; strategy default: 3 − 5 running is below 0"]);
    for kind in ["ScaledJob", "ScaledObject"] {
        let below = format!(
            "[produce]\npattern = \"burst 15, 10s@0\"\n[consume]\nwork = \"5s\"\n[scale]\nkind = \"{kind}\"\n\
             activation-list-length = 15\n"
        );
        assert_eq!(reasons(&below), ["15 waiting, activationListLength 15: inactive"]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn items_are_conserved(
        rate in 1_u32..20, work in 1_u32..30, max in 1_u32..30, length in 1_u32..50, concurrency in 1_u32..4,
        grace in 0_u32..40, once in any::<bool>(), jobs in any::<bool>(), seed in any::<u64>(),
    ) {
        let delivery = if once { "at-most-once" } else { "at-least-once" };
        let kind = if jobs { "ScaledJob" } else { "ScaledObject" };
        let scenario = scenario(&format!(
            "[produce]\npattern = \"1m@poisson({rate}), 1m@0, burst 100\"\n[consume]\nwork = \"exp({work}s)\"\n\
             drain = \"{grace}s\"\nconcurrency = {concurrency}\ndelivery = \"{delivery}\"\n\
             [scale]\nkind = \"{kind}\"\nmax-replica-count = {max}\nlist-length = {length}\npolling-interval = \"10s\"\n"
        ));
        let run = run(&Scenario { seed, horizon: Duration::from_secs(600), until_over: false, ..scenario });
        let summary = &run.summary;
        prop_assert_eq!(summary.pushed, summary.acknowledged + summary.remaining + summary.lost);
        prop_assert!(summary.idle_pod_seconds <= summary.pod_seconds + 1e-6);
        for point in &run.points {
            prop_assert!(point.desired <= max && point.ready <= point.current);
            prop_assert!(point.in_flight <= u64::from((point.current + point.terminating) * concurrency));
        }
    }
}
