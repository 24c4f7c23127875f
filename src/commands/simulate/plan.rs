//! What is simulated: the arguments, laid over the profile.

use std::path::{Path, PathBuf};
use std::time::Duration;

use color_eyre::eyre::{Report, Result};

use super::Context;
use super::args::{Args, Form, ProtectionArg};
use super::view::Subject;
use crate::exit::UsageError;
use crate::profile::Profile;
use crate::profile::scale::ScaleKind;
use crate::simulation::{Protection, Scenario};
use crate::tuning::Want;
use crate::workload::{Arrival, Load, Pattern, Timing, Work};

/// How long it goes on after the load at most, where nothing says it.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// The longest that can be asked for: a sample a second is kept of it.
pub(super) const MOST_TIME: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// How long a load is put on the list that has no end of its own.
const ENDLESS: Duration = Duration::from_secs(5 * 60);

/// The longest wait that settings are looked for: each trial goes on for as long after its load.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The most items: beyond it somebody has mistyped a rate, and no machine holds them.
const MOST_ITEMS: u64 = 50_000_000;

/// What is done.
pub(super) struct Plan {
    pub(super) goal: Goal,
    pub(super) subject: Subject,
    pub(super) output: Form,
    pub(super) svg: Option<PathBuf>,
}

pub(super) enum Goal {
    /// Show what happens.
    Show(Box<Scenario>),
    /// Find settings that keep a wait.
    Want(Want, Box<Play>),
    /// Compare with a recording.
    Against(PathBuf),
}

/// A workload that is played through, with whatever chance.
pub(super) struct Play {
    pub(super) profile: Profile,
    /// Of the chance that was asked for.
    pub(super) seed: u64,
    list: String,
    load: Load,
    limit: Option<Duration>,
    work: Work,
    start_time: Duration,
    with: Vec<Protection>,
    without: Vec<Protection>,
}

impl Play {
    /// What is played with the chance of `seed`.
    pub(super) fn scenario(&self, seed: u64) -> Result<Scenario> {
        let arrivals = arrivals(&self.load, self.limit, seed)?;
        let last = arrivals.last().map_or(Duration::ZERO, |arrival| arrival.at);
        Ok(Scenario {
            until_over: self.limit.is_none(),
            horizon: self.limit.unwrap_or(last + LONGEST),
            ..self.with_profile(&self.profile, arrivals, seed)
        })
    }

    /// The same with what another profile says.
    pub(super) fn with_profile(&self, profile: &Profile, arrivals: Vec<Arrival>, seed: u64) -> Scenario {
        let scenario = profile.scenario(&self.list, arrivals, self.work.clone(), seed);
        let scenario = Scenario { start_time: self.start_time, ..scenario };
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
            start_time,
            work,
            with,
            without,
            output,
            start,
            svg,
            target_wait: want,
            against,
        } = args;
        let added = with.iter().map(|protection| Protection::from(*protection)).collect::<Vec<_>>();
        let profile = &added.iter().fold(context.profile.clone(), |profile, added| profile.protected(*added));
        let list = context.list(None);
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
            let title = format!("{list}: recorded and predicted");
            return Ok(Self { goal: Goal::Against(path), subject: subject(title), output, svg });
        }
        if limit.is_some_and(|limit| limit > MOST_TIME) {
            return Err(UsageError("--duration: 31 days are the most that is simulated".to_owned()).into());
        }
        if let Some(want) = want {
            check_want(want, profile, &with, &without)?;
        }
        if want.is_some() && output == Form::Csv {
            return Err(
                UsageError("--target-wait: its answer is no table: take --output text or json".to_owned()).into()
            );
        }
        let load = load(produce, produce_file, profile)?;
        let work = match work.or_else(|| profile.consume.work.clone()) {
            Some(work) => work,
            None if profile.consume.command.is_some() => {
                let message = "says nothing of how long it takes: add --work, such as --work 2s..6s";
                return Err(profile.source.error_at(&["consume", "command"], message).into());
            }
            None => Work::None,
        };
        let title = format!("{list}: {}, {work} an item", describe(&load, limit, seed));
        let play = Play {
            profile: profile.clone(),
            seed,
            list: list.clone(),
            load,
            limit,
            work,
            start_time: start_time.0,
            with: added,
            without: without.into_iter().map(Protection::from).collect(),
        };
        let goal = match want {
            Some(want) => Goal::Want(want, Box::new(play)),
            None => Goal::Show(Box::new(play.scenario(seed)?)),
        };
        Ok(Self { goal, subject: subject(title), output, svg })
    }
}

