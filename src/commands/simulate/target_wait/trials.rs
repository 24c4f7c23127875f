//! Trials of settings: runs of the load with many seeds, and of the same load going on.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use color_eyre::eyre::{Report, Result};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::super::load::MAX_DURATION;
use super::super::plan::RunSettings;
use super::candidate::with_candidate;
use crate::exit::UsageError;
use crate::simulation::{self, LateLimit, Scenario, Summary};
use crate::terminal::SearchProgress;
use crate::tuning::{Candidate, Demand, Percentile, TargetWait};
use crate::units::{float, whole};
use crate::workload::Arrival;

/// Number of items whose processing time is sampled.
const SAMPLED_ITEMS: u32 = 2_000;

/// Number of seeds of the load that the search tries, and of those that are held out.
pub(super) const SEEDS: u64 = 20;

/// Number of seeds of the load going on, likewise.
pub(super) const STEADY_SEEDS: u64 = 10;

/// Time after the load that counts towards the cost, which includes pods that remain.
pub(super) const COST_AFTER_LOAD: Duration = Duration::from_secs(10 * 60);

/// Maximum number of items of a load: a search simulates it some hundred times.
const MAX_ITEMS: u64 = 500_000;

/// Number of items of a load that goes on: enough for a steady state at the highest utilisation.
const STEADY_ITEMS: u64 = 2_000;

/// Minimum time for which a load goes on: three stabilization windows of the HPA.
const STEADY_TIME: Duration = Duration::from_secs(15 * 60);

/// Maximum time for which a load goes on beyond its second round.
const MAX_STEADY_TIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Maximum number of items that a search simulates: some minutes.
const BUDGET: u64 = 400_000_000;

/// Part of the target wait that the search leaves as a margin.
const MARGIN: f64 = 0.1;

/// A run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Trial {
    /// The load, with the worst-case poll and sync phases.
    WorstPhases,
    /// The load, with the seed this far from the first.
    Load(u64),
    /// The load going on, likewise; only what comes after its first round is measured.
    Steady(u64),
}

/// Result of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TrialResult {
    /// The target is met.
    pub(super) met: bool,
    /// Items that were late, as a part of those that may be.
    pub(super) excess: f64,
    /// Percentile of the waits.
    pub(super) wait: Duration,
    pub(super) pod_seconds: f64,
    pub(super) idle_pod_seconds: f64,
    pub(super) interrupted: u64,
}

/// A load with its demand, to try settings on.
pub(super) struct Trials<'a> {
    pub(super) want: TargetWait,
    pub(super) settings: &'a RunSettings,
    pub(super) demand: Demand,
    /// A ScaledJob, whose pods end by themselves.
    jobs: bool,
    /// Time after which the load starts again if it goes on, and for which it does.
    steady: Option<(Duration, Duration)>,
    /// Results so far: a search with one more trial repeats many runs of the one before.
    results: RefCell<HashMap<(Trial, Candidate), TrialResult>>,
    runs: Cell<u64>,
    items: Cell<u64>,
    /// Settings that have met the target at the least cost per trial, in words.
    best: RefCell<Option<(f64, String)>>,
    progress: RefCell<SearchProgress>,
}

impl<'a> Trials<'a> {
    pub(super) fn of(want: TargetWait, settings: &'a RunSettings, progress: SearchProgress) -> Result<Self> {
        if settings.expected_items().is_some_and(|items| items > MAX_ITEMS) {
            let message = format!(
                "--target-wait: the load has more than {MAX_ITEMS} items, the maximum: shorten it at the same rates"
            );
            return Err(UsageError(message).into());
        }
        let scenario = settings.scenario(settings.seed)?;
        if scenario.arrivals.is_empty() {
            return Err(
                UsageError("--target-wait: the load pushes no items, so there is no wait to meet".to_owned()).into()
            );
        }
        let round = settings.round();
        let demand = demand(want, settings, &scenario, round)?;
        let steady = round.map(|round| {
            let items =
                Duration::try_from_secs_f64(float(STEADY_ITEMS) / demand.rate.max(1e-9)).unwrap_or(MAX_STEADY_TIME);
            let service = Duration::from_secs_f64(demand.service.min(1e6));
            let least = items.max(STEADY_TIME).max(service * 30).max(want.wait * 10).min(MAX_STEADY_TIME);
            (round, least.max(round * 2).min(MAX_DURATION))
        });
        Ok(Self {
            want,
            settings,
            demand,
            jobs: scenario.jobs.is_some(),
            steady,
            results: RefCell::default(),
            runs: Cell::new(0),
            items: Cell::new(0),
            best: RefCell::default(),
            progress: RefCell::new(progress),
        })
    }

