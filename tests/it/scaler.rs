//! The rules of KEDA and the HPA, by the examples of their own tests, and what holds whatever is counted.
#![allow(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::time::Duration;

use proptest::prelude::*;
use qscale::profile::Profile;
use qscale::scaler::{
    Counted, Decision, Fallback, FallbackBehavior, Limit, MetricType, PausedBy, Reading, Reason, Scale, Scaler,
    Settings, Trigger,
};
use qscale::units::float;

const AT_MOST_ONCE: &str = "[consume]\ndelivery = \"at-most-once\"\n";

fn settings(scale: &str) -> Settings {
    Profile::parse("rules", &format!("{AT_MOST_ONCE}[scale]\n{scale}")).unwrap().scaler_settings("work")
}

fn without_behavior(scale: &str) -> Settings {
    Settings { behavior: None, ..settings(scale) }
}

/// A list and the busy consumers.
fn with_busy(scale: &str) -> Settings {
    let profile = Profile::parse("rules", &format!("[scale]\n{scale}")).unwrap();
    let mut settings = profile.scaler_settings("work");
    settings.triggers.truncate(2);
    settings
}

fn scaler(settings: Settings) -> Scaler {
    Scaler::new(settings, Duration::ZERO)
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn read(values: &[u64]) -> Reading {
    Reading::Read(values.iter().map(|value| Some(float(*value))).collect())
}

fn of(pods: u32) -> Scale {
    Scale::of(pods)
}

/// Replicas that the counts alone propose.
fn proposed(settings: Settings, pods: u32, values: &[u64]) -> u32 {
    match scaler(settings).sync(at(0), of(pods), &read(values)).reason {
        Reason::Proposed { proposal, .. } => proposal.replicas,
        other => panic!("{other}"),
    }
}

/// Replicas after each sync, 15 s apart, from `pods` on.
fn steps<const N: usize>(scaler: &mut Scaler, from: Duration, mut pods: u32, value: u64) -> [u32; N] {
    let mut now = from;
    [(); N].map(|()| {
        pods = scaler.sync(now, of(pods), &read(&[value])).replicas;
        now += at(15);
        pods
    })
}

/// `replica_calculator_test.go`: `TestReplicaCalcScaleUpPerPodCMExternal`, `TestTolerancePerPodCMExternal`,
/// `TestScaleDownPerPodCMExternal`, `TestReplicaCalcConfigurableTolerancePerPodCMExternal`; and lists.
#[test]
fn proposal_is_the_count_divided_by_the_target() {
    for (target, pods, value, expected) in [
        (2150, 3, 8600, 4),
        (2200, 4, 8600, 4),
        (3000, 5, 8600, 3),
        (2800, 3, 8600, 3),
        (5, 4, 23, 5),
        (5, 4, 22, 4),
        (5, 4, 18, 4),
        (5, 4, 15, 3),
        (5, 4, 0, 0),
    ] {
        let settings = settings(&format!("list-length = {target}\n"));
        assert_eq!(proposed(settings, pods, &[value]), expected, "{value} / {target}, {pods} pods");
    }
    let careful = settings("list-length = 2800\nbehavior.scale-up = { tolerance = 0.01 }\n");
    assert_eq!(proposed(careful, 3, &[8600]), 4);
}

#[test]
fn hpa_syncs_while_the_status_has_no_pods() {
    let decision = scaler(settings("list-length = 5\n")).sync(at(0), Scale { spec: 1, ..Scale::of(0) }, &read(&[20]));
    assert_eq!(decision.replicas, 4);
}

#[test]
fn largest_proposal_of_several_triggers_wins_and_a_formula_adds_them() {
    assert_eq!(proposed(with_busy("list-length = 5\n"), 4, &[3, 4]), 4);
    let formula = with_busy("list-length = 5\nformula = \"waiting + busy * 5\"\n");
    assert_eq!(proposed(formula, 4, &[3, 4]), 5);
}

#[test]
fn first_scale_up_steps_follow_the_policies() {
    let scale = "list-length = 5\nmax-replica-count = 100\n";
    assert_eq!(steps(&mut scaler(without_behavior(scale)), at(0), 1, 1000), [4, 8, 16, 32, 64, 100]);
    assert_eq!(steps(&mut scaler(settings(scale)), at(0), 1, 1000), [5, 10, 20, 40, 80, 100]);
}

/// `horizontal_test.go::TestNormalizeDesiredReplicas`.
#[test]
fn scale_down_without_behavior_follows_the_largest_recent_proposal() {
    let mut scaler = scaler(without_behavior("list-length = 1\n"));
    for (time, proposed_pods) in [(0, 10), (60, 9), (480, 5), (540, 4)] {
        scaler.sync(at(time), Scale { spec: 10, ..Scale::of(0) }, &read(&[proposed_pods]));
    }
    assert_eq!(scaler.sync(at(600), Scale { spec: 5, ..Scale::of(0) }, &read(&[3])).replicas, 5);
}

/// `horizontal_test.go::TestNormalizeDesiredReplicasWithBehavior`.
#[test]
fn stabilization_window_holds_in_its_direction() {
    let both = "list-length = 1\nbehavior.scale-up = { stabilization-window = \"300s\" }\n\
                behavior.scale-down = { stabilization-window = \"300s\" }\n";
    let mut down = scaler(settings(both));
    down.sync(at(0), of(3), &read(&[3]));
    assert_eq!(down.sync(at(180), of(2), &read(&[1])).replicas, 2);
    let mut up = scaler(settings(both));
    up.sync(at(0), of(4), &read(&[4]));
    up.sync(at(60), of(4), &read(&[5]));
    assert_eq!(up.sync(at(120), of(1), &read(&[7])).replicas, 4);
}

/// `horizontal_test.go::TestScalingWithRules`; and 10 % more than 100 are 111, for the HPA computes in floating point.
#[test]
fn policies_count_what_was_done_in_their_period() {
    let up = |policy: &str| {
        settings(&format!(
            "list-length = 1\nmax-replica-count = 1000\nbehavior.scale-up = {{ policies = [{policy}] }}\n"
        ))
    };
    for (policy, expected) in [
        ("{ type = \"Pods\", value = 150, period = \"120s\" }", 235),
        ("{ type = \"Percent\", value = 200, period = \"120s\" }", 255),
    ] {
        let mut scaler = scaler(up(policy));
        assert_eq!(scaler.sync(at(0), of(85), &read(&[100])).replicas, 100);
        assert_eq!(scaler.sync(at(60), of(100), &read(&[500])).replicas, expected, "{policy}");
    }
    let mut tenth = scaler(up("{ type = \"Percent\", value = 10, period = \"120s\" }"));
    assert_eq!(tenth.sync(at(0), of(100), &read(&[500])).replicas, 111);

    let down = |policy: &str| {
        settings(&format!(
            "list-length = 1\nmax-replica-count = 1000\n\
             behavior.scale-down = {{ stabilization-window = \"0s\", policies = [{policy}] }}\n"
        ))
    };
    let mut half = scaler(down("{ type = \"Percent\", value = 50, period = \"120s\" }"));
    assert_eq!(half.sync(at(0), of(112), &read(&[100])).replicas, 100);
    assert_eq!(half.sync(at(60), of(100), &read(&[0])).replicas, 56);
    for (later, expected) in [(30, 9), (61, 8)] {
        let mut one = scaler(down("{ type = \"Pods\", value = 1, period = \"60s\" }"));
        assert_eq!(one.sync(at(0), of(10), &read(&[2])).replicas, 9);
        assert_eq!(one.sync(at(later), of(9), &read(&[2])).replicas, expected, "{later} s later");
    }
}

#[test]
fn old_peak_returns_only_without_behavior() {
    let scale = "list-length = 1\nmax-replica-count = 20\ncooldown-period = \"30s\"\n";
    for (settings, expected) in [(without_behavior(scale), [4, 8, 10, 10]), (settings(scale), [1, 1, 1, 1])] {
        let mut scaler = scaler(settings);
        scaler.sync(at(0), of(10), &read(&[10]));
        scaler.poll(at(0), 10, &read(&[10]));
        assert_eq!(scaler.poll(at(30), 10, &read(&[0])).replicas, 10, "the cooldown has to be over");
        assert_eq!(scaler.poll(at(31), 10, &read(&[0])).replicas, 0);
        assert_eq!(scaler.poll(at(60), 0, &read(&[1])).replicas, 1);
        assert_eq!(steps(&mut scaler, at(60), 1, 1), expected);
    }
}

#[test]
fn scale_up_from_zero_to_max_takes_a_minute() {
    let scale = "list-length = 5\nmax-replica-count = 20\npolling-interval = \"30s\"\n";
    let mut scaler = scaler(without_behavior(scale));
    assert_eq!(scaler.poll(at(30), 0, &read(&[100])).replicas, 1);
    assert_eq!(steps(&mut scaler, at(45), 1, 100), [4, 8, 16, 20]);
}

#[test]
fn fallback_takes_effect_after_its_failure_threshold() {
    let scale = "list-length = 5\nfallback = { failure-threshold = 3, replicas = 6 }\n";
    let mut scaler = scaler(settings(scale));
    let unread = Reading::Read(vec![None]);
    for time in [0, 15, 30] {
        assert_eq!(scaler.sync(at(time), of(2), &unread).replicas, 2);
    }
    assert_eq!(scaler.sync(at(45), of(2), &unread).replicas, 6);
    assert_eq!(scaler.sync(at(60), of(6), &Reading::NotBuilt).replicas, 6, "no fallback where KEDA cannot connect");
}

/// `horizontal.go::reconcileAutoscaler` reads nothing at zero, so that only KEDA's own looks count as failures there.
#[test]
fn failures_are_not_counted_while_the_hpa_reads_nothing() {
    let scale = "list-length = 5\nfallback = { failure-threshold = 2, replicas = 4 }\n";
    let mut scaler = scaler(settings(scale));
    let unread = Reading::Read(vec![None]);
    for time in [0, 10, 20] {
        scaler.sync(at(time), of(0), &unread);
    }
    assert_eq!(scaler.poll(at(21), 0, &unread).replicas, 0);
    assert_eq!(scaler.poll(at(51), 0, &unread).replicas, 0);
    assert_eq!(scaler.poll(at(81), 0, &unread).replicas, 1);
}

/// `scale_handler.go::getScalerState`: what the fallback stands in for is no error, and active whatever it counts for.
#[test]
fn fallback_counts_as_active() {
    let scale = "list-length = 5\ncooldown-period = \"30s\"\nfallback = { failure-threshold = 1, replicas = 0 }\n";
    let mut scaler = scaler(settings(scale));
    let unread = Reading::Read(vec![None]);
    assert_eq!(scaler.poll(at(0), 0, &unread).replicas, 0);
    assert_eq!(scaler.poll(at(30), 0, &unread).replicas, 1);
    // It was active at 60 s, so that it cools down from then on.
    assert_eq!(scaler.poll(at(60), 1, &unread).replicas, 1);
    assert_eq!(scaler.poll(at(90), 1, &read(&[0])).replicas, 1);
    assert_eq!(scaler.poll(at(120), 1, &read(&[0])).replicas, 0);
}

/// `formula.go`: a formula is active by its own value, and not a number where it uses a metric that could not be read.
#[test]
fn formula_decides_over_unreadable_triggers() {
    let with = |formula: &str| {
        let settings = with_busy(&format!("list-length = 5\nformula = \"{formula}\"\n"));
        // A profile may not have it where the formula is left without a value.
        let behavior = FallbackBehavior::ScalingModifiers;
        let fallback = Some(Fallback { failure_threshold: 0, replicas: 3, behavior });
        scaler(Settings { fallback, ..settings })
    };
    let half = Reading::Read(vec![Some(20.0), None]);
    assert_eq!(with("waiting + (busy ?? 2) * 5").sync(at(0), of(2), &half).replicas, 6);
    assert_eq!(with("busy ?? delayed ?? landing").sync(at(0), of(2), &Reading::Read(vec![None, None])).replicas, 3);
    let half_said = "waiting + max(busy, delayed ?? 0)";
    assert_eq!(with(half_said).sync(at(0), of(2), &half).reason, Reason::Unreadable);
    assert_eq!(with(half_said).poll(at(0), 0, &half).replicas, 0);
}

/// `formula.go::calculateScalingModifiersFormula`: whole thousandths of it are handed on.
#[test]
fn formula_result_is_cut_to_thousandths() {
    let of = |formula: &str| scaler(with_busy(&format!("list-length = 1\nformula = \"{formula}\"\n")));
    assert_eq!(of("waiting / 2000").poll(at(0), 0, &read(&[1, 0])).replicas, 0);
    assert_eq!(of("waiting / 1000").poll(at(0), 0, &read(&[1, 0])).replicas, 1);
}

/// `horizontal.go::storeScaleEvent`: a step takes the place of one that is older than the periods of its own direction, and
/// is then unknown to the other direction, whose period is longer.
#[test]
fn scale_event_replaces_an_expired_one() {
    let mut scaler = scaler(settings(
        "list-length = 1\nmin-replica-count = 1\nmax-replica-count = 20\n\
         behavior.scale-down = { stabilization-window = \"0s\" }\n",
    ));
    let mut pods = 1;
    for (time, expected) in [(5_000, 5), (20_030, 10), (35_060, 20)] {
        pods = scaler.sync(Duration::from_millis(time), of(pods), &read(&[100])).replicas;
        assert_eq!(pods, expected);
    }
    // Half of the ten that there were 60 s ago, as far as is known: the first two steps are not.
    assert_eq!(scaler.sync(Duration::from_millis(50_090), of(20), &read(&[0])).replicas, 5);
}

/// `horizontal_test.go`: `TestNoScaleDownOneMetricEmpty`, `TestScaleUpOneMetricEmpty`.
#[test]
fn unreadable_trigger_blocks_scale_down_but_not_scale_up() {
    let half = |value| Reading::Read(vec![Some(value), None]);
    let settings = with_busy("list-length = 1\nbehavior.scale-down = { stabilization-window = \"0s\" }\n");
    assert_eq!(scaler(settings.clone()).sync(at(0), of(5), &half(3.0)).replicas, 5);
    assert_eq!(scaler(settings).sync(at(0), of(3), &half(4.0)).replicas, 4);
}

#[test]
fn cached_metrics_are_live_until_the_first_poll() {
    let mut scaler = scaler(settings("list-length = 1\nuse-cached-metrics = true\n"));
    assert_eq!(scaler.sync(at(0), of(1), &read(&[2])).replicas, 2);
    scaler.poll(at(1), 2, &read(&[2]));
    assert_eq!(scaler.sync(at(15), of(2), &read(&[4])).replicas, 2);
    assert_eq!(scaler.sync(at(30), of(2), &Reading::NotBuilt).reason, Reason::Unreadable);
}

#[test]
fn force_activation_annotation_activates_unreadable_triggers() {
    let mut forced = scaler(settings("force-activation = true\n"));
    assert_eq!(forced.poll(at(0), 0, &Reading::Read(vec![None])), Decision { replicas: 1, reason: Reason::Forced });
    let mut unforced = scaler(settings(""));
    assert_eq!(unforced.poll(at(0), 0, &Reading::Read(vec![None])).replicas, 0);
}

#[test]
fn initial_cooldown_starts_at_the_second_of_creation() {
    let settings = settings("initial-cooldown-period = \"10s\"\n");
    let mut scaler = Scaler::new(settings, Duration::from_millis(3_900));
    assert_eq!(scaler.poll(Duration::from_secs(13), 2, &read(&[0])).replicas, 2);
    assert_eq!(scaler.poll(Duration::from_millis(13_100), 2, &read(&[0])).replicas, 0);
}

/// One step of a history: a poll or a sync, the time since the one before, and the value of each trigger.
type Look = (bool, u64, Option<u64>, Option<u64>);

fn anything() -> impl Strategy<Value = Settings> {
    let window = || prop_oneof![Just(0_u64), 1..400_u64];
    let policies = || {
        let policy = (any::<bool>(), 1..200_u32, 1..120_u64).prop_map(|(pods, value, period)| {
            let kind = if pods { "Pods" } else { "Percent" };
            format!("{{ type = \"{kind}\", value = {value}, period = \"{period}s\" }}")
        });
        prop::collection::vec(policy, 1..3).prop_map(|policies| policies.join(", "))
    };
    (0..5_u32, 5..40_u32, 1..30_u64, 0..20_u64, window(), window(), policies(), policies(), any::<bool>()).prop_map(
        |(min, max, target, activation, up, down, add, remove, behavior)| {
            let settings = with_busy(&format!(
                "min-replica-count = {min}\nmax-replica-count = {max}\nlist-length = {target}\n\
                 activation-list-length = {activation}\n\
                 behavior.scale-up = {{ stabilization-window = \"{up}s\", policies = [{add}] }}\n\
                 behavior.scale-down = {{ stabilization-window = \"{down}s\", policies = [{remove}] }}\n"
            ));
            if behavior { settings } else { Settings { behavior: None, ..settings } }
        },
    )
}

fn history() -> impl Strategy<Value = Vec<Look>> {
    let value = || prop_oneof![8 => (0..500_u64).prop_map(Some), 1 => Just(None), 3 => Just(Some(0))];
    prop::collection::vec((any::<bool>(), 1..60_u64, value(), value()), 1..60)
}

/// Lives through `looks` from `pods` on, tells `seen` of each decision and how many pods there were before; and says how
/// many there are in the end, and when that is.
fn live(scaler: &mut Scaler, mut pods: u32, looks: &[Look], mut seen: impl FnMut(bool, u32, &Decision)) -> (u32, u64) {
    let mut now = 0;
    for (hpa, after, waiting, busy) in looks {
        now += after;
        let reading = Reading::Read(vec![waiting.map(float), busy.map(float)]);
        let decision =
            if *hpa { scaler.sync(at(now), of(pods), &reading) } else { scaler.poll(at(now), pods, &reading) };
        seen(*hpa, pods, &decision);
        pods = decision.replicas;
    }
    (pods, now)
}

proptest! {
    #[test]
    fn decisions_stay_within_bounds_and_have_a_reason(
        settings in anything(), pods in 0..50_u32, looks in history(),
    ) {
        live(&mut scaler(settings.clone()), pods, &looks, |hpa, from, decision| {
            let Decision { replicas, reason } = decision;
            let text = reason.to_string();
            assert!(!text.is_empty() && text.chars().count() <= 140, "{text}");
            if *replicas != from {
                assert!(*replicas <= settings.max && (!hpa || *replicas >= settings.min.max(1)), "{from} → {replicas}");
                let of_the_hpa = matches!(reason, Reason::Proposed { .. } | Reason::AboveMax(_) | Reason::BelowMin(_));
                let of_keda = matches!(reason, Reason::Activated { .. } | Reason::CooledDown { .. } | Reason::BelowMin(_));
                assert!(if hpa { of_the_hpa } else { of_keda }, "{from} → {replicas}: {text}");
            }
            if let Reason::Proposed { proposal, limit, .. } = reason {
                assert_eq!(proposal.replicas == *replicas, limit.is_none(), "{from} → {replicas}: {text}");
            }
        });
    }

    #[test]
    fn replica_count_settles_under_constant_load(settings in anything(), pods in 1..40_u32, waiting in 0..500_u64) {
        let mut scaler = scaler(settings.clone());
        let mut pods = pods.clamp(settings.min.max(1), settings.max);
        let mut settled = 0;
        // A policy may allow one pod in two minutes, which are eight looks.
        for look in 0..500 {
            let after = scaler.sync(at(look * 15), of(pods), &read(&[waiting, 0])).replicas;
            settled = if after == pods { settled + 1 } else { 0 };
            pods = after;
        }
        prop_assert!(settled >= 20, "{pods} pods after {settled} looks of rest");
    }

    #[test]
    fn more_waiting_items_never_mean_fewer_pods(
        settings in anything(), pods in 1..40_u32, looks in history(), fewer in 0..500_u64, more in 0..500_u64,
    ) {
        let mut scaler = scaler(settings);
        let (pods, now) = live(&mut scaler, pods, &looks, |_, _, _| ());
        let (few, many) = (read(&[fewer, 0]), read(&[fewer + more, 0]));
        let time = at(now + 15);
        prop_assert!(scaler.clone().sync(time, of(pods), &few).replicas <= scaler.clone().sync(time, of(pods), &many).replicas);
        prop_assert!(scaler.clone().poll(time, pods, &few).replicas <= scaler.poll(time, pods, &many).replicas);
    }

    #[test]
    fn paused_object_never_changes(mut settings in anything(), pods in 0..50_u32, looks in history()) {
        settings.pause.paused = true;
        live(&mut scaler(settings), pods, &looks, |_, from, decision| {
            assert_eq!(decision, &Decision { replicas: from, reason: Reason::Paused(PausedBy::Paused) });
        });
    }

    #[test]
    fn paused_direction_is_never_taken(mut settings in anything(), out: bool, pods in 1..5_u32, looks in history()) {
        // KEDA gives the HPA a `behavior` where a direction is paused.
        settings.behavior = settings.behavior.or(self::settings("").behavior);
        let pods = pods.clamp(settings.min.max(1), settings.max);
        settings.pause.scale_out = out;
        settings.pause.scale_in = !out;
        live(&mut scaler(settings), pods, &looks, |_, from, decision| {
            let held = if out { decision.replicas <= from } else { decision.replicas >= from };
            let inside = !matches!(decision.reason, Reason::BelowMin(_));
            assert!(held || !inside, "{from} → {}: {}", decision.replicas, decision.reason);
            if let Reason::Proposed { limit: Some(Limit::Disabled(_)), .. } = decision.reason {
                assert_eq!(decision.replicas, from);
            }
        });
    }
}

#[test]
fn trigger_of_another_type_proposes_by_its_target() {
    let mut settings = settings("list-length = 10\n");
    let other = |metric_type| Trigger {
        key: String::new(),
        counted: Counted::Other("requests".into()),
        target: 2.5,
        activation: 1.0,
        metric_type,
    };
    settings.triggers.push(other(MetricType::AverageValue));
    let reading = |waiting, requests| Reading::Read(vec![Some(waiting), Some(requests)]);
    let sync = |settings: &Settings, scale, reading| {
        let decision = scaler(settings.clone()).sync(at(0), scale, &reading);
        (decision.replicas, decision.reason.to_string())
    };
    let largest = sync(&settings, of(4), reading(0.0, 13.1));
    assert_eq!(largest, (6, "13.1 requests ÷ 2.5 per pod = 6 replicas".to_owned()));
    assert_eq!(sync(&settings, of(4), reading(60.0, 13.1)).0, 6);
    let poll = |value| scaler(settings.clone()).poll(at(0), 0, &reading(0.0, value));
    assert_eq!(poll(1.0).reason.to_string(), "1 requests, activation value 1: inactive");
    assert_eq!(poll(1.5).reason.to_string(), "activated: 1.5 requests (activation value 1)");
    // The value itself multiplies the ready pods, whatever the others are.
    settings.triggers[1] = other(MetricType::Value);
    let scale = Scale { spec: 4, status: 4, ready: 2 };
    let value = sync(&settings, scale, reading(0.0, 7.5));
    assert_eq!(value, (6, "7.5 requests ÷ 2.5 × 2 ready = 6 replicas".to_owned()));
    let within = sync(&settings, scale, reading(0.0, 2.6));
    assert_eq!(within, (4, "2.6 requests ÷ 2.5: within tolerance (1.04, limit 1.10)".to_owned()));
}

#[test]
fn cached_metrics_are_those_of_the_list_only() {
    let mut settings = settings("list-length = 1\nuse-cached-metrics = true\n");
    settings.triggers.push(Trigger {
        key: String::new(),
        counted: Counted::Other("requests".into()),
        target: 1.0,
        activation: 0.0,
        metric_type: MetricType::AverageValue,
    });
    let mut scaler = scaler(settings);
    let reading = |waiting, requests| Reading::Read(vec![Some(waiting), Some(requests)]);
    scaler.poll(at(0), 1, &reading(2.0, 2.0));
    assert_eq!(scaler.sync(at(1), of(1), &reading(9.0, 2.0)).replicas, 2);
    assert_eq!(scaler.sync(at(16), of(2), &reading(2.0, 4.0)).replicas, 4);
}
