//! Files that a run leaves: a recording of its samples, and pictures of its charts.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use color_eyre::eyre::{Result, WrapErr as _};
use tokio::sync::watch;

use super::chart::{Chart, html};
use super::dashboard::BoardState;
use crate::sample::Sample;
use crate::units::saturating_seconds;

/// Files that a run leaves.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct RunFiles {
    /// Write the samples to a file too, as JSON lines for `watch --replay` and `simulate --against`
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,

    /// Write the charts to a file at the end, as an SVG image
    #[arg(long, value_name = "FILE", value_parser = svg_file)]
    svg: Option<PathBuf>,

    /// Write the charts and all scaling events to a file at the end, as an HTML page that needs no network
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Keeps what the files of a run will hold.
#[derive(Debug)]
pub(super) struct Keeper {
    recording: Option<OpenFile>,
    svg: Option<OpenFile>,
    html: Option<OpenFile>,
    board: BoardState,
    /// Time of the last sample, on the clock that is shown.
    at: Duration,
    /// Page that shows the state.
    page: Option<watch::Sender<Arc<str>>>,
    /// Time of the first sample.
    start: Option<SystemTime>,
}

/// A file that is open for writing.
#[derive(Debug)]
struct OpenFile {
    path: PathBuf,
    file: File,
}

impl Keeper {
    /// Opens the files, so that one that cannot be written is known at the start; pictures that are there stay until the end.
    ///
    /// # Errors
    ///
    /// Fails when a file cannot be opened.
    pub(super) fn open(files: &RunFiles, board: BoardState) -> Result<Self> {
        let open = |path: &Option<PathBuf>| path.as_deref().map(OpenFile::open).transpose();
        let recording = open(&files.record)?;
        if let Some(recording) = &recording {
            recording.clear()?;
        }
        let (svg, html) = (open(&files.svg)?, open(&files.html)?);
        Ok(Self { recording, svg, html, board, at: Duration::ZERO, page: None, start: None })
    }

    /// Adds a sample.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be recorded.
    pub(super) fn add(&mut self, sample: &Sample) -> Result<()> {
        if let Some(recording) = &mut self.recording {
            let line = format!("{}\n", serde_json::to_string(sample)?);
            // Whole lines, unbuffered: what was recorded is there however the run ends.
            recording.file.write_all(line.as_bytes()).wrap_err_with(|| recording.failure())?;
        }
        let since = sample.time.duration_since(*self.start.get_or_insert(sample.time)).unwrap_or_default();
        self.at = self.at.max(saturating_seconds(since.as_secs_f64() * sample.speed.unwrap_or(1.0)));
        self.board.take(self.at, sample);
        self.publish(false)
    }

    /// Shows the state on a page from now on.
    pub(super) fn serve(&mut self, page: watch::Sender<Arc<str>>) {
        self.page = Some(page);
    }

    /// Returns true if a page shows the state.
    pub(super) fn is_served(&self) -> bool {
        self.page.is_some()
    }

    fn publish(&self, over: bool) -> Result<()> {
        if let Some(page) = &self.page {
            page.send_replace(self.board.live(self.at, over)?.into());
        }
        Ok(())
    }

    /// Writes the pictures; of a run without samples, there are none.
    ///
    /// # Errors
    ///
    /// Fails when a picture cannot be written.
    pub(super) fn finish(self) -> Result<()> {
        self.publish(true)?;
        let charts: Vec<Chart> = self.board.charts();
        let Some(first) = charts.first() else { return Ok(()) };
        self.svg.map(|file| file.replace(&first.svg())).transpose()?;
        self.html.map(|file| file.replace(&html(&charts))).transpose()?;
        Ok(())
    }
}

impl OpenFile {
    fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().create(true).write(true).truncate(false).open(path);
        let file = file.wrap_err_with(|| format!("cannot write `{}`", path.display()))?;
        Ok(Self { path: path.to_owned(), file })
    }

    fn failure(&self) -> String {
        format!("cannot write `{}`", self.path.display())
    }

    fn clear(&self) -> Result<()> {
        // A device or pipe has no length.
        let cleared = self.file.metadata().and_then(|data| if data.is_file() { self.file.set_len(0) } else { Ok(()) });
        cleared.wrap_err_with(|| self.failure())
    }

    /// Replaces the content.
    fn replace(mut self, text: &str) -> Result<()> {
        self.clear()?;
        self.file.write_all(text.as_bytes()).wrap_err_with(|| self.failure())
    }
}

/// Reads the name of an SVG image.
pub(crate) fn svg_file(text: &str) -> Result<PathBuf, String> {
    /// Extensions of images that are not SVG.
    const IMAGE_FORMATS: [&str; 7] = ["png", "jpg", "jpeg", "gif", "webp", "pdf", "bmp"];
    let path = PathBuf::from(text);
    match path.extension().and_then(|extension| extension.to_str()) {
        Some(other) if IMAGE_FORMATS.contains(&other.to_ascii_lowercase().as_str()) => {
            Err(format!("writes SVG, not {other}: name the file `{}`", path.with_extension("svg").display()))
        }
        _ => Ok(path),
    }
}
