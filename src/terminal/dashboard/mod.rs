//! The dashboard: one full screen for runs that are watched, demonstrated or played.

mod canvas;
mod cast;
mod charts;
mod digits;
mod fullscreen;
mod help;
mod keys;
mod layout;
mod numbers;
mod paint;
mod reasons;
mod tables;
mod task;
mod theme;
mod view;
mod words;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use color_eyre::eyre::{Result, bail};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use self::canvas::Canvas;
use self::fullscreen::Fullscreen;
use self::task::DrawTask;
use self::theme::Theme;
use self::view::ViewSettings;
use super::columns::terminal_width;
use super::printer::Printer;
use crate::terminal::board::{KeySet, RunAction, SharedBoard, picture};

pub(super) use self::cast::CastFrames;

/// Actions that may wait for the command.
const ACTIONS: usize = 16;

/// The dashboard on the terminal; dropping it returns to the normal screen.
pub(crate) struct Dashboard {
    printer: Printer,
    screen: Arc<Fullscreen>,
    shared: SharedBoard,
    view: SharedView,
    actions: mpsc::Receiver<RunAction>,
    task: AbortOnDropHandle<io::Result<()>>,
}

/// The selection that is shown: set by keys, read at the end.
#[derive(Debug, Clone)]
struct SharedView(Arc<Mutex<ViewSettings>>);

impl SharedView {
    fn get(&self) -> MutexGuard<'_, ViewSettings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Dashboard {
    /// Opens the dashboard of a board; `None` where stdout is no terminal that takes one.
    pub(super) fn open(printer: &Printer, shared: &SharedBoard, keys: KeySet) -> Option<Self> {
        if !printer.takes_dashboard() {
            return None;
        }
        // Log lines so far stand before the dashboard, not on it.
        printer.flush();
        let screen = Arc::<Fullscreen>::default();
        let canvas = match Canvas::open(&screen) {
            Ok(canvas) => canvas,
            Err(error) => {
                tracing::debug!(%error, "cannot draw the dashboard, writing lines");
                return None;
            }
        };
        let left = Arc::clone(&screen);
        printer.dashboard_opened(move || left.leave());
        let view = ViewSettings { is_finite: keys != KeySet::Watch, keys, ..ViewSettings::default() };
        let (shared, view) = (shared.clone(), SharedView(Arc::new(Mutex::new(view))));
        let (sender, actions) = mpsc::channel(ACTIONS);
        let task = DrawTask::new(canvas, shared.clone(), view.clone(), printer.clone(), sender);
        let task = AbortOnDropHandle::new(tokio::spawn(task.run()));
        Some(Self { printer: printer.clone(), screen, shared, view, actions, task })
    }

    /// Checks that what the board has is drawn.
    ///
    /// # Errors
    ///
    /// Fails when the terminal is gone.
    pub(crate) fn check(&self) -> Result<()> {
        if self.screen.is_closed() {
            return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
        }
        if self.task.is_finished() {
            bail!("the dashboard has ended");
        }
        Ok(())
    }

    /// Waits for the next action. Cancel-safe.
    pub(crate) async fn action(&mut self) -> RunAction {
        match self.actions.recv().await {
            Some(action) => action,
            None => std::future::pending().await,
        }
    }

    /// Returns to the normal screen, and leaves the charts of the run there.
    pub(crate) fn finish(self) {
        self.task.abort();
        self.printer.leave_dashboard();
        let chosen = self.view.get().chosen;
        let picture = picture(&self.shared.board().state, chosen, terminal_width());
        if let Some(picture) = picture {
            let picture = Theme::new(true, canvas::is_ascii()).text(picture.trim_end());
            // A terminal that is gone keeps nothing, and the run has ended anyway.
            let _ = self.printer.result(&picture);
        }
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        self.printer.leave_dashboard();
    }
}

#[cfg(test)]
mod tests;
