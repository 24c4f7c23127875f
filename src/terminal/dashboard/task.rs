//! The task that draws the dashboard and follows its keys.

use std::io;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::SharedView;
use super::canvas::Canvas;
use super::keys::{Keyboard, Pressed};
use super::view::{LogLine, ViewSettings};
use crate::terminal::board::{BoardState, KeySet, RunAction, SharedBoard};
use crate::terminal::printer::Printer;
use crate::terminal::tail::TailLine;

/// Time between two frames while nothing happens: seconds are counted down.
const FRAME: Duration = Duration::from_millis(250);

/// Time for which a line of the log is shown.
const SHOWN: Duration = Duration::from_secs(12);

/// Time for which no later line takes the place of a warning. What follows may be its end, such as a connection that is back.
const HEEDED: Duration = Duration::from_secs(4);

/// Draws frames until it is dropped.
pub(super) struct DrawTask {
    canvas: Canvas,
    shared: SharedBoard,
    view: SharedView,
    printer: Printer,
    actions: mpsc::Sender<RunAction>,
    /// The state when the picture was paused, and the time of it.
    paused: Option<(BoardState, Duration)>,
}

impl DrawTask {
    pub(super) fn new(
        canvas: Canvas,
        shared: SharedBoard,
        view: SharedView,
        printer: Printer,
        actions: mpsc::Sender<RunAction>,
    ) -> Self {
        Self { canvas, shared, view, printer, actions, paused: None }
    }

    /// Draws at every sample, at every key, and several times per second.
    ///
    /// # Errors
    ///
    /// Fails when the terminal is gone.
    pub(super) async fn run(mut self) -> io::Result<()> {
        let mut keyboard = Keyboard::start();
        let mut frames = interval(FRAME);
        frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = frames.tick() => {}
                () = self.shared.changed() => {}
                key = keyboard.next() => {
                    self.press(key)?;
                    while let Some(key) = keyboard.waiting() {
                        self.press(key)?;
                    }
                }
            }
            self.draw()?;
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let mut view = self.view.get();
        view.message = message(&self.printer.log_tail().last(10));
        if let Some((state, now)) = &self.paused {
            self.canvas.draw(state, &view, *now)
        } else {
            let now = self.shared.now();
            self.canvas.draw(&self.shared.board().state, &view, now)
        }
    }

    fn press(&mut self, key: Pressed) -> io::Result<()> {
        let now = self.shared.now();
        match key {
            // As any other program would be told.
            Pressed::Quit => drop(kill_process(getpid(), Signal::INT)),
            Pressed::Interrupt => drop(kill_current_process_group(Signal::INT)),
            Pressed::Suspend => self.suspend()?,
            Pressed::Plus => self.ask(RunAction::More),
            Pressed::Minus => self.ask(RunAction::Less),
            Pressed::Burst => self.ask(RunAction::Burst),
            Pressed::Kill => self.ask(RunAction::Kill),
            Pressed::Producer => self.ask(RunAction::Producer),
            Pressed::Pause => {
                let mut view = self.view.get();
                view.is_paused = !view.is_paused;
                self.paused = view.is_paused.then(|| (self.shared.board().state.clone(), now));
            }
            key => {
                let lists = self.shared.board().state.lists.len();
                change(&mut self.view.get(), key, now, lists);
            }
        }
        Ok(())
    }

    /// Asks the command for an action, if this run has any.
    fn ask(&self, action: RunAction) {
        if self.view.get().keys == KeySet::Demo {
            // A command that is busy does not get more than it can follow.
            let _ = self.actions.try_send(action);
        }
    }

    /// Gives the terminal back to the shell until the job is continued.
    fn suspend(&mut self) -> io::Result<()> {
        self.canvas.leave();
        let _ = kill_current_process_group(Signal::TSTP);
        self.canvas.enter()
    }
}

/// Changes the view as `key` says, for a run of `elapsed` with so many `lists`.
fn change(view: &mut ViewSettings, key: Pressed, elapsed: Duration, lists: usize) {
    match key {
        Pressed::Help => view.shows_help = !view.shows_help,
        Pressed::Shorter => view.change_span(elapsed, false),
        Pressed::Longer => view.change_span(elapsed, true),
        Pressed::Automatic => view.reset_span(),
        Pressed::Zoom => view.zoom = view.zoom.next(),
        Pressed::Log => view.is_log = !view.is_log,
        Pressed::NextList => view.chosen = (view.chosen + 1) % lists.max(1),
        _ => {}
    }
}

/// Returns the last of some lines of the log, if it is recent; a warning is not covered at once by what follows it.
fn message(lines: &[TailLine]) -> Option<LogLine> {
    let recent = || lines.iter().rev().filter(|line| line.at.elapsed() < SHOWN);
    let heeded = |line: &&TailLine| line.is_warning() && line.at.elapsed() < HEEDED;
    let line = recent().find(heeded).or_else(|| recent().next())?;
    Some(LogLine { text: line.text(), is_warning: line.is_warning() })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tracing::Level;

    use super::*;
    use crate::terminal::tail::LogTail;

    #[test]
    fn warning_gives_way_to_its_end_after_some_seconds() {
        let tail = LogTail::default();
        tail.open();
        tail.keep(Level::WARN, b"lost connection\n");
        tail.keep(Level::INFO, b"reconnected\n");
        let shown = |seconds| {
            let mut lines = tail.last(10);
            for line in &mut lines {
                line.at = Instant::now().checked_sub(Duration::from_secs(seconds)).expect("the machine runs longer");
            }
            message(&lines).map(|line| line.text)
        };
        assert_eq!([0, 5, 13].map(shown), [Some("lost connection".to_owned()), Some("reconnected".to_owned()), None]);
    }
}