/// What settings cannot be looked for with.
fn check_want(want: Want, profile: &Profile, with: &[ProtectionArg], without: &[ProtectionArg]) -> Result<()> {
    if want.wait > LONGEST_WAIT {
        return Err(
            UsageError("--target-wait: a day is the longest wait that settings are looked for".to_owned()).into()
        );
    }
    if with.iter().chain(without).any(|protection| *protection == ProtectionArg::Grace) {
        let message =
            "--target-wait: proposes how long pods may take to finish: leave out --with grace and --without grace";
        return Err(UsageError(message.to_owned()).into());
    }
    let wrong = |path: &[&str], message| Err(profile.source.error_at(path, message).into());
    if profile.scale.kind() == ScaleKind::ScaledJob && !without.contains(&ProtectionArg::Jobs) {
        let message =
            "is a ScaledJob, which has a pod for every item: --target-wait looks for settings of a ScaledObject";
        return wrong(&["scale", "kind"], message);
    }
    let pause = &profile.scale.pause;
    if [pause.paused, pause.paused_scale_out].contains(&Some(true)) || pause.paused_replicas.is_some() {
        return wrong(&["scale", "pause"], "keeps pods from being added: --target-wait has nothing to look for");
    }
    Ok(())
}

fn load(produce: Option<Pattern>, file: Option<PathBuf>, profile: &Profile) -> Result<Load> {
    let pattern = match (produce, file, &profile.produce.pattern_file) {
        (Some(pattern), ..) => Some(pattern),
        (None, Some(path), _) => {
            Some(counts(&path).map_err(|message| UsageError(format!("--produce-file: {message}")))?)
        }
        (None, None, Some(path)) => {
            let wrong = |message| Report::from(profile.source.error_at(&["produce", "pattern-file"], message));
            return Ok(Load { timing: Timing::Pattern(counts(path).map_err(wrong)?), ..profile.produce.load() });
        }
        (None, None, None) => None,
    };
    Ok(match pattern {
        Some(pattern) => Load { timing: Timing::Pattern(pattern), count: None, duration: None },
        None => profile.produce.load(),
    })
}

fn counts(path: &Path) -> Result<Pattern, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("cannot read `{}`: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    Pattern::from_counts(&text).map_err(|message| wrong(&message))
}

fn arrivals(load: &Load, limit: Option<Duration>, seed: u64) -> Result<Vec<Arrival>> {
    let end = limit.unwrap_or(if load.total(seed).is_some() { Duration::MAX } else { ENDLESS });
    let Some(arrivals) = load.arrivals(seed) else {
        return Err(UsageError(
            "a load that goes as fast as Redis takes it cannot be foreseen: add --produce".to_owned(),
        )
        .into());
    };
    let mut items = 0_u64;
    let mut foreseen = Vec::new();
    for arrival in arrivals.take_while(|arrival| arrival.at < end || arrival.at.is_zero()) {
        if arrival.at > MOST_TIME {
            let message =
                "the load goes on for longer than 31 days, which are the most that is simulated: add --duration";
            return Err(UsageError(message.to_owned()).into());
        }
        items = items.saturating_add(arrival.count);
        if items > MOST_ITEMS {
            return Err(
                UsageError(format!("the load has more than {MOST_ITEMS} items: more than can be simulated")).into()
            );
        }
        foreseen.push(arrival);
    }
    Ok(foreseen)
}

fn describe(load: &Load, limit: Option<Duration>, seed: u64) -> String {
    use crate::workload::Pace;
    let timing = match &load.timing {
        Timing::Pattern(pattern) => {
            let text = pattern.to_string();
            if text.chars().count() <= 60 { text } else { "a pattern".to_owned() }
        }
        Timing::Pace(Pace::Batches { batch, every }) => {
            format!("{batch} items every {}", humantime::format_duration(*every))
        }
        Timing::Pace(Pace::Steady { rate }) => format!("{rate} items/s"),
        Timing::Pace(Pace::Unpaced) => "all items at once".to_owned(),
    };
    match limit {
        None if load.total(seed).is_none() => format!("{timing} for {}", humantime::format_duration(ENDLESS)),
        _ => timing,
    }
}
