//! Files that a run leaves: a recording of its samples, and pictures of its charts.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr as _};
use tokio::sync::watch;

use super::CastFrames;
use super::board::{KeySet, SharedBoard};
use super::chart::{Chart, html};
use super::image::{ImageFile, image_file};
use super::printer::PipeWait;
use crate::sample::Sample;

/// Files that a run leaves.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct RunFiles {
    /// Write the samples to a file too, as JSON lines for `watch --replay` and `simulate --against`
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,

    /// Write the charts to a file at the end, as an SVG image, or PNG where its name ends in .png
    #[arg(long, value_name = "FILE", value_parser = image_file, hide_short_help = true)]
    svg: Option<ImageFile>,

    /// Write the charts and all scaling events to a file at the end, as an HTML page that needs no network
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Write the dashboard to a file, as an asciicast of 100×28 characters for `asciinema play`
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    cast: Option<PathBuf>,
}

impl RunFiles {
    /// Returns the files of a run that leaves an asciicast at most.
    pub(crate) fn of_cast(cast: Option<PathBuf>) -> Self {
        Self { cast, ..Self::default() }
    }
}

/// Keeps what the files of a run will hold.
pub(super) struct Keeper {
    recording: Option<OpenFile>,
    image: Option<(OpenFile, ImageFile)>,
    html: Option<OpenFile>,
    cast: Option<(OpenFile, CastFrames)>,
    board: SharedBoard,
    /// Page that shows the state.
    page: Option<watch::Sender<Arc<str>>>,
}

/// A file that is open for writing.
#[derive(Debug)]
struct OpenFile {
    path: PathBuf,
    file: File,
    waiting: PipeWait,
}

impl Keeper {
    /// Opens the files, so that one that cannot be written is known at the start; pictures that are there stay until the end.
    ///
    /// # Errors
    ///
    /// Fails when a file cannot be opened.
    pub(super) fn open(files: &RunFiles, board: SharedBoard, keys: KeySet, waiting: &PipeWait) -> Result<Self> {
        let open = |path: &Option<PathBuf>| path.as_deref().map(|path| OpenFile::open(path, waiting)).transpose();
        let recording = open(&files.record)?;
        if let Some(recording) = &recording {
            recording.clear()?;
        }
        let html = open(&files.html)?;
        let image = match &files.svg {
            None => None,
            Some(image) => Some((OpenFile::open(image.path(), waiting)?, image.clone())),
        };
        let cast = match &files.cast {
            None => None,
            Some(path) => {
                let (frames, mut file) = (CastFrames::new(keys)?, OpenFile::open(path, waiting)?);
                file.clear()?;
                file.add(&CastFrames::header(&board))?;
                Some((file, frames))
            }
        };
        Ok(Self { recording, image, html, cast, board, page: None })
    }

    /// Adds a sample, which the board has taken `at` this time on the clock that is shown.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be recorded.
    pub(super) fn add(&mut self, sample: &Sample, at: Duration) -> Result<()> {
        if let Some(recording) = &mut self.recording {
            recording.add(&format!("{}\n", serde_json::to_string(sample)?))?;
        }
        if let Some((file, frames)) = &mut self.cast {
            file.add(&frames.draw(&self.board, at)?)?;
        }
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
            let board = self.board.board();
            page.send_replace(board.state.live(board.at, over)?.into());
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
        let charts: Vec<Chart> = self.board.board().state.charts();
        let Some(first) = charts.first() else { return Ok(()) };
        if let Some((file, image)) = self.image {
            file.replace(&image.draw(first)?)?;
        }
        self.html.map(|file| file.replace(html(&charts).as_bytes())).transpose()?;
        Ok(())
    }
}

impl OpenFile {
    fn open(path: &Path, waiting: &PipeWait) -> Result<Self> {
        let file = waiting.during(|| OpenOptions::new().create(true).write(true).truncate(false).open(path));
        let file = file.wrap_err_with(|| format!("cannot write `{}`", path.display()))?;
        Ok(Self { path: path.to_owned(), file, waiting: waiting.clone() })
    }

    fn failure(&self) -> String {
        format!("cannot write `{}`", self.path.display())
    }

    fn clear(&self) -> Result<()> {
        // A device or pipe has no length.
        let cleared = self.file.metadata().and_then(|data| if data.is_file() { self.file.set_len(0) } else { Ok(()) });
        cleared.wrap_err_with(|| self.failure())
    }

    /// Adds whole lines, unbuffered: what was written is there however the run ends.
    fn add(&mut self, lines: &str) -> Result<()> {
        let Self { file, waiting, .. } = self;
        waiting.during(|| file.write_all(lines.as_bytes())).wrap_err_with(|| self.failure())
    }

    /// Replaces the content.
    fn replace(mut self, content: &[u8]) -> Result<()> {
        self.clear()?;
        let Self { file, waiting, .. } = &mut self;
        waiting.during(|| file.write_all(content)).wrap_err_with(|| self.failure())
    }
}
