//! A proposal: a fragment of a profile, with the numbers that it comes from as comments.

use std::fmt::Write as _;

use super::super::Form;
use super::Proof;
use super::trials::{COST_AFTER_LOAD, SEEDS, Trial, Trials};
use crate::terminal::{Elapsed, facts, terminal_width};
use crate::tuning::{Candidate, HpaMetric, ScaleUp};
use crate::units::{HumanDuration, counted, float};

pub(super) fn show(trials: &Trials<'_>, candidate: &Candidate, proof: &Proof, output: Form) -> String {
    if output == Form::Json {
        return object(trials, candidate, proof).to_string();
    }
    let comments = facts(&comments(trials, candidate, proof), terminal_width());
    let comments = comments.replace("\n  ", "\n#   ").replacen("  ", "#   ", 1);
    format!("# {} is met by:\n{}\n{}", trials.want, fragment(trials, candidate), comments.trim_end())
}

/// Returns the keys of the profile.
fn fragment(trials: &Trials<'_>, candidate: &Candidate) -> String {
    let Candidate { list_length, min, max, polling, cooldown, drain, metric, scale_up, .. } = *candidate;
    let scale = &trials.settings.profile.scale;
    let [polling, cooldown, drain] = [polling, cooldown, drain].map(HumanDuration);
    let mut text = String::new();
    if !trials.is_of_jobs() {
        let _ = writeln!(text, "[consume]\ndrain = \"{drain}\"\n");
    }
    let _ =
        writeln!(text, "[scale]\nlist-length = {list_length}\nmin-replica-count = {min}\nmax-replica-count = {max}");
    let _ = writeln!(text, "polling-interval = \"{polling}\"");
    if !trials.is_of_jobs() {
        let _ = writeln!(text, "cooldown-period = \"{cooldown}\"");
    }
    if metric == HpaMetric::Sum {
        match scale.formula {
            // Both keys at once would conflict.
            Some(_) => {
                let _ = writeln!(text, "formula = \"waiting + busy * {list_length} + delayed + landing\"");
            }
            None => text.push_str("combine = \"sum\"\n"),
        }
    }
    if scale_up == ScaleUp::Unlimited {
        if scale.omit_behavior == Some(true) {
            text.push_str("omit-behavior = false\n");
        }
        let policy = format!("policies = [{{ type = \"Pods\", value = {max}, period = \"15s\" }}]");
        let _ = writeln!(
            text,
            "\n[scale.behavior.scale-up]\nstabilization-window = \"0s\"\nselect-policy = \"Max\"\n{policy}"
        );
    }
    text
}

fn comments(trials: &Trials<'_>, candidate: &Candidate, proof: &Proof) -> [(&'static str, String); 7] {
    let (demand, want) = (&trials.demand, trials.want);
    let slots = demand.offered();
    let sustained = counted(demand.stable_pods(demand.concurrency), "pod", "pods");
    let pods = match trials.steady_time() {
        Some(_) => format!(
            "{sustained} sustain it with at most 95% of the slots busy; a maximum of {} suffices in all runs",
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
        "{} of the search met it with a margin of 10%; {met} of {} held-out runs (seeds {seed} to {}) met it; {}",
        counted(proof.searched, "run", "runs"),
        proof.held_out.len(),
        seed.wrapping_add(SEEDS - 1),
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
                "{pod_seconds:.0} pod-seconds on average, {idle:.0} of them idle, up to {} after the load",
                humantime::format_duration(COST_AFTER_LOAD.max(want.wait))
            ),
        ),
    ]
}

fn object(trials: &Trials<'_>, candidate: &Candidate, proof: &Proof) -> serde_json::Value {
    let Candidate { list_length, min, max, polling, cooldown, drain, metric, scale_up, .. } = *candidate;
    let [polling, cooldown, drain] = [polling, cooldown, drain].map(|duration| HumanDuration(duration).to_string());
    let (pod_seconds, idle) = cost(proof);
    let met = proof.held_out.iter().filter(|(_, outcome)| outcome.met).count();
    let mut object = serde_json::json!({
        "target_wait": trials.want.to_string(), "met": true, "list_length": list_length, "min_replica_count": min,
        "max_replica_count": max, "polling_interval": polling, "cooldown_period": cooldown, "drain": drain,
        "combine_sum": metric == HpaMetric::Sum, "unlimited_scale_up": scale_up == ScaleUp::Unlimited,
        "runs": proof.searched, "held_out_runs": proof.held_out.len(), "held_out_met": met,
        "wait_seconds": {
            "best": proof.waits.0.as_secs_f64(), "worst": proof.waits.1.as_secs_f64(),
            "steady": proof.steady_wait.map(|wait| wait.as_secs_f64()),
        },
        "pod_seconds": pod_seconds.round(), "idle_pod_seconds": idle.round(), "interrupted": interrupted(proof),
    });
    if let (true, Some(object)) = (trials.is_of_jobs(), object.as_object_mut()) {
        for key in ["cooldown_period", "drain", "combine_sum", "unlimited_scale_up"] {
            object.remove(key);
        }
    }
    object
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
