//! The plan of `simulate`: the arguments laid over the profile.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::Result;

use super::Context;
use super::args::{Args, Form, ModelArgs, Pictures, PlayArgs, ProtectionArg};
use super::load::{MAX_DURATION, NO_RATE, OPEN_ENDED, SimulatedLoad, arrivals, describe};
use super::view::{ShownPart, Subject};
use crate::delivery::lists::Lists;
use crate::exit::UsageError;
use crate::profile::Profile;
use crate::profile::scale::ScaleKind;
use crate::scaler::SYNC_PERIOD;
use crate::simulation::{Protection, Scenario};
use crate::tuning::TargetWait;
use crate::units::HumanDuration;
use crate::workload::{Arrival, Load, TriggerSeries, Work};

/// Maximum simulated time after the load, without `--duration`.
const MAX_AFTER_LOAD: Duration = Duration::from_secs(60 * 60);

/// Maximum target wait; each run continues for this long after its load.
const MAX_TARGET_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Action and output of a run.
pub(super) struct Plan {
    pub(super) action: Action,
    pub(super) subject: Subject,
    pub(super) output: Form,
    pub(super) part: ShownPart,
    pub(super) pictures: Pictures,
}

pub(super) enum Action {
    /// Show a run.
    Show(Box<Scenario>),
    /// Play a run on the dashboard.
    Play(Box<Scenario>, PlayArgs),
    /// Show the distribution over this many runs.
    Runs(u32, Box<RunSettings>),
    /// Find settings that meet a target wait.
    TargetWait(TargetWait, Box<RunSettings>),
    /// Compare with a recording.
    Against(PathBuf),
}

/// A workload that is simulated with several seeds.
pub(super) struct RunSettings {
    pub(super) profile: Profile,
    /// First seed.
    pub(super) seed: u64,
    lists: Lists,
    shares: Option<Lists>,
    load: Load,
    /// Values of the triggers of other types.
    series: Arc<[TriggerSeries]>,
    limit: Option<Duration>,
    work: Work,
    model: ModelArgs,
    with: Vec<Protection>,
    without: Vec<Protection>,
}

impl ModelArgs {
    fn check(self, profile: &Profile, jobs: bool) -> Result<()> {
        if self.poll_phase.is_some_and(|phase| phase.0 > profile.scale.polling_interval()) {
            let most = HumanDuration(profile.scale.polling_interval());
            return Err(UsageError(format!("--poll-phase: must be at most the polling interval, {most}")).into());
        }
        if self.sync_phase.is_some() && jobs {
            return Err(UsageError("--sync-phase: a ScaledJob has no HPA: remove it".to_owned()).into());
        }
        if self.sync_phase.is_some_and(|phase| phase.0 > SYNC_PERIOD) {
            return Err(UsageError("--sync-phase: must be at most 15s, the time between two syncs".to_owned()).into());
        }
        for (flag, time) in [("--start-time", self.start_time), ("--boot-time", self.boot_time)] {
            if time.is_some_and(|time| time.0 > MAX_DURATION) {
                return Err(UsageError(format!("{flag}: must be at most 31 days")).into());
            }
        }
        Ok(())
    }

    fn over(self, scenario: Scenario) -> Scenario {
        let or = |given: Option<HumanDuration>, default| given.map_or(default, |given| given.0);
        Scenario {
            start_time: or(self.start_time, scenario.start_time),
            boot_time: or(self.boot_time, scenario.boot_time),
            first_poll: or(self.poll_phase, scenario.first_poll),
            first_sync: or(self.sync_phase, scenario.first_sync),
            initial_replicas: self.initial_replicas.or(scenario.initial_replicas),
            ..scenario
        }
    }
}

impl RunSettings {
    /// Returns the scenario of `seed`.
    pub(super) fn scenario(&self, seed: u64) -> Result<Scenario> {
        let arrivals = self.arrivals(seed)?;
        let last = arrivals.last().map_or(Duration::ZERO, |arrival| arrival.at);
        Ok(Scenario {
            until_over: self.limit.is_none(),
            horizon: self.limit.unwrap_or(last + MAX_AFTER_LOAD),
            ..self.with_profile(&self.profile, arrivals, seed)
        })
    }

