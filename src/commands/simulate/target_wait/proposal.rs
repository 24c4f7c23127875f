//! A proposal: a fragment of a profile, with the numbers that it comes from as comments.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::super::Form;
use super::Proof;
use super::trials::{COST_AFTER_LOAD, SEEDS, Trial, Trials};
use crate::terminal::{Elapsed, facts, terminal_width};
use crate::tuning::{Candidate, HpaMetric, ScaleUp};
use crate::units::{HumanDuration, counted, float, seeds};

pub(super) fn show(trials: &Trials<'_>, candidate: &Candidate, proof: &Proof, output: Form) -> String {
    if output == Form::Json {
        return object(trials, candidate, proof).to_string();
    }
    // `#` makes each line two columns longer.
    let comments = facts(&comments(trials, candidate, proof), terminal_width().saturating_sub(2));
    let comments = comments.replace("\n  ", "\n#   ").replacen("  ", "#   ", 1);
    let mut fragment = String::new();
    write_toml(&mut fragment, "", tables(trials, candidate).as_object().unwrap_or(&Map::new()));
    format!("# {} is met by:\n{fragment}\n{}", trials.want, comments.trim_end())
}

/// Returns the tables of the profile, with the keys that it has there.
fn tables(trials: &Trials<'_>, candidate: &Candidate) -> Value {
    let Candidate { list_length, min, max, polling, cooldown, drain, metric, scale_up, .. } = *candidate;
    let own = &trials.settings.profile.scale;
    let [polling, cooldown, drain] = [polling, cooldown, drain].map(|duration| HumanDuration(duration).to_string());
    let mut scale = json!({
        "list-length": list_length, "min-replica-count": min, "max-replica-count": max, "polling-interval": polling,
    });
    if trials.is_of_jobs() {
        return json!({ "scale": scale });
    }
    scale["cooldown-period"] = cooldown.into();
    match (metric, &own.formula) {
        (HpaMetric::Own, _) => {}
        // Both keys at once would conflict.
        (HpaMetric::Sum, Some(_)) => {
            scale["formula"] = format!("waiting + busy * {list_length} + delayed + landing").into();
        }
        (HpaMetric::Sum, None) => scale["combine"] = "sum".into(),
    }
    if scale_up == ScaleUp::Unlimited {
        if own.omit_behavior == Some(true) {
            scale["omit-behavior"] = false.into();
        }
        let policies = json!([{ "type": "Pods", "value": max, "period": "15s" }]);
        let rules = json!({ "stabilization-window": "0s", "select-policy": "Max", "policies": policies });
        scale["behavior"] = json!({ "scale-up": rules });
    }
    json!({ "consume": { "drain": drain }, "scale": scale })
}

/// Writes tables as TOML, below `path`; a table without values of its own has no header.
fn write_toml(text: &mut String, path: &str, table: &Map<String, Value>) {
    let (tables, values): (Vec<_>, Vec<_>) = table.iter().partition(|(_, value)| value.is_object());
    if !values.is_empty() {
        // Writing to memory does not fail.
        let _ = writeln!(text, "{}[{path}]", if text.is_empty() { "" } else { "\n" });
    }
    for (key, value) in values {
        let _ = writeln!(text, "{key} = {}", toml_value(value));
    }
    for (key, table) in tables {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        write_toml(text, &path, table.as_object().unwrap_or(&Map::new()));
    }
}

