//! `--target-wait`: settings that keep a wait, tried out.

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
use crate::tuning::{self, Bounds, Candidate, Demand, Percentile, Want};
use crate::units::HumanDuration;

/// Items whose working time is looked at.
const DRAWN: u32 = 2_000;

/// How many chances a proposal has to keep the wait with, beside the worst of clocks.
const CHANCES: u64 = 20;

/// A load that is over costs for so much longer, whatever it is scaled by: what stays is paid for as well.
const AFTERWARDS: Duration = Duration::from_secs(10 * 60);

pub(super) fn run(want: Want, play: &RunSettings, output: Form, context: &Context) -> Result<Outcome> {
    let trials = Trials::of(want, play)?;
    let scale = &play.profile.scale;
    // What the profile sets is kept; what it leaves out is free.
    let idle = scale.idle_replica_count.is_some();
    let bounds = Bounds { min: scale.min_replica_count, max: scale.max_replica_count, idle };
    match trials.propose(bounds)? {
        Ok((settings, proof)) => {
            context.printer.result(&show(&trials, &settings, &proof, output))?;
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

/// What settings are tried on: the workload with every chance.
struct Trials<'a> {
    want: Want,
    play: &'a RunSettings,
    demand: Demand,
    /// The first is the one with the worst of clocks.
    chances: Vec<Scenario>,
    /// What has been played: a search with one more chance tries much of what the one before it tried.
    played: RefCell<HashMap<(usize, Candidate), Summary>>,
}

/// What became of a proposal.
#[derive(Debug)]
struct Proof {
    runs: Vec<Summary>,
    /// The wait in the best run, and in the worst.
    waits: (Duration, Duration),
}

impl<'a> Trials<'a> {
    fn of(want: Want, play: &'a RunSettings) -> Result<Self> {
        let mut chances = vec![play.scenario(play.seed)?];
        for chance in 0..CHANCES {
            chances.push(play.scenario(play.seed.wrapping_add(chance))?);
        }
        Ok(Self { want, play, demand: demand(want, &chances)?, chances, played: RefCell::default() })
    }

    /// Looks for settings with few of the chances, and with those in which what was found did not hold, until it holds in all.
    fn propose(&self, bounds: Bounds) -> Result<Result<(Candidate, Proof), tuning::Refusal>> {
        let mut tried_with = vec![0];
        loop {
            let mut unforeseen = None;
            let found = tuning::propose(self.want, &self.demand, bounds, |settings| {
                let runs = tried_with.iter().map(|chance| self.run(*chance, settings));
                cost(self.want, runs).unwrap_or_else(|error| {
                    unforeseen = Some(error);
                    Some(0.0)
                })
            });
            if let Some(error) = unforeseen {
                return Err(error);
            }
            let settings = match found {
                Ok(settings) => settings,
                // What it says would do has to do in all of them.
                Err(_) if tried_with.len() < self.chances.len() => {
                    tried_with = (0..self.chances.len()).collect();
                    continue;
                }
                Err(refusal) => return Ok(Err(refusal)),
            };
            let runs = (0..self.chances.len()).map(|chance| self.run(chance, &settings)).collect::<Result<Vec<_>>>()?;
            let waits: Vec<Duration> = runs.iter().map(|run| wait(self.want, run)).collect();
            let worst = (0..waits.len()).max_by_key(|chance| waits[*chance]).unwrap_or(0);
            if waits[worst] <= self.want.wait {
                let waits = (waits.iter().copied().min().unwrap_or_default(), waits[worst]);
                return Ok(Ok((settings, Proof { runs, waits })));
            }
            ensure!(!tried_with.contains(&worst), "what kept the wait in one run does not in the same run again");
            tried_with.push(worst);
        }
    }

    /// Whether there is no pod when the load begins.
    fn begin_without_pods(&self, settings: &Candidate) -> bool {
        settings.min == 0 || self.play.profile.scale.idle_replica_count.is_some()
    }

    /// One run with one of the chances.
    fn run(&self, chance: usize, settings: &Candidate) -> Result<Summary> {
        if let Some(known) = self.played.borrow().get(&(chance, *settings)) {
            return Ok(known.clone());
        }
        let summary = self.play(chance, settings)?;
        self.played.borrow_mut().insert((chance, *settings), summary.clone());
        Ok(summary)
    }

    fn play(&self, chance: usize, settings: &Candidate) -> Result<Summary> {
        let base = &self.chances[chance];
        let mut profile = self.play.profile.clone();
        profile.scale.list_length = Some(settings.list_length);
        profile.scale.min_replica_count = Some(settings.min);
        profile.scale.max_replica_count = Some(settings.max);
        profile.scale.polling_interval = Some(HumanDuration(settings.polling));
        profile.scale.cooldown_period = Some(HumanDuration(settings.cooldown));
        profile.consume.drain = Some(HumanDuration(settings.drain));
        let last = base.arrivals.last().map_or(Duration::ZERO, |arrival| arrival.at);
        let mut scenario = Scenario {
            until_over: false,
            // Whoever still waits then has waited for too long, whatever becomes of it.
            horizon: last + (self.want.wait + Duration::from_secs(1)).max(AFTERWARDS),
            ..self.play.with_profile(&profile, base.arrivals.clone(), base.seed)
        };
        if chance == 0 {
            late(&mut scenario);
        }
        Ok(simulation::run(&scenario).map_err(|error| UsageError(error.to_string()))?.summary)
    }
}

/// KEDA has just looked when the first item comes, and the HPA when KEDA starts the first pod; or, where pods are there, when
/// the first item comes.
fn late(scenario: &mut Scenario) {
    let first = scenario.arrivals.first().map_or(Duration::ZERO, |arrival| arrival.at);
    let (polls, syncs) = (scenario.settings.poll_period(), scenario.sync_period);
    scenario.first_poll = just_before(first, polls);
    let there = scenario.settings.idle.unwrap_or(scenario.settings.min) > 0;
    scenario.first_sync = just_before(if there { first } else { first + polls }, syncs);
}

/// The first moment of a clock that ticks just before `moment`; of one that begins with it, a period later.
fn just_before(moment: Duration, period: Duration) -> Duration {
    let Some(before) = moment.checked_sub(Duration::from_millis(1)) else { return period };
    Duration::from_nanos(u64::try_from(before.as_nanos() % period.as_nanos()).unwrap_or(0))
}

/// The pod-seconds of all runs, where all keep the wait; the first that does not is the last that is played.
fn cost(want: Want, runs: impl Iterator<Item = Result<Summary>>) -> Result<Option<f64>, Report> {
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

fn demand(want: Want, chances: &[Scenario]) -> Result<Demand> {
    let scenario = &chances[0];
    let mut rng = StdRng::seed_from_u64(scenario.seed);
    let (mut sum, mut longest) = (Duration::ZERO, Duration::ZERO);
    for item in 0..DRAWN {
        let mut text = String::new();
        scenario.payload.write(&mut text, u64::from(item) + 1, SystemTime::UNIX_EPOCH, &mut rng);
        let takes = scenario.work.duration(text.as_bytes(), &mut rng).map_err(UsageError)?.min(MAX_DURATION);
        sum += takes;
        longest = longest.max(takes);
    }
    let service = sum / DRAWN;
    let arrivals: Vec<(Duration, u64)> = scenario.arrivals.iter().map(|arrival| (arrival.at, arrival.count)).collect();
    // Over less time than this, how many come is chance and no rate.
    let window = want.wait.max(service * 4).max(scenario.sync_period).as_secs_f64().ceil();
    let window = Duration::from_secs_f64(window);
    Ok(Demand {
        rate: Demand::peak_rate(&arrivals, window),
        window,
        service: service.as_secs_f64(),
        longest,
        concurrency: scenario.concurrency,
        start: scenario.start_time,
        items: arrivals.iter().map(|(_, count)| count).sum(),
    })
}

fn wait(want: Want, run: &Summary) -> Duration {
    match want.percentile {
        Percentile::P50 => run.wait.p50,
        Percentile::P95 => run.wait.p95,
        Percentile::P99 => run.wait.p99,
    }
}

fn show(trials: &Trials<'_>, settings: &Candidate, proof: &Proof, output: Form) -> String {
    let Trials { want, demand, .. } = trials;
    let want = *want;
    let Candidate { list_length, min, max, polling, cooldown, drain } = *settings;
    let [polling, cooldown, drain] =
        [polling, cooldown, drain].map(|span| humantime::format_duration(span).to_string());
    let Proof { runs, waits: (best, worst) } = proof;
    let average = |value: fn(&Summary) -> f64| {
        runs.iter().map(value).sum::<f64>() / f64::from(u32::try_from(runs.len()).unwrap_or(u32::MAX))
    };
    let (pods, idle) = (average(|run| run.pod_seconds), average(|run| run.idle_pod_seconds));
    let cut: u64 = runs.iter().map(|run| run.cut).sum();
    if output == Form::Json {
        let object = serde_json::json!({
            "want": want.to_string(), "met": true, "list_length": list_length, "min_replica_count": min,
            "max_replica_count": max, "polling_interval": polling, "cooldown_period": cooldown, "drain": drain,
            "runs": runs.len(), "wait_seconds": { "best": best.as_secs_f64(), "worst": worst.as_secs_f64() },
            "pod_seconds": pods.round(), "idle_pod_seconds": idle.round(), "cut": cut,
        });
        return object.to_string();
    }
    let slots = demand.offered();
    let pace = demand.pods(want).map_or_else(|| "no number of pods".to_owned(), |pods| pods.to_string());
    let reasons = [
        (
            "load",
            format!(
                "{:.2} items/s at the peak (over {}), {:.2} s of work each: {slots:.1} slots at work on average",
                demand.rate,
                humantime::format_duration(demand.window),
                demand.service
            ),
        ),
        ("pods", format!("{pace} keep pace with that for ever, by Erlang C; {max} at most are enough here, as tried")),
        (
            "list-length",
            format!(
                "by formula (wait - reaction) / service x concurrency = {}; {list_length} does as well, as tried",
                demand.allowance(want, trials.begin_without_pods(settings).then_some(settings.polling))
            ),
        ),
        (
            "tried",
            format!(
                "{} is {} to {} in {} runs: {CHANCES} chances, and the worst of clocks; {cut} items cut in all",
                want.percentile,
                Elapsed(*best),
                Elapsed(*worst),
                runs.len(),
            ),
        ),
        (
            "cost",
            format!(
                "{pods:.0} pod-seconds on average, {idle:.0} of them idle, until {} after the load",
                humantime::format_duration(AFTERWARDS.max(want.wait))
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
