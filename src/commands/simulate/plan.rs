//! What is simulated: the arguments, laid over the profile.

use std::path::{Path, PathBuf};
use std::time::Duration;

use color_eyre::eyre::{Report, Result};

use super::view::Subject;
use super::{Args, Context, Form};
use crate::exit::UsageError;
use crate::profile::Profile;
use crate::profile::scale::ScaleKind;
use crate::simulation::{self, Scenario};
use crate::tuning::Want;
use crate::workload::{Load, Pattern, Timing, Work};

/// How long it goes on at most where nothing says it.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// The longest that can be asked for: a sample a second is kept of it.
const MOST_TIME: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// How long a load is put on the list that has no end of its own.
const ENDLESS: Duration = Duration::from_secs(5 * 60);

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
    Show(Scenario),
    /// Find settings that keep a wait.
    Want(Want, Scenario),
    /// Compare with a recording.
    Against(PathBuf),
}

impl Plan {
    pub(super) async fn resolve(args: Args, context: &Context) -> Result<Self> {
        let Args {
            produce,
            produce_file,
            limit,
            seed,
            start_time,
            work,
            with,
            without,
            output,
            start,
            svg,
            want,
            against,
        } = args;
        let added = with.iter().map(|protection| simulation::Protection::from(*protection)).collect::<Vec<_>>();
        let profile =
            &added.iter().fold(context.profile.clone(), |profile, added| Scenario::protected(profile, *added));
        let list = context.list(None);
        let subject = |title: String| Subject {
            namespace: profile.deploy.namespace.clone().unwrap_or_else(|| "default".to_owned()),
            deployment: profile.deploy.consumer_name(),
            list: list.clone(),
            title,
            start,
        };
        if let Some(path) = against {
            let title = format!("{list}: recorded and predicted");
            return Ok(Self { goal: Goal::Against(path), subject: subject(title), output, svg });
        }
        if limit.is_some_and(|limit| limit > MOST_TIME) {
            return Err(UsageError("--for: 31 days are the most that is simulated".to_owned()).into());
        }
        if want.is_some() && profile.scale.kind() == ScaleKind::ScaledJob {
            let message = "is a ScaledJob, which has a pod for every item: --want looks for settings of a ScaledObject";
            return Err(profile.source.error_at(&["scale", "kind"], message).into());
        }
        if want.is_some() && output == Form::Csv {
            return Err(UsageError("--want: its answer is no table: take --output text or json".to_owned()).into());
        }
        let load = load(produce, produce_file, profile).await?;
        let work = match work.or_else(|| profile.consume.work.clone()) {
            Some(work) => work,
            None if profile.consume.command.is_some() => {
                let message = "says nothing of how long it takes: add --work, such as --work 2s..6s";
                return Err(profile.source.error_at(&["consume", "command"], message).into());
            }
            None => Work::None,
        };
        let arrivals = arrivals(&load, limit, seed)?;
        let title = format!("{list}: {}, {work} an item", describe(&load));
        let mut scenario = Scenario::of(profile, &list, arrivals, work, seed);
        scenario.start_time = start_time.0;
        scenario.until_over = limit.is_none();
        scenario.horizon = limit.unwrap_or(LONGEST);
        scenario = added.into_iter().fold(scenario, Scenario::with);
        for protection in without {
            scenario = scenario.without(protection.into());
        }
        let goal = match want {
            Some(want) => Goal::Want(want, scenario),
            None => Goal::Show(scenario),
        };
        Ok(Self { goal, subject: subject(title), output, svg })
    }
}

async fn load(produce: Option<Pattern>, file: Option<PathBuf>, profile: &Profile) -> Result<Load> {
    let pattern = match (produce, file, &profile.produce.pattern_file) {
        (Some(pattern), ..) => Some(pattern),
        (None, Some(path), _) => {
            Some(counts(&path).await.map_err(|message| UsageError(format!("--produce-file: {message}")))?)
        }
        (None, None, Some(path)) => {
            let wrong = |message| Report::from(profile.source.error_at(&["produce", "pattern-file"], message));
            return Ok(Load {
                timing: Timing::Pattern(counts(path).await.map_err(wrong)?),
                ..Load::of(&profile.produce)
            });
        }
        (None, None, None) => None,
    };
    Ok(match pattern {
        Some(pattern) => Load { timing: Timing::Pattern(pattern), count: None, duration: None },
        None => Load::of(&profile.produce),
    })
}

async fn counts(path: &Path) -> Result<Pattern, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("cannot read `{}`: {error}", path.display());
    let text = tokio::fs::read_to_string(path).await.map_err(|error| wrong(&error))?;
    Pattern::from_counts(&text).map_err(|message| wrong(&message))
}

fn arrivals(load: &Load, limit: Option<Duration>, seed: u64) -> Result<Vec<crate::workload::Arrival>> {
    let end = match (limit, load.total(seed)) {
        (Some(limit), _) => limit,
        (None, Some(_)) => LONGEST,
        (None, None) => ENDLESS,
    };
    let Some(arrivals) = load.arrivals(seed) else {
        return Err(UsageError(
            "a load that goes as fast as Redis takes it cannot be foreseen: add --produce".to_owned(),
        )
        .into());
    };
    let mut items = 0_u64;
    let mut foreseen = Vec::new();
    for arrival in arrivals.take_while(|arrival| arrival.at < end || arrival.at.is_zero()) {
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

fn describe(load: &Load) -> String {
    use crate::workload::Pace;
    match &load.timing {
        Timing::Pattern(pattern) => {
            let text = pattern.to_string();
            if text.chars().count() <= 60 { text } else { "a pattern".to_owned() }
        }
        Timing::Pace(Pace::Batches { batch, every }) => {
            format!("{batch} items every {}", humantime::format_duration(*every))
        }
        Timing::Pace(Pace::Steady { rate }) => format!("{rate} items/s"),
        Timing::Pace(Pace::Unpaced) => "all items at once".to_owned(),
    }
}