    /// Returns when items are due, with `seed`.
    pub(super) fn arrivals(&self, seed: u64) -> Result<Vec<Arrival>> {
        arrivals(&self.load, self.limit, seed)
    }

    /// Returns about how many items the load has.
    pub(super) fn expected_items(&self) -> Option<u64> {
        self.load.estimate(self.limit.or_else(|| self.load.estimate(None).is_none().then_some(OPEN_ENDED)))
    }

    /// Returns the time after which the load starts again if it goes on; `None` where all of it comes at once.
    pub(super) fn round(&self) -> Option<Duration> {
        self.load.round(self.limit.or_else(|| self.load.estimate(None).is_none().then_some(OPEN_ENDED)))
    }

    /// Returns when items are due if the load goes on, with `seed`.
    pub(super) fn continued(&self, round: Duration, seed: u64) -> Result<impl Iterator<Item = Arrival> + use<>> {
        self.load.continued(round, seed).ok_or_else(|| UsageError(NO_RATE.to_owned()).into())
    }

    /// Returns the same scenario with the settings of another profile.
    pub(super) fn with_profile(&self, profile: &Profile, arrivals: Vec<Arrival>, seed: u64) -> Scenario {
        let scenario = profile.scenario(&self.lists, arrivals, self.work.clone(), seed);
        let scenario =
            self.model.over(Scenario { series: Arc::clone(&self.series), shares: self.shares.clone(), ..scenario });
        let scenario = self.with.iter().fold(scenario, |scenario, protection| scenario.with(*protection));
        self.without.iter().fold(scenario, |scenario, protection| scenario.without(*protection))
    }
}

impl Plan {
    pub(super) fn resolve(args: Args, context: &Context) -> Result<Self> {
        let Args {
            produce,
            produce_file,
            duration: limit,
            seed,
            runs,
            work,
            lists,
            shares,
            with,
            without,
            output,
            start,
            model,
            pictures,
            playing,
            part,
            target_wait: want,
            against,
        } = args;
        if part.from.unwrap_or_default() >= part.to.unwrap_or(Duration::MAX) {
            return Err(UsageError("--to: must be later than --from".to_owned()).into());
        }
        let added = with.iter().map(|protection| Protection::from(*protection)).collect::<Vec<_>>();
        let profile = &added.iter().fold(context.profile.clone(), |profile, added| profile.protected(*added));
        let lists = context.lists(&lists)?;
        check_lists(&lists, want.is_some(), &with)?;
        let shares = shares.map(|shares| in_order_of(&lists, &shares)).transpose()?;
        // A recording has the values of one list.
        let list = if against.is_some() { lists.first().to_owned() } else { lists.keys().join(",") };
        let target = profile.deploy.scaled();
        let jobs = profile.scale.kind() == ScaleKind::ScaledJob;
        let subject = |title: String| Subject {
            kind: if jobs { "ScaledJob".to_owned() } else { target.kind.clone() },
            name: target.name.clone(),
            namespace: profile.deploy.namespace.clone().unwrap_or_else(|| "default".to_owned()),
            list: list.clone(),
            title,
            start,
        };
        if let Some(path) = against {
            model.check(profile, jobs && !without.contains(&ProtectionArg::Jobs))?;
            let title = format!("{list}: recorded and predicted");
            return Ok(Self { action: Action::Against(path), subject: subject(title), output, part, pictures });
        }
        if limit.is_some_and(|limit| limit > MAX_DURATION) {
            return Err(UsageError("--duration: must be at most 31 days".to_owned()).into());
        }
        if let Some(want) = want {
            check_want(want, profile, &with, &without)?;
        }
        if want.is_some() && output == Form::Csv {
            return Err(UsageError("--target-wait: conflicts with --output csv: use text or json".to_owned()).into());
        }
        let SimulatedLoad { load, series } = SimulatedLoad::read(produce, produce_file, profile)?;
        if want.is_some() && !series.is_empty() {
            let message =
                "--target-wait: conflicts with columns of triggers: what they are once the load goes on is not known";
            return Err(UsageError(message.to_owned()).into());
        }
        let work = match work.or_else(|| profile.consume.work.clone()) {
            Some(work) => work,
            None if profile.consume.command.is_some() => {
                let message = "has an unknown duration: set `work` as well, or add --work, such as --work 2s..6s";
                return Err(profile.source.error_at(&["consume", "command"], message).into());
            }
            None => Work::None,
        };
        model.check(profile, jobs && !without.contains(&ProtectionArg::Jobs))?;
        let title = format!("{list}: {}, {work} per item", describe(&load, limit));
        let settings = RunSettings {
            profile: profile.clone(),
            seed,
            lists,
            shares,
            load,
            series: series.into(),
            limit,
            work,
            model,
            with: added,
            without: without.into_iter().map(Protection::from).collect(),
        };
        let action = match want {
            Some(want) => Action::TargetWait(want, Box::new(settings)),
            None => match runs {
                Some(runs) => Action::Runs(runs, Box::new(settings)),
                None if playing.play => Action::Play(Box::new(settings.scenario(seed)?), playing),
                None => Action::Show(Box::new(settings.scenario(seed)?)),
            },
        };
        Ok(Self { action, subject: subject(title), output, part, pictures })
    }
}

