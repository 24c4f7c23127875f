//! `--target-wait`: settings that meet a target wait, proven by simulation.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use color_eyre::eyre::{Report, Result, ensure};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::plan::{MAX_DURATION, RunSettings};
use super::{Context, Form};
use crate::exit::{Outcome, UsageError};
use crate::simulation::{self, Scenario, Summary};
use crate::terminal::{Elapsed, facts, terminal_width};
use crate::tuning::{self, Bounds, Candidate, Demand, Percentile, TargetWait};
use crate::units::{HumanDuration, counted};

/// Number of items whose processing time is sampled.
const SAMPLED_ITEMS: u32 = 2_000;

/// Number of seeds that a proposal is tried with, in addition to the worst-case poll and sync phases.
const SEEDS: u64 = 20;

/// Time after the load that counts towards the cost, which includes pods that remain.
const COST_AFTER_LOAD: Duration = Duration::from_secs(10 * 60);

pub(super) fn run(want: TargetWait, settings: &RunSettings, output: Form, context: &Context) -> Result<Outcome> {
    let trials = Trials::of(want, settings)?;
    let scale = &settings.profile.scale;
    // Limits set in the profile are kept.
    let idle = scale.idle_replica_count.is_some();
    let bounds = Bounds { min: scale.min_replica_count, max: scale.max_replica_count, idle };
    match trials.propose(bounds)? {
        Ok((candidate, proof)) => {
            context.printer.result(&show(&trials, &candidate, &proof, output))?;
            Ok(Outcome::Done)
        }
        Err(refusal) => {
            match output {
                Form::Json => {
                    let object = serde_json::json!({ "target_wait": want.to_string(), "met": false, "reason": refusal.to_string() });
                    context.printer.result(&object)?;
                }
                _ => context.printer.result(&format_args!("{want} cannot be met: {refusal}"))?,
            }
            Ok(Outcome::CheckFailed)
        }
    }
}

/// Runs of the workload with every seed, to try settings on.
struct Trials<'a> {
    want: TargetWait,
    settings: &'a RunSettings,
    demand: Demand,
    /// The first has the worst-case poll and sync phases.
    scenarios: Vec<Scenario>,
    /// Results so far: a search with one more scenario repeats many runs of the one before.
    results: RefCell<HashMap<(usize, Candidate), Summary>>,
}

/// Results of a proposal in all runs.
#[derive(Debug)]
struct Proof {
    runs: Vec<Summary>,
    /// Wait in the best and in the worst run.
    waits: (Duration, Duration),
}

impl<'a> Trials<'a> {
    fn of(want: TargetWait, settings: &'a RunSettings) -> Result<Self> {
        let mut scenarios = vec![settings.scenario(settings.seed)?];
        for offset in 0..SEEDS {
            scenarios.push(settings.scenario(settings.seed.wrapping_add(offset))?);
        }
        Ok(Self { want, settings, demand: demand(want, &scenarios)?, scenarios, results: RefCell::default() })
    }

    /// Searches with one scenario, then adds each in which the result failed, until it holds in all.
    fn propose(&self, bounds: Bounds) -> Result<Result<(Candidate, Proof), tuning::Refusal>> {
        let mut tried = vec![0];
        loop {
            let mut failure = None;
            let found = tuning::propose(self.want, &self.demand, bounds, |candidate| {
                let runs = tried.iter().map(|scenario| self.run(*scenario, candidate));
                cost(self.want, runs).unwrap_or_else(|error| {
                    failure = Some(error);
                    Some(0.0)
                })
            });
            if let Some(error) = failure {
                return Err(error);
            }
            let candidate = match found {
                Ok(candidate) => candidate,
                // The limits that a refusal names have to hold in all scenarios.
                Err(_) if tried.len() < self.scenarios.len() => {
                    tried = (0..self.scenarios.len()).collect();
                    continue;
                }
                Err(refusal) => return Ok(Err(refusal)),
            };
            let runs =
                (0..self.scenarios.len()).map(|scenario| self.run(scenario, &candidate)).collect::<Result<Vec<_>>>()?;
            let waits: Vec<Duration> = runs.iter().map(|run| wait(self.want, run)).collect();
            let worst = (0..waits.len()).max_by_key(|scenario| waits[*scenario]).unwrap_or(0);
            if waits[worst] <= self.want.wait {
                let waits = (waits.iter().copied().min().unwrap_or_default(), waits[worst]);
                return Ok(Ok((candidate, Proof { runs, waits })));
            }
            ensure!(!tried.contains(&worst), "the same scenario gave different results");
            tried.push(worst);
        }
    }

