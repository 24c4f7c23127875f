//! Files that a run leaves: a recording of its samples, and pictures of its charts.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::Result;
use tokio::sync::watch;

use super::CastFrames;
use super::board::{KeySet, SharedBoard};
use super::chart::{Chart, html};
use super::image::{ImageFile, image_file};
use super::output_file::OutputFile;
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
    recording: Option<OutputFile>,
    image: Option<(OutputFile, ImageFile)>,
    html: Option<OutputFile>,
    cast: Option<(OutputFile, CastFrames)>,
    board: SharedBoard,
    /// Page that shows the state.
    page: Option<watch::Sender<Arc<str>>>,
}

impl Keeper {
    /// Opens the files, so that one that cannot be written is known at the start; pictures that are there stay until the end.
    ///
    /// # Errors
    ///
    /// Fails when a file cannot be opened.
    pub(super) fn open(files: &RunFiles, board: SharedBoard, keys: KeySet, waiting: &PipeWait) -> Result<Self> {
        let open = |path: &Option<PathBuf>| path.as_deref().map(|path| OutputFile::open(path, waiting)).transpose();
        let mut recording = open(&files.record)?;
        recording.as_mut().map(OutputFile::clear).transpose()?;
        let html = open(&files.html)?;
        let image = match &files.svg {
            None => None,
            Some(image) => Some((OutputFile::open(image.path(), waiting)?, image.clone())),
        };
        let cast = match &files.cast {
            None => None,
            Some(path) => {
                let (frames, mut file) = (CastFrames::new(keys)?, OutputFile::open(path, waiting)?);
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
