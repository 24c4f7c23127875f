//! Frames at the sizes that people have, and that no size breaks.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};

use super::layout;
use super::theme::Theme;
use super::view::{LogLine, ViewSettings, Zoom};
use crate::sample::{JobCounts, Replicas, Sample};
use crate::scaler::NextStep;
use crate::terminal::board::BoardState;

const SIZES: [(u16, u16); 4] = [(40, 12), (80, 24), (120, 40), (200, 60)];

fn pods(desired: u32, ready: u32) -> Replicas {
    Replicas {
        kind: "Deployment".to_owned(),
        namespace: "demo".to_owned(),
        name: "consumer".to_owned(),
        desired,
        current: desired,
        ready,
        available: ready,
        terminating: None,
    }
}

fn sample(backlog: u64) -> Sample {
    Sample::new(SystemTime::UNIX_EPOCH, "mylist", backlog, Some(-0.8), None)
}

fn state() -> BoardState {
    BoardState::new("on 127.0.0.1:6379".to_owned(), &["mylist".to_owned()], Duration::from_secs(1), 1.0)
}

/// A list without consumers that claim, on a Redis alone.
fn plain() -> BoardState {
    let mut state = state();
    for second in 0..90 {
        state.take(Duration::from_secs(second), &sample(400 - second * 4));
    }
    state
}

/// A burst of 300 items for at most five pods, two minutes after it.
fn busy() -> BoardState {
    let mut state = state();
    for second in 0..=120_u64 {
        let backlog = if second < 10 { 0 } else { 300 - (second - 10).min(110) };
        let (desired, ready) = match second {
            ..30 => (0, 0),
            30..45 => (1, u32::from(second > 32)),
            45..50 => (5, 1),
            _ => (5, 5),
        };
        let reason = match desired {
            0 => "KEDA: inactive: no active trigger",
            1 => "KEDA: activated: 300 waiting (activationListLength 0)",
            _ => "HPA: 274 waiting ÷ 50 per pod = 6 replicas, capped at maxReplicaCount 5",
        };
        let sample = Sample {
            in_flight: Some(u64::from(ready)),
            delayed: Some(0),
            dead: Some(0),
            pushed: Some(if second < 10 { 0 } else { 300 }),
            acknowledged: Some((if second < 10 { 0 } else { 300 - backlog }).saturating_sub(ready.into())),
            consumers: Some(ready.into()),
            busy: Some(ready.into()),
            oldest_seconds: (backlog > 0).then(|| crate::units::float(second - 10)),
            in_per_second: Some(0.0),
            out_per_second: Some(0.8),
            target: Some(pods(desired, ready)),
            reason: Some(reason.to_owned()),
            next: Some(NextStep { what: "the HPA computes again".to_owned(), seconds: 9.0 }),
            ..sample(backlog)
        };
        state.take(Duration::from_secs(second), &sample);
    }
    state
}

fn drawn(state: &BoardState, view: &ViewSettings, now: u64, size: (u16, u16), theme: Theme) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|frame| layout::draw(frame, state, view, Duration::from_secs(now), theme)).unwrap();
    terminal
}

fn text(state: &BoardState, view: &ViewSettings, now: u64, size: (u16, u16)) -> String {
    let terminal = drawn(state, view, now, size, Theme::new(true, false));
    let buffer = terminal.backend().buffer();
    let rows = buffer.content().chunks(usize::from(size.0));
    let row = |row: &[ratatui::buffer::Cell]| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>();
    let lines: Vec<String> = rows.map(row).map(|row| format!("{}\n", row.trim_end())).collect();
    lines.concat()
}

#[test]
fn frame_is_laid_out_for_its_size() {
    let (busy, plain, view) = (busy(), plain(), ViewSettings::default());
    let (w, h) = SIZES[0];
    snapbox::assert_data_eq!(text(&busy, &view, 120, (w, h)), snapbox::file!["frames/busy-40x12.txt"].raw());
    let (w, h) = SIZES[1];
    snapbox::assert_data_eq!(text(&busy, &view, 120, (w, h)), snapbox::file!["frames/busy-80x24.txt"].raw());
    snapbox::assert_data_eq!(text(&plain, &view, 90, (w, h)), snapbox::file!["frames/plain-80x24.txt"].raw());
    let (w, h) = SIZES[2];
    snapbox::assert_data_eq!(text(&busy, &view, 120, (w, h)), snapbox::file!["frames/busy-120x40.txt"].raw());
    let (w, h) = SIZES[3];
    snapbox::assert_data_eq!(text(&busy, &view, 120, (w, h)), snapbox::file!["frames/busy-200x60.txt"].raw());
}