    /// Returns true if the load starts with zero pods.
    fn starts_at_zero(&self, candidate: &Candidate) -> bool {
        candidate.min == 0 || self.settings.profile.scale.idle_replica_count.is_some()
    }

    /// Returns the result of a candidate in a scenario; each is simulated once.
    fn run(&self, scenario: usize, candidate: &Candidate) -> Result<Summary> {
        if let Some(known) = self.results.borrow().get(&(scenario, *candidate)) {
            return Ok(known.clone());
        }
        let summary = self.simulate(scenario, candidate)?;
        self.results.borrow_mut().insert((scenario, *candidate), summary.clone());
        Ok(summary)
    }

    fn simulate(&self, scenario: usize, candidate: &Candidate) -> Result<Summary> {
        let base = &self.scenarios[scenario];
        let is_worst_case = scenario == 0;
        let mut profile = self.settings.profile.clone();
        profile.scale.list_length = Some(candidate.list_length);
        profile.scale.min_replica_count = Some(candidate.min);
        profile.scale.max_replica_count = Some(candidate.max);
        profile.scale.polling_interval = Some(HumanDuration(candidate.polling));
        profile.scale.cooldown_period = Some(HumanDuration(candidate.cooldown));
        profile.consume.drain = Some(HumanDuration(candidate.drain));
        let last = base.arrivals.last().map_or(Duration::ZERO, |arrival| arrival.at);
        let mut scenario = Scenario {
            until_over: false,
            // Items that still wait then have exceeded the target.
            horizon: last + (self.want.wait + Duration::from_secs(1)).max(COST_AFTER_LOAD),
            ..self.settings.with_profile(&profile, base.arrivals.clone(), base.seed)
        };
        if is_worst_case {
            delay_reactions(&mut scenario);
        }
        Ok(simulation::run(&scenario).map_err(|error| UsageError(error.to_string()))?.summary)
    }
}

/// Sets the worst-case phases: KEDA has polled just before the first item is pushed, and the HPA has synced just before KEDA
/// activates the target, or just before the first item if there are pods already.
fn delay_reactions(scenario: &mut Scenario) {
    let first = scenario.arrivals.first().map_or(Duration::ZERO, |arrival| arrival.at);
    let (polls, syncs) = (scenario.settings.poll_period(), scenario.sync_period);
    scenario.first_poll = just_before(first, polls);
    let has_pods = scenario.settings.idle.unwrap_or(scenario.settings.min) > 0;
    scenario.first_sync = just_before(if has_pods { first } else { first + polls }, syncs);
}

/// Returns the phase that has a tick just before `moment`; a whole period if `moment` is the start.
fn just_before(moment: Duration, period: Duration) -> Duration {
    let Some(before) = moment.checked_sub(Duration::from_millis(1)) else { return period };
    Duration::from_nanos(u64::try_from(before.as_nanos() % period.as_nanos()).unwrap_or(0))
}

/// Returns the pod-seconds of all runs, or `None` as soon as a run exceeds the target.
fn cost(want: TargetWait, runs: impl Iterator<Item = Result<Summary>>) -> Result<Option<f64>, Report> {
    let mut sum = 0.0;
    for run in runs {
        let run = run?;
        if wait(want, &run) > want.wait {
            return Ok(None);
        }
        sum += run.pod_seconds;
    }
    Ok(Some(sum))
}