/// Returns the shares in the order of the lists.
///
/// # Errors
///
/// Fails unless each list has a share, and no other.
fn in_order_of(lists: &Lists, shares: &Lists) -> Result<Lists, UsageError> {
    let share = |key: &String| {
        let place = shares.keys().iter().position(|other| other == key)?;
        shares.weights()?.get(place).copied()
    };
    let given: Option<Vec<_>> = lists.keys().iter().map(share).collect();
    let given = given.filter(|given| given.len() == shares.keys().len());
    given.and_then(|given| Lists::of(lists.keys().to_vec(), Some(given)).ok()).ok_or_else(|| {
        let keys = lists.keys().iter().map(|key| format!("{key}=1")).collect::<Vec<_>>().join(",");
        UsageError(format!("--shares: must give each of several lists a share, as in `{keys}`"))
    })
}

/// Refuses what is about the triggers of one list.
fn check_lists(lists: &Lists, has_want: bool, with: &[ProtectionArg]) -> Result<()> {
    if lists.is_one() {
        return Ok(());
    }
    let one = format!("name it with --list, as in `--list {}`", lists.first());
    if has_want {
        return Err(UsageError(format!("--target-wait: is about one list: {one}")).into());
    }
    if with.contains(&ProtectionArg::Formula) {
        return Err(UsageError(format!("--with formula: is about the triggers of one list: {one}")).into());
    }
    Ok(())
}

/// Refuses settings that conflict with `--target-wait`.
fn check_want(want: TargetWait, profile: &Profile, with: &[ProtectionArg], without: &[ProtectionArg]) -> Result<()> {
    if want.wait > MAX_TARGET_WAIT {
        return Err(UsageError("--target-wait: must be at most 1 day".to_owned()).into());
    }
    if with.iter().chain(without).any(|protection| *protection == ProtectionArg::Grace) {
        let message = "--target-wait: conflicts with --with grace and --without grace, because it proposes a drain";
        return Err(UsageError(message.to_owned()).into());
    }
    let wrong = |path: &[&str], message| Err(profile.source.error_at(path, message).into());
    let pause = &profile.scale.pause;
    if [pause.paused, pause.paused_scale_out].contains(&Some(true)) || pause.paused_replicas.is_some() {
        return wrong(&["scale", "pause"], "prevents scaling up: conflicts with --target-wait");
    }
    Ok(())
}