/// Returns a value in one line.
fn toml_value(value: &Value) -> String {
    match value {
        Value::Object(table) => {
            let pairs: Vec<String> =
                table.iter().map(|(key, value)| format!("{key} = {}", toml_value(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Value::Array(values) => format!("[{}]", values.iter().map(toml_value).collect::<Vec<_>>().join(", ")),
        value => value.to_string(),
    }
}

fn comments(trials: &Trials<'_>, candidate: &Candidate, proof: &Proof) -> [(&'static str, String); 7] {
    let (demand, want) = (&trials.demand, trials.want);
    let slots = demand.offered();
    let sustained = counted(demand.stable_pods(demand.concurrency), "pod sustains", "pods sustain");
    let pods = match trials.steady_time() {
        Some(_) => format!(
            "{sustained} it with at most 95% of the slots busy; a maximum of {} suffices in all runs",
            candidate.max
        ),
        None => format!("a maximum of {} suffices in all runs", candidate.max),
    };
    let load = match trials.steady_time() {
        Some(_) => format!(
            "{:.2} items/s sustained × {:.2}s each = {slots:.1} busy slots on average",
            demand.rate, demand.service
        ),
        None => format!("{} at once, {:.2}s each", counted(demand.items, "item", "items"), demand.service),
    };
    let first =
        (candidate.min == 0 || trials.settings.profile.scale.idle_replica_count.is_some()).then_some(candidate.polling);
    let waits = format!(
        "{} between {} and {} in the runs of the load itself, with the worst-case poll and sync phases among them",
        want.percentile,
        Elapsed(proof.waits.0),
        Elapsed(proof.waits.1),
    );
    let steady = match (trials.steady_time(), proof.steady_wait) {
        (Some(time), Some(longest)) => format!(
            "{} at most {} once the load has gone on for its first round, simulated for {}",
            want.percentile,
            Elapsed(longest),
            Elapsed(time)
        ),
        _ => "all items come at once: there is no steady state".to_owned(),
    };
    let met = proof.held_out.iter().filter(|(_, outcome)| outcome.met).count();
    let seed = trials.settings.seed.wrapping_add(proof.first_seed);
    let runs = format!(
        "{} of the search met it with a margin of 10%; {met} of {} held-out runs ({}) met it; {}",
        counted(proof.searched, "run", "runs"),
        proof.held_out.len(),
        seeds(seed, seed.wrapping_add(SEEDS - 1)),
        format_args!("{} interrupted", counted(interrupted(proof), "item", "items")),
    );
    let (pod_seconds, idle) = cost(proof);
    [
        ("load", load),
        ("pods", pods),
        (
            "list-length",
            format!(
                "(wait - reaction) ÷ service × concurrency = {}; {} suffices in all runs",
                demand.allowance(want, demand.concurrency, first),
                candidate.list_length
            ),
        ),
        ("waits", waits),
        ("steady state", steady),
        ("runs", runs),
        (
            "cost",
            format!(
                "{} on average, {idle:.0} of them idle, up to {} after the load",
                counted(pod_seconds.round(), "pod-second", "pod-seconds"),
                humantime::format_duration(COST_AFTER_LOAD.max(want.wait))
            ),
        ),
    ]
}

fn object(trials: &Trials<'_>, candidate: &Candidate, proof: &Proof) -> Value {
    let (pod_seconds, idle) = cost(proof);
    let met = proof.held_out.iter().filter(|(_, outcome)| outcome.met).count();
    json!({
        "target_wait": trials.want.to_string(), "met": true, "profile": tables(trials, candidate),
        "runs": proof.searched, "held_out_runs": proof.held_out.len(), "held_out_met": met,
        "wait_seconds": {
            "best": proof.waits.0.as_secs_f64(), "worst": proof.waits.1.as_secs_f64(),
            "steady": proof.steady_wait.map(|wait| wait.as_secs_f64()),
        },
        "pod_seconds": pod_seconds.round(), "idle_pod_seconds": idle.round(), "interrupted": interrupted(proof),
    })
}

fn interrupted(proof: &Proof) -> u64 {
    proof.held_out.iter().map(|(_, outcome)| outcome.interrupted).sum()
}

/// Returns the pod-seconds of the load itself, and the idle ones, on average.
fn cost(proof: &Proof) -> (f64, f64) {
    let of_load = proof.held_out.iter().filter(|(trial, _)| matches!(trial, Trial::Load(_)));
    let (mut sum, mut idle, mut runs) = (0.0, 0.0, 0_u64);
    for (_, outcome) in of_load {
        sum += outcome.pod_seconds;
        idle += outcome.idle_pod_seconds;
        runs += 1;
    }
    let runs = float(runs.max(1));
    (sum / runs, idle / runs)
}