fn demand(want: TargetWait, scenarios: &[Scenario]) -> Result<Demand> {
    let scenario = &scenarios[0];
    let mut rng = StdRng::seed_from_u64(scenario.seed);
    let (mut sum, mut longest) = (Duration::ZERO, Duration::ZERO);
    for item in 0..SAMPLED_ITEMS {
        let mut text = String::new();
        scenario.payload.write(&mut text, u64::from(item) + 1, SystemTime::UNIX_EPOCH, &mut rng);
        let duration = scenario
            .work
            .duration(text.as_bytes(), &mut rng)
            .map_err(|error| UsageError(error.to_string()))?
            .min(MAX_DURATION);
        sum += duration;
        longest = longest.max(duration);
    }
    let service = sum / SAMPLED_ITEMS;
    let arrivals: Vec<(Duration, u64)> = scenario.arrivals.iter().map(|arrival| (arrival.at, arrival.count)).collect();
    // A shorter window would measure random bursts, not a rate.
    let window = want.wait.max(service * 4).max(scenario.sync_period).as_secs_f64().ceil();
    let window = Duration::from_secs_f64(window);
    Ok(Demand {
        rate: Demand::peak_rate(&arrivals, window),
        window,
        service: service.as_secs_f64(),
        longest,
        concurrency: scenario.concurrency,
        start: scenario.start_time + scenario.boot_time,
        items: arrivals.iter().map(|(_, count)| count).sum(),
    })
}

fn wait(want: TargetWait, run: &Summary) -> Duration {
    match want.percentile {
        Percentile::P50 => run.wait.p50,
        Percentile::P95 => run.wait.p95,
        Percentile::P99 => run.wait.p99,
    }
}

fn show(trials: &Trials<'_>, candidate: &Candidate, proof: &Proof, output: Form) -> String {
    let Trials { want, demand, .. } = trials;
    let want = *want;
    let Candidate { list_length, min, max, polling, cooldown, drain } = *candidate;
    let [polling, cooldown, drain] =
        [polling, cooldown, drain].map(|duration| humantime::format_duration(duration).to_string());
    let Proof { runs, waits: (best, worst) } = proof;
    let average = |value: fn(&Summary) -> f64| {
        runs.iter().map(value).sum::<f64>() / f64::from(u32::try_from(runs.len()).unwrap_or(u32::MAX))
    };
    let (pods, idle) = (average(|run| run.pod_seconds), average(|run| run.idle_pod_seconds));
    let interrupted: u64 = runs.iter().map(|run| run.interrupted).sum();
    if output == Form::Json {
        let object = serde_json::json!({
            "target_wait": want.to_string(), "met": true, "list_length": list_length, "min_replica_count": min,
            "max_replica_count": max, "polling_interval": polling, "cooldown_period": cooldown, "drain": drain,
            "runs": runs.len(), "wait_seconds": { "best": best.as_secs_f64(), "worst": worst.as_secs_f64() },
            "pod_seconds": pods.round(), "idle_pod_seconds": idle.round(), "interrupted": interrupted,
        });
        return object.to_string();
    }
    let slots = demand.offered();
    let sustained = match demand.pods(want) {
        Some(1) => "1 pod sustains this load (Erlang C)".to_owned(),
        Some(pods) => format!("{pods} pods sustain this load (Erlang C)"),
        None => "no number of pods sustains this load (Erlang C)".to_owned(),
    };
    let reasons = [
        (
            "load",
            format!(
                "peak {:.2} items/s (over {}) × {:.2}s each = {slots:.1} busy slots on average",
                demand.rate,
                humantime::format_duration(demand.window),
                demand.service
            ),
        ),
        ("pods", format!("{sustained}; a maximum of {max} suffices in all runs")),
        (
            "list-length",
            format!(
                "(wait - reaction) ÷ service × concurrency = {}; {list_length} suffices in all runs",
                demand.allowance(want, trials.starts_at_zero(candidate).then_some(candidate.polling))
            ),
        ),
        (
            "runs",
            format!(
                "{} between {} and {} in {} runs: {SEEDS} seeds and the worst-case poll and sync phases; {} interrupted",
                want.percentile,
                Elapsed(*best),
                Elapsed(*worst),
                runs.len(),
                counted(interrupted, "item", "items"),
            ),
        ),
        (
            "cost",
            format!(
                "{pods:.0} pod-seconds on average, {idle:.0} of them idle, up to {} after the load",
                humantime::format_duration(COST_AFTER_LOAD.max(want.wait))
            ),
        ),
    ];
    format!(
        "# {want} is met by:\n[consume]\ndrain = \"{drain}\"\n\n[scale]\nlist-length = {list_length}\n\
         min-replica-count = {min}\nmax-replica-count = {max}\npolling-interval = \"{polling}\"\n\
         cooldown-period = \"{cooldown}\"\n\n{}",
        facts(&reasons.map(|(name, value)| (name, value)), terminal_width())
            .replace("\n  ", "\n#   ")
            .replacen("  ", "#   ", 1)
            .trim_end()
    )
}
