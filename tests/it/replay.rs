//! Recordings: written by a run, shown again, drawn, and compared with the model.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Finished, Qscale, SOON};

/// A recording of a demo at 20 times the speed: a burst, activation at 30 s of its clock, and the end of the cooldown.
fn recording() -> String {
    let sample = |millis: u64, backlog: u64, busy: u64, desired: u32, reason: &str| {
        let target = format!(
            r#"{{"kind":"Process","namespace":"local","name":"consumers","desired":{desired},"current":{desired},"ready":{desired},"available":{desired}}}"#
        );
        format!(
            r#"{{"time":"2026-03-01T12:00:{:02}.{:03}Z","list":"mylist","backlog":{backlog},"in_flight":{busy},"delayed":0,"dead":0,"busy":{busy},"target":{target},"reason":"{reason}","speed":20.0}}"#,
            millis / 1000,
            millis % 1000
        ) + "\n"
    };
    let mut text = String::new();
    for tick in 0..=36_u64 {
        let millis = tick * 500;
        text += &match tick {
            0..3 => sample(millis, 40, 0, 0, "KEDA has not polled yet"),
            3..6 => sample(millis, 20, 1, 1, "KEDA: activated"),
            6..33 => sample(millis, 0, 0, 1, "KEDA: cooldownPeriod"),
            _ => sample(millis, 0, 0, 0, "KEDA: scaled to zero"),
        };
    }
    text
}

fn replay(folder: &Path, words: &[&str]) -> Finished {
    fs::write(folder.join("run.jsonl"), recording()).expect("a folder of our own");
    let file = folder.join("run.jsonl");
    Qscale::new(["watch", "--replay", file.to_str().expect("UTF-8")]).args(words).output()
}

#[test]
fn replay_writes_the_samples_and_draws_the_same_pictures_each_time() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pictures = |name: &str| {
        let path = |ending: &str| folder.path().join(format!("{name}.{ending}")).display().to_string();
        let files = ["--svg", &path("svg"), "--html", &path("html"), "--cast", &path("cast")];
        let run = replay(folder.path(), &files).exits(0);
        assert_eq!(run.stdout.lines().count(), 37, "{run:?}");
        let read = |ending: &str| fs::read_to_string(path(ending)).expect("the picture is there");
        (read("svg"), read("html"), read("cast"))
    };
    let (svg, html, cast) = pictures("a");
    assert_eq!((svg.clone(), html.clone(), cast.clone()), pictures("b"));
    // On the clock of the demo: 18 s are 6 minutes.
    assert!(svg.contains(">6:00</text>") && svg.contains("0 → 1: KEDA: activated"), "{svg}");
    assert!(svg.contains("peak backlog 40 items; at most 1 pod ready; 2 changes"), "{svg}");
    assert!(html.len() < 200_000 && html.contains(svg.trim_end()), "{html}");
    check_cast(&cast);
}

/// Checks the asciicast of the recording: 18 s long, with a frame for each sample, and a mark for each change.
fn check_cast(cast: &str) {
    let mut lines = cast.lines().map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON"));
    let header = lines.next().expect("a header");
    assert_eq!((&header["version"], &header["width"], &header["height"]), (&json!(2), &json!(100), &json!(28)));
    let events: Vec<Value> = lines.collect();
    let of = |kind: &str| events.iter().filter(|event| event[1] == kind).collect::<Vec<_>>();
    let (frames, marks) = (of("o"), of("m"));
    assert_eq!((frames.len(), frames.last().map(|frame| &frame[0])), (37, Some(&json!(18.0))));
    assert!(frames[0][2].as_str().is_some_and(|frame| frame.contains("waiting")), "{}", frames[0]);
    let marks: Vec<&Value> = marks.iter().map(|mark| &mark[2]).collect();
    assert_eq!(marks, [&json!("0 → 1: KEDA: activated"), &json!("1 → 0: KEDA: scaled to zero")]);
}

#[test]
fn picture_that_does_not_fit_on_the_disk_leaves_no_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let full = ["sh", "-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\""];
    for picture in ["a.svg", "a.html"] {
        let path = folder.path().join(picture);
        let flag = format!("--{}", path.extension().expect("an ending").display());
        for words in
            [&["watch", "--replay", concat!(env!("CARGO_MANIFEST_DIR"), "/docs/watch.jsonl")][..], &["simulate"]]
        {
            let run = Qscale::new(words).arg(&flag).arg(&path).through(full).output().exits(1);
            assert!(run.stderr.contains(&format!("cannot write `{}`: File too large", path.display())), "{run:?}");
            assert!(!path.exists(), "{words:?}");
        }
    }
}