    /// Returns the trials that a search may use, or the `block`th set of those that are held out.
    pub(super) fn set(&self, block: u64) -> Vec<Trial> {
        let steady = if self.steady.is_some() { STEADY_SEEDS } else { 0 };
        let (load, steady) = (block * SEEDS..(block + 1) * SEEDS, block * SEEDS..block * SEEDS + steady);
        load.map(Trial::Load).chain(steady.map(Trial::Steady)).collect()
    }

    /// Returns the first trials of a search.
    pub(super) fn first(&self) -> Vec<Trial> {
        let steady = self.steady.map(|_| Trial::Steady(0));
        [Trial::WorstPhases, Trial::Load(0)].into_iter().chain(steady).collect()
    }

    /// Returns true for a ScaledJob.
    pub(super) fn is_of_jobs(&self) -> bool {
        self.jobs
    }

    /// Returns the time for which the load goes on.
    pub(super) fn steady_time(&self) -> Option<Duration> {
        self.steady.map(|(_, time)| time)
    }

    /// Returns the pod-seconds of these trials, or `None` as soon as one exceeds the target less its margin.
    pub(super) fn cost(&self, trials: &[Trial], candidate: &Candidate) -> Result<Option<f64>, Report> {
        let mut sum = 0.0;
        for trial in trials {
            let outcome = self.outcome(*trial, candidate)?;
            if !outcome.met {
                return Ok(None);
            }
            sum += outcome.pod_seconds;
        }
        // Pods that are ready at once only explain what takes too long.
        if !candidate.instant {
            self.note_best(sum / float(trials.len().try_into().unwrap_or(u64::MAX)), candidate);
        }
        Ok(Some(sum))
    }

