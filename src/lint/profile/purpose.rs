//! Rules about profiles that no single object shows.

use crate::delivery::defaults::DEFAULT_DRAIN;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::endpoint::secret::is_word;
use crate::lint::rule::Rule;
use crate::profile::deploy::DeployTable;
use crate::profile::{ConsumeTable, KedaVersion, ProduceTable, Profile, ScaleKind};
use crate::scaler::Strategy;
use crate::simulation::BOOT_TIME;
use crate::units::HumanDuration;
use crate::workload::{Rate, Work};

/// A finding of this file.
pub(super) struct Warning {
    pub(super) rule: Rule,
    /// The key that it comes from, or that is missing.
    pub(super) key: &'static [&'static str],
    pub(super) message: String,
    pub(super) hint: String,
}

pub(super) fn check(profile: &Profile, version: KedaVersion) -> impl Iterator<Item = Warning> {
    let consumers = profile.deploy.target.is_none();
    let of_consumers = [no_handler, consumer_exits, no_timeout].into_iter().filter(move |_| consumers);
    let all = of_consumers.chain([unlimited_producer, producer_and_command, unreachable_redis, jobs_counted_again]);
    all.filter_map(|look| look(profile)).chain(unknown(version))
}

fn no_handler(profile: &Profile) -> Option<Warning> {
    let ConsumeTable { command, url, work, .. } = &profile.consume;
    let message = match work {
        _ if command.is_some() || url.is_some() => return None,
        None => "is not set, nor is `command`",
        Some(Work::None) => "is `none`",
        Some(_) => return None,
    };
    Some(Warning {
        rule: Rule::NoHandler,
        key: &["consume", "work"],
        message: format!("{message}: pods only print each item to their log and remove it from the list"),
        hint: "set `command` to the handler, or `work`, such as \"2s..6s\", to simulate one".to_owned(),
    })
}

fn consumer_exits(profile: &Profile) -> Option<Warning> {
    let key: &[&str] = match &profile.consume {
        _ if profile.scale.kind() == ScaleKind::ScaledJob => return None,
        ConsumeTable { idle_exit: Some(_), .. } => &["consume", "idle-exit"],
        ConsumeTable { max_items: Some(_), .. } => &["consume", "max-items"],
        _ => return None,
    };
    Some(Warning {
        rule: Rule::ConsumerExits,
        key,
        message: "ends pods that Kubernetes restarts with growing delays (CrashLoopBackOff)".to_owned(),
        hint: "remove it, as KEDA scales idle pods down; or set `kind = \"ScaledJob\"` in [scale]".to_owned(),
    })
}

/// Without a timeout drain and cooldown cannot be checked.
fn no_timeout(profile: &Profile) -> Option<Warning> {
    let ConsumeTable { command: Some(_), timeout: None, drain, delivery, .. } = &profile.consume else { return None };
    let lost = match delivery.unwrap_or_default() {
        DeliveryGuarantee::AtLeastOnce => "redelivered",
        DeliveryGuarantee::AtMostOnce => "lost",
    };
    let drain = drain.unwrap_or(HumanDuration(DEFAULT_DRAIN));
    Some(Warning {
        rule: Rule::NoTimeout,
        key: &["consume", "command"],
        message: format!(
            "has no time limit and is cut off after {drain} (`drain`) when its pod is removed: its item is {lost}; \
             whether `drain` and the cooldown suffice is unknown"
        ),
        hint: "set `timeout` to the longest time an item may take".to_owned(),
    })
}

fn unlimited_producer(profile: &Profile) -> Option<Warning> {
    let ProduceTable { every, rate, pattern, count, duration, max_backlog, .. } = &profile.produce;
    let paced =
        every.is_some_and(|span| !span.0.is_zero()) || matches!(rate, Some(Rate::PerSecond(_))) || pattern.is_some();
    let bounded = count.is_some() || duration.is_some() || max_backlog.is_some();
    if profile.deploy.producer != Some(true) || paced || bounded {
        return None;
    }
    Some(Warning {
        rule: Rule::UnlimitedProducer,
        key: match (every, rate) {
            (Some(_), _) => &["produce", "every"],
            (_, Some(_)) => &["produce", "rate"],
            _ => &["deploy", "producer"],
        },
        message: "pushes items as fast as possible without an end: they fill the memory of Redis".to_owned(),
        hint: "set `rate` or `every` in [produce]; or `count`, for a Job that ends, or `max-backlog`".to_owned(),
    })
}

/// With a `target` the consumers are others, and `command` is not used.
fn producer_and_command(profile: &Profile) -> Option<Warning> {
    let ConsumeTable { command: Some(command), .. } = &profile.consume else { return None };
    if profile.deploy.producer != Some(true) || profile.deploy.target.is_some() {
        return None;
    }
    let program = command.first().filter(|program| is_word(program)).map_or("command", String::as_str);
    Some(Warning {
        rule: Rule::ProducerAndCommand,
        key: &["deploy", "producer"],
        message: format!(
            "pushes generated items into the list `{}`, and `{program}` (`command` in [consume]) processes them like any \
             other",
            profile.list().value
        ),
        hint: "remove it, unless this is a load test; to simulate the handler, replace `command` by `work`".to_owned(),
    })
}

fn unreachable_redis(profile: &Profile) -> Option<Warning> {
    let deploy = &profile.deploy;
    let DeployTable { target: Some(target), redis: Some(true), network_policy: None | Some(true), .. } = deploy else {
        return None;
    };
    let label = format!("app.kubernetes.io/part-of: {}", deploy.name());
    Some(Warning {
        rule: Rule::NetworkPolicy,
        key: &["deploy", "target"],
        message: format!(
            "cannot reach this Redis: its NetworkPolicy admits only KEDA and pods with the label \
                          `{label}`"
        ),
        hint: format!("give the pods of `{}` that label, or set `network-policy = false` in [deploy]", target.name),
    })
}

/// Jobs whose pods boot for longer than a polling interval are neither pending nor have they claimed an item.
fn jobs_counted_again(profile: &Profile) -> Option<Warning> {
    let boot = profile.consume.boot_time.map_or(BOOT_TIME, |time| time.0);
    let polling = profile.scale.polling_interval();
    if profile.scale.kind() != ScaleKind::ScaledJob || polling >= boot {
        return None;
    }
    let counted = match profile.scale.strategy(profile.consume.delivery.unwrap_or_default()) {
        Strategy::Default => return None,
        Strategy::Custom if profile.job_settings().running_part >= 1.0 => return None,
        strategy => strategy,
    };
    Some(Warning {
        rule: Rule::JobsCountedAgain,
        key: if profile.scale.polling_interval.is_some() {
            &["scale", "polling-interval"]
        } else {
            &["consume", "boot-time"]
        },
        message: format!(
            "creates Jobs again for items that wait for a Job that boots: `boot-time` is {}, a poll comes every {}, and \
             the strategy `{counted}` does not subtract such Jobs",
            HumanDuration(boot),
            HumanDuration(polling)
        ),
        hint: "make `polling-interval` at least as long as `boot-time`, or set `strategy = \"default\"`".to_owned(),
    })
}

fn unknown(version: KedaVersion) -> Option<Warning> {
    let newest = KedaVersion::NEWEST;
    ((version.0, version.1) > (newest.0, newest.1)).then(|| Warning {
        rule: Rule::UnknownKedaVersion,
        key: &["scale", "keda-version"],
        message: format!("is {version}, newer than the newest known release, {newest}"),
        hint: "check its changelog for removed fields".to_owned(),
    })
}
