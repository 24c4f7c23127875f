//! `--target-wait`: settings that meet a target wait, proven by simulation.

mod candidate;
mod proposal;
mod trials;

use std::time::Duration;

use color_eyre::eyre::{Result, ensure};

use self::proposal::show;
use self::trials::{Trial, TrialResult, Trials};
use super::plan::RunSettings;
use super::{Context, Form};
use crate::exit::Outcome;
use crate::profile::ScaleKind;
use crate::scaler::defaults::TOLERANCE;
use crate::terminal::{SearchProgress, listed, terminal_width};
use crate::tuning::{self, Bounds, Candidate, Obstacle, Refusal, TargetWait};

/// Number of searches before a proposal that held-out seeds disprove is given up.
const MAX_ROUNDS: u64 = 5;

pub(super) fn run(want: TargetWait, settings: &RunSettings, output: Form, context: &Context) -> Result<Outcome> {
    let trials = Trials::of(want, settings, SearchProgress::new(&context.printer))?;
    let found = propose(&trials, bounds(settings)?)?;
    let refusal = match found {
        Found::Proven(candidate, proof) => {
            context.printer.result(&show(&trials, &candidate, &proof, output))?;
            return Ok(Outcome::Done);
        }
        Found::Unproven { met, runs } => format!(
            "found no settings that also hold with seeds the search did not try: the last met it in {met} of {runs} runs"
        ),
        Found::Refused(refusal) if output != Form::Json && !refusal.obstacles().is_empty() => {
            context.printer.result(&refused(want, &refusal))?;
            return Ok(Outcome::CheckFailed);
        }
        Found::Refused(refusal) => refusal.to_string(),
    };
    match output {
        Form::Json => {
            let object = serde_json::json!({ "target_wait": want.to_string(), "met": false, "reason": refusal });
            context.printer.result(&object)?;
        }
        _ => context.printer.result(&format_args!("{want} cannot be met: {refusal}"))?,
    }
    Ok(Outcome::CheckFailed)
}

/// Returns the obstacles as a list.
fn refused(want: TargetWait, refusal: &Refusal) -> String {
    let items = refusal.obstacles().iter().map(Obstacle::to_string).collect::<Vec<_>>();
    let several = match (refusal, items.len()) {
        (_, 0 | 1) => "",
        (Refusal::Together(_), _) => "All of them have to change: no other value of one of them is enough.",
        _ => "Each of these changes is enough.",
    };
    let list = listed(&items, terminal_width());
    format!("{want} cannot be met:\n{list}{several}").trim_end().to_owned()
}

/// Result of the search.
enum Found {
    /// Settings that meet the target in all trials, held-out ones included.
    Proven(Candidate, Proof),
    /// Settings that meet the target in the trials of the search alone.
    Unproven {
        /// Number of held-out runs that meet it.
        met: usize,
        /// Number of held-out runs.
        runs: usize,
    },
    /// Settings of the profile that prevent it.
    Refused(Refusal),
}

/// Results of a proposal.
struct Proof {
    /// Number of runs of the search that meet the target.
    searched: usize,
    /// Results with seeds that the search did not try.
    held_out: Vec<(Trial, TrialResult)>,
    /// First of these seeds, counted from that of the run.
    first_seed: u64,
    /// Shortest and longest wait of the load itself, in all runs.
    waits: (Duration, Duration),
    /// Longest wait of the load going on.
    steady_wait: Option<Duration>,
}

/// Returns what the profile fixes: limits that it sets are kept.
fn bounds(settings: &RunSettings) -> Result<Bounds> {
    let scenario = settings.scenario(settings.seed)?;
    let scale = &settings.profile.scale;
    let jobs = scenario.jobs.is_some();
    let composite = scenario.settings.composite.as_ref();
    let activation = match composite {
        Some(composite) => composite.activation > 0.0,
        None => scale.activation_list_length() > 0,
    };
    Ok(Bounds {
        min: scale.min_replica_count,
        max: scale.max_replica_count,
        idle: scale.idle_replica_count.is_some(),
        jobs,
        several_triggers: scenario.settings.triggers.len() > 1
            // A sum ignores the activation value of the list.
            && (composite.is_some() || scale.activation_list_length.is_none()),
        activation,
        cached: scenario.settings.cached && scale.kind() == ScaleKind::ScaledObject,
        tolerance: !jobs && scale.scale_up().tolerance.is_some_and(|tolerance| tolerance > TOLERANCE),
        concurrency: scenario.concurrency,
        instant: false,
    })
}