#[test]
fn every_size_answers_why_and_what_comes_next() {
    for size in SIZES {
        let text = text(&busy(), &ViewSettings::default(), 120, size);
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "190",
            "by the HPA: 274 waiting ÷ 50 per pod = 6 replicas, capped at",
            "maxReplicaCount 5",
            "in 9s: the HPA computes again",
        ] {
            assert!(words.contains(part) || (part == "190" && size.1 > 12), "{size:?}: {part}\n{text}");
        }
    }
}

#[test]
fn old_data_is_grey_and_said_to_be_old() {
    for size in SIZES {
        let theme = Theme::new(true, false);
        let frame = text(&busy(), &ViewSettings::default(), 130, size);
        assert!(frame.contains("no data for 10s: Redis does not answer"), "{frame}");
        assert!(!frame.contains("next:"), "{frame}");
        let terminal = drawn(&busy(), &ViewSettings::default(), 130, size, theme);
        let numbers = &terminal.backend().buffer()[(2, if size.1 > 30 { 3 } else { 1 })];
        assert!(numbers.modifier.contains(Modifier::DIM) && numbers.fg == Color::DarkGray, "{size:?}: {numbers:?}");
    }
}

#[test]
fn no_colour_is_sent_without_colour() {
    for size in SIZES {
        let terminal = drawn(&busy(), &ViewSettings::default(), 120, size, Theme::new(false, false));
        let cells = terminal.backend().buffer().content();
        assert!(cells.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
        assert!(cells.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED)));
    }
}

#[test]
fn ascii_terminal_gets_only_ascii() {
    let view = ViewSettings { shows_help: true, ..ViewSettings::default() };
    let terminal = drawn(&busy(), &view, 120, (80, 24), Theme::new(true, true));
    let cells = terminal.backend().buffer().content();
    assert!(cells.iter().all(|cell| cell.symbol().is_ascii()));
}

#[test]
fn chart_has_room_for_one_quantity() {
    for (zoom, name) in [(Zoom::Waiting, "waiting │"), (Zoom::InFlight, "in flight │"), (Zoom::Pods, "pods │")] {
        let view = ViewSettings { zoom, ..ViewSettings::default() };
        let frame = text(&busy(), &view, 120, (80, 24));
        assert_eq!(frame.matches('┤').count(), 1, "{frame}");
        assert!(frame.contains(name), "{frame}");
    }
}

#[test]
fn several_lists_are_rows() {
    let names = ["orders".to_owned(), "mail".to_owned()];
    let mut state = BoardState::new("on redis".to_owned(), &names, Duration::from_secs(1), 1.0);
    for (name, backlog) in [("orders", 12), ("mail", 3_456)] {
        state.take(Duration::from_secs(1), &Sample { list: name.to_owned(), ..sample(backlog) });
    }
    let view = ViewSettings { chosen: 1, ..ViewSettings::default() };
    let frame = text(&state, &view, 2, (100, 30));
    assert!(frame.starts_with("mail  on redis "), "{frame}");
    let rows = frame.lines().skip(1);
    let row = |name: &str| rows.clone().find(|line| line.trim_start_matches('>').trim().starts_with(name)).unwrap();
    assert!(row("orders").contains(" 12 ") && row("mail").starts_with("> mail"), "{frame}");
    assert!(row("mail").contains("3,456"), "{frame}");
    assert!(frame.contains("3456 waiting"), "{frame}");
}

#[test]
fn long_names_of_lists_keep_both_ends() {
    let names = ["eu", "us"].map(|region| format!("shop:production:a-team-that-likes-long-names:orders-{region}"));
    let mut state = BoardState::new("on redis".to_owned(), &names, Duration::from_secs(1), 1.0);
    for name in &names {
        state.take(Duration::from_secs(1), &Sample { list: name.clone(), ..sample(1) });
    }
    let frame = text(&state, &ViewSettings::default(), 2, (80, 24));
    assert!(frame.contains("\n> shop:producti…es:orders-eu"), "{frame}");
    assert!(frame.contains("\n  shop:producti…es:orders-us"), "{frame}");
}

