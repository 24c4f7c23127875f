//! `--want`: settings that keep a wait, tried out.

use std::time::Duration;

use color_eyre::eyre::Result;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::{Context, Form};
use crate::exit::{Outcome, UsageError};
use crate::profile::Profile;
use crate::screen::{Clock, facts, width};
use crate::simulation::{self, Run, Scenario};
use crate::tuning::{self, Bounds, Demand, Percentile, Settings, Want};

/// Items whose working time is looked at.
const DRAWN: u32 = 2_000;

pub(super) fn run(want: Want, scenario: &Scenario, output: Form, context: &Context) -> Result<Outcome> {
    let demand = demand(want, scenario)?;
    let mut failed = None;
    let found = tuning::propose(want, &demand, bounds(&context.profile), |settings| {
        match simulation::run(&with(scenario, settings)) {
            Ok(run) => kept(want, &run) <= want.wait,
            Err(error) => {
                failed = Some(error.to_string());
                true
            }
        }
    });
    if let Some(message) = failed {
        return Err(UsageError(message).into());
    }
    match found {
        Ok(settings) => {
            let run = simulation::run(&with(scenario, &settings)).map_err(|error| UsageError(error.to_string()))?;
            context.printer.result(&show(want, &demand, &settings, &run, output))?;
            Ok(Outcome::Done)
        }
        Err(refusal) => {
            match output {
                Form::Json => {
                    let object =
                        serde_json::json!({ "want": want.to_string(), "met": false, "because": refusal.to_string() });
                    context.printer.result(&object)?;
                }
                _ => context.printer.result(&format_args!("{want} cannot be met: {refusal}"))?,
            }
            Ok(Outcome::CheckFailed)
        }
    }
}

/// What the profile sets is kept; what it leaves out is free.
fn bounds(profile: &Profile) -> Bounds {
    Bounds { min: profile.scale.min_replica_count, max: profile.scale.max_replica_count }
}

fn demand(want: Want, scenario: &Scenario) -> Result<Demand> {
    let arrivals: Vec<(Duration, u64)> = scenario.arrivals.iter().map(|arrival| (arrival.at, arrival.count)).collect();
    let mut rng = StdRng::seed_from_u64(scenario.seed);
    let (mut sum, mut longest) = (Duration::ZERO, Duration::ZERO);
    for item in 0..DRAWN {
        let mut text = String::new();
        scenario.payload.write(&mut text, u64::from(item) + 1, std::time::SystemTime::UNIX_EPOCH, &mut rng);
        let takes = scenario.work.duration(text.as_bytes(), &mut rng).map_err(UsageError)?;
        sum += takes;
        longest = longest.max(takes);
    }
    Ok(Demand {
        rate: Demand::peak_rate(&arrivals, want.wait),
        service: (sum / DRAWN).as_secs_f64(),
        longest,
        concurrency: scenario.concurrency,
        start: scenario.start_time,
    })
}

/// The scenario with other settings.
fn with(scenario: &Scenario, settings: &Settings) -> Scenario {
    let Settings { list_length, min, max, polling, cooldown, drain } = *settings;
    let mut tried = scenario.clone();
    for trigger in &mut tried.settings.triggers {
        if trigger.counted != crate::scaler::Counted::Busy && trigger.counted != crate::scaler::Counted::Landing {
            trigger.target = list_length;
        }
    }
    (tried.settings.min, tried.settings.max) = (min, max);
    (tried.settings.polling, tried.settings.cooldown) = (polling, cooldown);
    tried.grace = drain;
    // The worst that can be: KEDA has just looked when the first item comes, and the HPA when KEDA starts the first pod.
    tried.first_poll = polling;
    let before = polling.saturating_sub(Duration::from_millis(1)).as_nanos() % tried.sync_period.as_nanos();
    tried.first_sync = Duration::from_nanos(u64::try_from(before).unwrap_or(0));
    tried
}

fn kept(want: Want, run: &Run) -> Duration {
    match want.percentile {
        Percentile::P50 => run.summary.wait.p50,
        Percentile::P95 => run.summary.wait.p95,
        Percentile::P99 => run.summary.wait.p99,
    }
}

fn show(want: Want, demand: &Demand, settings: &Settings, run: &Run, output: Form) -> String {
    let Settings { list_length, min, max, polling, cooldown, drain } = *settings;
    let [polling, cooldown, drain] =
        [polling, cooldown, drain].map(|span| humantime::format_duration(span).to_string());
    if output == Form::Json {
        let object = serde_json::json!({
            "want": want.to_string(), "met": true, "list_length": list_length, "min_replica_count": min,
            "max_replica_count": max, "polling_interval": polling, "cooldown_period": cooldown, "drain": drain,
            "wait_seconds": kept(want, run).as_secs_f64(), "pod_seconds": run.summary.pod_seconds.round(),
        });
        return object.to_string();
    }
    let slots = demand.offered();
    let reasons = [
        (
            "load",
            format!(
                "{:.2} items/s at the peak (over {}), {:.2} s of work each: {slots:.1} slots at work on average",
                demand.rate,
                humantime::format_duration(want.wait),
                demand.service
            ),
        ),
        (
            "pods",
            format!(
                "{} keep up with that for ever, by Erlang C; with up to {max} the wait is kept, as tried",
                demand.pods(want).unwrap_or(max)
            ),
        ),
        (
            "list-length",
            format!(
                "what a pod may have in front of it: (wait - reaction) / service x concurrency, as tried: {list_length}"
            ),
        ),
        (
            "tried",
            format!(
                "{} is {}; peak backlog {}, {:.0} pod-seconds, {:.0} of them idle, {} items cut",
                want.percentile,
                Clock(kept(want, run)),
                run.summary.peak_backlog,
                run.summary.pod_seconds,
                run.summary.idle_pod_seconds,
                run.summary.cut
            ),
        ),
    ];
    format!(
        "# {want} is met by:\n[consume]\ndrain = \"{drain}\"\n\n[scale]\nlist-length = {list_length}\n\
         min-replica-count = {min}\nmax-replica-count = {max}\npolling-interval = \"{polling}\"\n\
         cooldown-period = \"{cooldown}\"\n\n{}",
        facts(&reasons.map(|(name, value)| (name, value)), width())
            .replace("\n  ", "\n#   ")
            .replacen("  ", "#   ", 1)
            .trim_end()
    )
}