/// Searches with few trials, and adds each in which the result fails, until it holds in all of the search, and in those
/// that are held out.
fn propose(trials: &Trials<'_>, bounds: Bounds) -> Result<Found> {
    let mut tried = trials.first();
    let mut all = [vec![Trial::WorstPhases], trials.set(0)].concat();
    for block in 1..=MAX_ROUNDS {
        let candidate = match search(trials, bounds, &mut tried, &all)? {
            Ok(candidate) => candidate,
            Err(refusal) => return Ok(Found::Refused(refusal)),
        };
        let held_out = trials.set(block).into_iter().map(|trial| Ok((trial, trials.held_out(trial, &candidate)?)));
        let held_out = held_out.collect::<Result<Vec<_>>>()?;
        let missed: Vec<Trial> = held_out.iter().filter(|(_, outcome)| !outcome.met).map(|(trial, _)| *trial).collect();
        if missed.is_empty() {
            return Ok(Found::Proven(candidate, proof(trials, &candidate, &all, held_out, block)?));
        }
        if block == MAX_ROUNDS {
            return Ok(Found::Unproven { met: held_out.len() - missed.len(), runs: held_out.len() });
        }
        // What disproves a proposal is part of the next search.
        tried.extend(&missed);
        all.extend(&missed);
    }
    Ok(Found::Refused(Refusal::Beyond))
}

/// Returns the cheapest settings that meet the target in all trials; adds those that matter to `tried`.
fn search(
    trials: &Trials<'_>,
    bounds: Bounds,
    tried: &mut Vec<Trial>,
    all: &[Trial],
) -> Result<Result<Candidate, Refusal>> {
    loop {
        let mut failure = None;
        let found = tuning::propose(trials.want, &trials.demand, bounds, |candidate| {
            if failure.is_some() {
                return Some(0.0);
            }
            trials.cost(tried, candidate).unwrap_or_else(|error| {
                failure = Some(error);
                Some(0.0)
            })
        });
        if let Some(error) = failure {
            return Err(error);
        }
        let candidate = match found {
            Ok(candidate) => candidate,
            // The values that a refusal names have to hold in all trials.
            Err(_) if tried.len() < all.len() => {
                *tried = all.to_vec();
                continue;
            }
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut worst: Option<(f64, Trial)> = None;
        for trial in all {
            let outcome = trials.outcome(*trial, &candidate)?;
            if !outcome.met && worst.is_none_or(|(excess, _)| outcome.excess > excess) {
                worst = Some((outcome.excess, *trial));
            }
        }
        let Some((_, worst)) = worst else { return Ok(Ok(candidate)) };
        ensure!(!tried.contains(&worst), "the same trial gave different results");
        tried.push(worst);
    }
}

fn proof(
    trials: &Trials<'_>,
    candidate: &Candidate,
    all: &[Trial],
    held_out: Vec<(Trial, TrialResult)>,
    block: u64,
) -> Result<Proof> {
    let searched =
        all.iter().map(|trial| Ok((*trial, trials.outcome(*trial, candidate)?))).collect::<Result<Vec<_>>>()?;
    let (mut load, mut steady) = (Vec::new(), Vec::new());
    for (trial, outcome) in searched.iter().chain(&held_out) {
        let waits = if matches!(trial, Trial::Steady(_)) { &mut steady } else { &mut load };
        waits.push(outcome.wait);
    }
    let least = |waits: &[Duration]| waits.iter().copied().min();
    let most = |waits: &[Duration]| waits.iter().copied().max();
    Ok(Proof {
        searched: searched.len(),
        first_seed: block * trials::SEEDS,
        waits: (least(&load).unwrap_or_default(), most(&load).unwrap_or_default()),
        steady_wait: most(&steady),
        held_out,
    })
}
