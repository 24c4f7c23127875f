//! The dashboard: one full screen for runs that are watched, demonstrated or played.

mod canvas;
mod charts;
mod digits;
mod finale;
mod help;
mod history;
mod keys;
mod layout;
mod live;
mod numbers;
mod paint;
mod reasons;
mod state;
mod tables;
mod task;
mod theme;
mod view;
mod words;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use color_eyre::eyre::{Result, bail};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use self::canvas::Canvas;
use self::task::DrawTask;
use self::view::ViewSettings;
use super::columns::terminal_width;
use super::printer::Printer;
use crate::sample::Sample;

pub(super) use self::state::BoardState;
pub(crate) use self::view::KeySet;

/// Actions that may wait for the command.
const ACTIONS: usize = 16;

/// Content of a dashboard.
#[derive(Debug, Clone)]
pub(crate) struct DashboardSetup {
    /// The command and its subject.
    pub(crate) title: String,
    pub(crate) lists: Vec<String>,
    /// Time between two samples.
    pub(crate) every: Duration,
    /// Factor by which the clock that is shown is faster than the real one.
    pub(crate) speed: f64,
    pub(crate) keys: KeySet,
}

/// An action that a key has asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunAction {
    /// More load.
    More,
    /// Less load.
    Less,
    /// Many items at once.
    Burst,
    /// End a consumer with SIGKILL.
    Kill,
    /// Pause the producer, or let it go on.
    Producer,
}

/// The dashboard on the terminal; dropping it returns to the normal screen.
pub(crate) struct Dashboard {
    printer: Printer,
    shared: Arc<SharedBoard>,
    actions: mpsc::Receiver<RunAction>,
    task: AbortOnDropHandle<io::Result<()>>,
}

/// State shared by the command and the task that draws.
#[derive(Debug)]
struct SharedBoard {
    board: Mutex<Board>,
    changed: Notify,
    start: Instant,
    speed: f64,
}

/// State of the dashboard, and its selection that is shown.
#[derive(Debug)]
struct Board {
    state: BoardState,
    view: ViewSettings,
}

impl Dashboard {
    /// Opens the dashboard; `None` where stdout is no terminal that takes one.
    pub(crate) fn open(printer: &Printer, setup: &DashboardSetup) -> Option<Self> {
        if !printer.takes_dashboard() {
            return None;
        }
        let canvas = match Canvas::open(printer.screen()) {
            Ok(canvas) => canvas,
            Err(error) => {
                tracing::debug!(%error, "cannot draw the dashboard, writing lines");
                return None;
            }
        };
        printer.log_tail().open();
        let DashboardSetup { title, lists, every, speed, keys } = setup.clone();
        let title = printer.filter().line(&title);
        let mut state = BoardState::new(title, &lists, every.mul_f64(speed), speed);
        for list in &mut state.lists {
            list.title = printer.filter().line(&list.name);
        }
        let view = ViewSettings { is_finite: keys != KeySet::Watch, keys, ..ViewSettings::default() };
        let board = Mutex::new(Board { state, view });
        let shared = Arc::new(SharedBoard { board, changed: Notify::new(), start: Instant::now(), speed });
        let (sender, actions) = mpsc::channel(ACTIONS);
        let task = DrawTask::new(canvas, Arc::clone(&shared), printer.clone(), sender);
        let task = AbortOnDropHandle::new(tokio::spawn(task.run()));
        Some(Self { printer: printer.clone(), shared, actions, task })
    }

    /// Shows a sample.
    ///
    /// # Errors
    ///
    /// Fails when the terminal is gone.
    pub(crate) fn show(&mut self, sample: &Sample) -> Result<()> {
        self.shared.board().state.take(self.shared.now(), sample);
        self.shared.changed.notify_one();
        if self.printer.screen().is_closed() {
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

    /// Shows the state of the run in the title.
    pub(crate) fn notice(&self, notice: Option<String>) {
        self.shared.board().state.notice = notice;
    }

    /// Shows why the pods of a list cannot be read.
    pub(crate) fn pods_fault(&self, list: &str, fault: Option<String>) {
        if let Some(list) = self.shared.board().state.lists.iter_mut().find(|known| known.name == list) {
            list.pods_fault = fault.map(|fault| self.printer.filter().line(&fault));
        }
    }

    /// Returns to the normal screen, and leaves the charts of the run there.
    pub(crate) fn finish(self) {
        self.task.abort();
        self.printer.leave_dashboard();
        let picture = {
            let board = self.shared.board();
            finale::picture(&board.state, board.view.chosen, terminal_width())
        };
        if let Some(picture) = picture {
            // A terminal that is gone keeps nothing, and the run has ended anyway.
            let _ = self.printer.result(&picture.trim_end());
        }
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        self.printer.leave_dashboard();
    }
}

impl SharedBoard {
    /// Returns the time on the clock that is shown.
    fn now(&self) -> Duration {
        self.start.elapsed().mul_f64(self.speed)
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