#[test]
fn too_small_a_terminal_is_told_the_size_it_needs() {
    for (size, shown) in [((39, 12), "40×12 needed, here 39×12"), ((20, 5), "40×12 needed")] {
        assert_eq!(text(&busy(), &ViewSettings::default(), 120, size).lines().next().map(str::trim_end), Some(shown));
    }
}

proptest! {
    #[test]
    fn no_size_and_no_state_breaks_a_frame(
        width in 1_u16..220,
        height in 1_u16..70,
        now in 0_u64..10_000,
        lists in 1_usize..12,
        name in "\\PC{0,20}",
        number in 0_u64..u64::MAX,
        zoom in prop::sample::select(vec![Zoom::All, Zoom::Waiting, Zoom::InFlight, Zoom::Pods]),
        is_log: bool,
        shows_help: bool,
        is_ascii: bool,
    ) {
        let names: Vec<String> = (0..lists).map(|index| format!("{name}{index}")).collect();
        let mut state = BoardState::new(name.clone(), &names, Duration::from_secs(1), 20.0);
        for second in 0..(number % 50) {
            let target = Some(pods(u32::try_from(number % 1_000).unwrap_or(0), u32::try_from(second).unwrap_or(0)));
            let reason = Some(name.clone());
            let first = Sample { list: names[0].clone(), target, reason, ..sample(number) };
            state.take(Duration::from_secs(second * second), &first);
        }
        let message = (number % 2 == 0).then_some(LogLine { text: name, is_warning: true });
        let view = ViewSettings { chosen: lists / 2, zoom, is_log, shows_help, message, ..ViewSettings::default() };
        drawn(&state, &view, now, (width, height), Theme::new(true, is_ascii));
    }
}

#[test]
fn keys_stay_next_to_a_line_of_the_log() {
    for size in SIZES {
        let said = "08:11:10Z  WARN killed a consumer, its items are redelivered".to_owned();
        let message = Some(LogLine { text: said, is_warning: true });
        let text = text(&busy(), &ViewSettings { message, ..ViewSettings::default() }, 120, size);
        assert!(text.contains("WARN killed a") && text.contains("q quit  ? keys"), "{size:?}:\n{text}");
    }
}

#[test]
fn dead_letters_and_the_next_step_are_seen_on_the_smallest_screen() {
    let mut state = busy();
    let sample = Sample { dead: Some(3), ..state.lists[0].latest.clone().expect("a sample").sample };
    state.take(Duration::from_secs(121), &sample);
    let text = text(&state, &ViewSettings::default(), 121, SIZES[0]);
    assert!(text.contains("waiting  3 dead") && text.contains("in 9s: the HPA computes again"), "{text}");
}

#[test]
fn clock_of_a_model_is_said_to_be_one() {
    let mut state = busy();
    state.speed = 20.0;
    for (size, clock) in [(SIZES[0], "model 2:00 ×20"), (SIZES[1], "model time 2:00 (×20)")] {
        let text = text(&state, &ViewSettings::default(), 120, size);
        assert!(text.lines().next().is_some_and(|line| line.ends_with(clock)), "{text}");
    }
    let late = text(&state, &ViewSettings::default(), 360, SIZES[1]);
    assert!(late.contains("no data for 12s of real time: Redis does not answer"), "{late}");
}

#[test]
fn jobs_are_shown_with_their_reason() {
    let mut state = state();
    let jobs = JobCounts { created: 46, running: 3, pending: 1, succeeded: 40, failed: 2 };
    let reason = Some("KEDA: 12 waiting ÷ 5 per Job = 3 Jobs, none to create".to_owned());
    state.take(Duration::ZERO, &Sample { jobs: Some(jobs), reason, ..sample(12) });
    for size in SIZES {
        let text = text(&state, &ViewSettings::default(), 1, size);
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("KEDA: 12 waiting") && words.contains("Jobs"), "{text}");
    }
    let text = text(&state, &ViewSettings::default(), 1, SIZES[1]);
    assert!(text.contains("Jobs: 3 running, 1 pending, 40 succeeded, 2 failed"), "{text}");
}
