//! The model decides as KEDA and the HPA did at every step of many runs, each with settings of its own; `tests/decisions`
//! says what was read, and what came of it.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "numbers side by side, with --nocapture; what cannot be read fails the test"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use qscale::profile::Profile;
use qscale::profile::scale::{FallbackTable, ScaleKind};
use qscale::scaler::{Reading, Scale, Scaler, Settings, Unfinished};

/// A run: its profile, when its object was made, and its looks, a row each.
struct Run {
    name: String,
    profile: Profile,
    /// In place of the profile's, where that may not have it.
    fallback: Option<FallbackTable>,
    created: Duration,
    rows: Vec<Vec<String>>,
}

fn runs() -> Vec<Run> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decisions");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut tables: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|name| name == "csv")).collect();
    tables.sort();
    tables.iter().map(|path| run(path)).collect()
}

fn run(path: &Path) -> Run {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let table = fs::read_to_string(path).unwrap();
    let profile: Vec<&str> = table.lines().filter_map(|line| line.strip_prefix("#|")).collect();
    let profile = Profile::parse(&name, &profile.join("\n")).unwrap_or_else(|error| panic!("{error}"));
    let fallback = table.lines().find_map(|line| line.strip_prefix("#+ fallback = "));
    let fallback = fallback.map(|text| text.parse::<toml::Value>().unwrap().try_into().unwrap());
    let created = table.lines().find_map(|line| line.strip_prefix("# created at ")).unwrap();
    let lines = table.lines().filter(|line| !line.starts_with('#')).skip(1);
    let rows = lines.map(|line| line.split(',').map(str::to_owned).collect()).collect();
    Run { name, profile, fallback, created: seconds(created), rows }
}

fn seconds(text: &str) -> Duration {
    Duration::from_secs_f64(text.parse().unwrap())
}

/// Value of each trigger; an empty cell is one that could not be read.
fn counts(settings: &Settings, cells: &[String]) -> Vec<Option<f64>> {
    cells.iter().take(settings.triggers.len()).map(|cell| cell.parse().ok()).collect()
}

/// Number of steps in which the model decides otherwise.
fn parted(Run { name, profile, fallback, created, rows }: &Run) -> usize {
    let settings = profile.scaler_settings("w");
    let settings = Settings { fallback: fallback.map(Into::into).or(settings.fallback), ..settings };
    let jobs = (profile.scale.kind() == ScaleKind::ScaledJob).then(|| profile.job_settings());
    let mut scaler = Scaler::new(settings.clone(), *created);
    let mut parted = 0;
    for row in rows {
        let (said, recorded, reason) = if let Some(jobs) = &jobs {
            let [_, running, pending, cells @ .., recorded] = &row[..] else { panic!("{name}: {row:?}") };
            let unfinished = Unfinished { running: running.parse().unwrap(), pending: pending.parse().unwrap() };
            let created = jobs.poll(&settings, &counts(&settings, cells), unfinished);
            (created.jobs, recorded, created.to_string())
        } else {
            let [time, by, spec, status, cells @ .., recorded] = &row[..] else { panic!("{name}: {row:?}") };
            let reading = match cells[0].as_str() {
                "away" => Reading::NotBuilt,
                _ => Reading::Read(counts(&settings, cells)),
            };
            let (time, spec) = (seconds(time), spec.parse().unwrap());
            let decision = match by.as_str() {
                "hpa" => scaler.sync(time, Scale { spec, ..Scale::of(status.parse().unwrap()) }, &reading),
                _ => scaler.poll(time, spec, &reading),
            };
            (decision.replicas, recorded, decision.reason.to_string())
        };
        if said.to_string() != *recorded {
            parted += 1;
            println!("{name} {}: {said} by the model: {reason}", row.join(","));
        }
    }
    println!("{name}: {} of {} looks the same", rows.len() - parted, rows.len());
    parted
}

#[test]
fn decisions_are_reproduced() {
    let runs = runs();
    let looks: usize = runs.iter().map(|run| run.rows.len()).sum();
    let parted: usize = runs.iter().map(parted).sum();
    println!("{} runs: {} of {looks} looks the same", runs.len(), looks - parted);
    assert!(runs.len() > 40 && looks > 2_000, "{} runs, {looks} looks", runs.len());
    assert_eq!(parted, 0, "of {looks} looks");
}