#[test]
fn recording_that_is_cut_off_is_played_with_a_warning() {
    let text = recording();
    let cut = text.as_bytes()[..text.len() - 20].to_vec();
    let run = Qscale::new(["watch", "--replay", "-"]).input(cut).output().exits(0);
    assert_eq!(run.stdout.lines().count(), 36);
    assert!(run.stderr.contains("WARN the last line is cut off: reading up to it recording=- line=37"), "{run:?}");
}

#[test]
fn replay_as_json_is_the_recording() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let again = replay(folder.path(), &["--output", "json"]).exits(0).stdout;
    fs::write(folder.path().join("run.jsonl"), &again).expect("a folder of our own");
    let file = folder.path().join("run.jsonl").display().to_string();
    assert_eq!(Qscale::new(["watch", "--replay", &file, "--output", "json"]).output().exits(0).stdout, again);
}

#[test]
fn replay_that_is_impossible_says_why() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let missing = Qscale::new(["watch", "--replay", "/nowhere/run.jsonl"]).output().exits(2);
    assert!(missing.stderr.contains("--replay: cannot read `/nowhere/run.jsonl`"), "{missing:?}");
    let csv = Qscale::new(["watch", "--replay", "-"]).input(b"t_s,llen\n0,1\n".to_vec()).output().exits(2);
    assert!(csv.stderr.contains("-:1: is not a sample"), "{csv:?}");
    replay(folder.path(), &["--every", "2s"]).exits(2);
    let image = replay(folder.path(), &["--svg", "a.jpg"]).exits(2);
    assert!(image.stderr.contains("writes SVG and PNG, not jpg: name the file `a.svg`"), "{image:?}");
    for (flag, value) in [("--list", "a"), ("--stamp-field", "at"), ("--host", "localhost")] {
        let ignored = replay(folder.path(), &[flag, value]).exits(2).stderr;
        assert!(ignored.contains("cannot be used with") && ignored.contains(flag), "{ignored}");
        assert!(!ignored.contains("--tls"), "names flags that were not typed: {ignored}");
    }
    let nowhere = replay(folder.path(), &["--html", "/nowhere/a.html"]);
    assert!(nowhere.stderr.contains("cannot write `/nowhere/a.html`") && nowhere.stdout.is_empty(), "{nowhere:?}");
}

#[test]
fn recording_of_a_demo_is_compared_on_its_own_clock() {
    let run = Qscale::new(["simulate", "--against", "-"])
        .file("qscale.toml", "[consume]\ndelivery = \"at-least-once\"\n[scale]\nlist-length = 50\n")
        .env("COLUMNS", "120")
        .input(recording().into_bytes())
        .output()
        .exits(0);
    assert!(run.stdout.contains("37 samples over 6:00"), "{}", run.stdout);
    assert!(!run.stdout.contains("NOT RECORDED") && !run.stdout.contains("NOT PREDICTED"), "{}", run.stdout);
}

#[test]
fn simulation_draws_a_page_and_plays_without_a_terminal() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let page = folder.path().join("run.html").display().to_string();
    let cast = folder.path().join("run.cast").display().to_string();
    let played = ["--play", "--html", &page, "--cast", &cast];
    let run = Qscale::new(["simulate", "--produce", "burst 100", "--work", "2s"]).args(played).output().exits(0);
    assert!(run.stdout.contains("\n\nSummary\n  result         PASS: 100 pushed = 100 acknowledged"), "{run:?}");
    assert!(run.stdout.lines().next().is_some_and(|line| line.contains("mylist: ")), "{run:?}");
    let html = fs::read_to_string(page).expect("the page is there");
    assert!(html.contains("<summary>Scaling events: ") && html.contains("0 → 1: activated"), "{html}");
    let cast = fs::read_to_string(cast).expect("the cast is there");
    assert!(cast.contains(r#""m","0 → 1: KEDA: activated"#), "{cast}");
    let unplayed = Qscale::new(["simulate", "--cast", "a.cast"]).output().exits(2);
    assert!(unplayed.stderr.contains("--play"), "{unplayed:?}");
}

#[test]
fn terminal_without_utf_8_gets_ascii_only() {
    let recording = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/watch.jsonl");
    let words = ["watch", "--replay", recording, "--speed", "1000"];
    let mut terminal = Qscale::new(words).env("LC_ALL", "C").on_terminal("");
    terminal.finish(SOON);
    let shown = terminal.shown();
    assert!(shown.contains("Scaling events") && shown.contains("0 -> 1"), "{shown}");
    assert!(shown.is_ascii(), "{}", shown.chars().filter(|c| !c.is_ascii()).collect::<String>());
}

#[test]
fn picture_of_the_recording_in_the_manual_is_current() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("watch.svg");
    Qscale::new(["watch", "--replay"]).arg(docs.join("watch.jsonl")).arg("--svg").arg(&path).output().exits(0);
    let read = |path: &Path| fs::read_to_string(path).expect("the picture can be read");
    assert!(read(&path) == read(&docs.join("watch.svg")), "make regenerate writes docs/watch.svg anew");
}