    fn note_best(&self, cost: f64, candidate: &Candidate) {
        let mut best = self.best.borrow_mut();
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            let Candidate { list_length, min, max, .. } = candidate;
            *best = Some((cost, format!("list-length {list_length}, {min} to {max} pods")));
        }
    }

    /// Returns the result of a candidate in a trial of the search; each is simulated once.
    pub(super) fn outcome(&self, trial: Trial, candidate: &Candidate) -> Result<TrialResult> {
        if let Some(known) = self.results.borrow().get(&(trial, *candidate)) {
            return Ok(*known);
        }
        let outcome = self.simulate(trial, candidate, MARGIN)?;
        self.results.borrow_mut().insert((trial, *candidate), outcome);
        Ok(outcome)
    }

    /// Returns the result of a candidate in a trial that is held out: the target without a margin.
    pub(super) fn held_out(&self, trial: Trial, candidate: &Candidate) -> Result<TrialResult> {
        self.simulate(trial, candidate, 0.0)
    }

    /// Returns the scenario of a candidate in a trial, and the time from which waits are measured.
    fn scenario(&self, trial: Trial, candidate: &Candidate) -> Result<(Scenario, Duration)> {
        let profile = with_candidate(&self.settings.profile, candidate);
        let offset = match trial {
            Trial::WorstPhases => 0,
            Trial::Load(offset) | Trial::Steady(offset) => offset,
        };
        let seed = self.settings.seed.wrapping_add(offset);
        let (arrivals, from) = match (trial, self.steady) {
            (Trial::Steady(_), Some((round, time))) => (self.continued(round, time, seed)?, round.max(time / 2)),
            _ => (self.settings.arrivals(seed)?, Duration::ZERO),
        };
        let mut scenario = self.settings.with_profile(&profile, arrivals, seed);
        if candidate.instant {
            (scenario.start_time, scenario.boot_time) = (Duration::ZERO, Duration::ZERO);
        }
        if trial == Trial::WorstPhases {
            delay_reactions(&mut scenario);
        }
        Ok((scenario, from))
    }

    /// Returns the arrivals of the load going on for `time`, or for as many items as a load may have.
    fn continued(&self, round: Duration, time: Duration, seed: u64) -> Result<Vec<Arrival>> {
        let mut items = 0_u64;
        let within = |arrival: &Arrival| {
            items = items.saturating_add(arrival.count);
            arrival.at < time && items <= MAX_ITEMS * 2
        };
        Ok(self.settings.continued(round, seed)?.take_while(within).collect())
    }

    fn simulate(&self, trial: Trial, candidate: &Candidate, margin: f64) -> Result<TrialResult> {
        let (scenario, from) = self.scenario(trial, candidate)?;
        let pushed: u64 = scenario.arrivals.iter().map(|arrival| arrival.count).sum();
        self.count(pushed)?;
        let measured: u64 =
            scenario.arrivals.iter().filter(|arrival| arrival.at >= from).map(|arrival| arrival.count).sum();
        let may_be_late = whole((float(measured) * self.want.percentile.rest()).floor());
        let last = scenario.arrivals.last().map_or(Duration::ZERO, |arrival| arrival.at);
        let after = (self.want.wait + Duration::from_secs(1)).max(COST_AFTER_LOAD);
        let scenario = Scenario {
            until_over: false,
            samples: false,
            // Items that still wait then have exceeded the target.
            horizon: last + after,
            late: Some(LateLimit { from, wait: self.want.wait.mul_f64(1.0 - margin), items: may_be_late }),
            ..scenario
        };
        let summary = simulation::run(&scenario).map_err(|error| UsageError(error.to_string()))?.summary;
        Ok(TrialResult {
            met: summary.late <= may_be_late,
            excess: float(summary.late) / float(may_be_late.max(1)),
            wait: wait(self.want, &summary),
            pod_seconds: summary.pod_seconds,
            idle_pod_seconds: summary.idle_pod_seconds,
            interrupted: summary.interrupted,
        })
    }

    /// Counts a run, and ends a search that takes too long.
    fn count(&self, items: u64) -> Result<()> {
        self.runs.set(self.runs.get() + 1);
        self.items.set(self.items.get() + items);
        if self.items.get() > BUDGET {
            let message = format!(
                "--target-wait: {BUDGET} items were simulated without a result: shorten the load at the same rates"
            );
            return Err(UsageError(message).into());
        }
        let best = self.best.borrow();
        let best = best.as_ref().map(|(_, settings)| settings.as_str());
        self.progress.borrow_mut().show(self.runs.get(), self.items.get(), best);
        Ok(())
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

fn demand(want: TargetWait, settings: &RunSettings, scenario: &Scenario, round: Option<Duration>) -> Result<Demand> {
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
    Ok(Demand {
        rate: sustained(want, settings, service, round)?,
        service: service.as_secs_f64(),
        longest,
        concurrency: scenario.concurrency,
        start: scenario.start_time + scenario.boot_time,
        items: scenario.arrivals.iter().map(|arrival| arrival.count).sum(),
    })
}

/// Returns the sustained rate of the load, averaged over the seeds: the highest level, or the mean of a round.
fn sustained(want: TargetWait, settings: &RunSettings, service: Duration, round: Option<Duration>) -> Result<f64> {
    let Some(round) = round else { return Ok(0.0) };
    let width = Demand::bin(want, service);
    let mut bins: Vec<f64> = Vec::new();
    let mut items = 0.0;
    for offset in 0..SEEDS {
        for arrival in settings.arrivals(settings.seed.wrapping_add(offset))? {
            let bin = usize::try_from(arrival.at.as_nanos() / width.as_nanos().max(1)).unwrap_or(usize::MAX);
            if bin >= bins.len() {
                bins.resize(bin + 1, 0.0);
            }
            bins[bin] += float(arrival.count) / float(SEEDS);
            items += float(arrival.count) / float(SEEDS);
        }
    }
    // The last bin may be cut off.
    let whole_bins = &bins[..bins.len().saturating_sub(1)];
    Ok(Demand::level(whole_bins, width).max(items / round.as_secs_f64()))
}

fn wait(want: TargetWait, run: &Summary) -> Duration {
    match want.percentile {
        Percentile::P50 => run.wait.p50,
        Percentile::P95 => run.wait.p95,
        Percentile::P99 => run.wait.p99,
    }
}
