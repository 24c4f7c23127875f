//! The board that a run has one of: what its samples have shown, for the screen, the page, and the files that it leaves.

mod finale;
mod history;
mod live;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::OutputFilter;
use crate::sample::Sample;
use crate::units::saturating_seconds;

pub(super) use self::state::BoardState;
#[cfg(feature = "dashboard")]
pub(super) use self::{
    finale::{in_words, picture},
    history::Quantity,
    state::{Latest, ListState, ReplicaChange},
};

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

/// Keys that work, apart from those of the view.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum KeySet {
    /// Of a run that is only watched.
    #[default]
    Watch,
    /// Of a demo, whose load and consumers are under control as well.
    Demo,
    /// Of a run that is over, and is played.
    Play,
    /// None at all, in a file.
    None,
}

/// Board shared by the command and the task that draws.
#[derive(Debug, Clone)]
pub(super) struct SharedBoard {
    board: Arc<Mutex<Board>>,
    changed: Arc<Notify>,
    speed: f64,
}

/// The state, and its clock: that of the samples.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) state: BoardState,
    /// Time of the last sample, on the clock that is shown.
    pub(super) at: Duration,
    /// Moment at which it came, or the board was made.
    moment: Instant,
    /// Time of the last sample, as it says.
    last: Option<SystemTime>,
}

impl SharedBoard {
    pub(super) fn new(setup: &DashboardSetup, filter: &OutputFilter) -> Self {
        let DashboardSetup { title, lists, every, speed, .. } = setup;
        let mut state = BoardState::new(filter.line(title), lists, every.mul_f64(*speed), *speed);
        for list in &mut state.lists {
            list.title = filter.line(&list.name);
        }
        let board = Board { state, at: Duration::ZERO, moment: Instant::now(), last: None };
        Self { board: Arc::new(Mutex::new(board)), changed: Arc::default(), speed: *speed }
    }

    /// Takes a sample, and returns its time on the clock that is shown.
    pub(super) fn take(&self, sample: &Sample) -> Duration {
        let mut board = self.board();
        // A clock that was set back goes on from the last sample.
        let step =
            sample.time.duration_since(board.last.replace(sample.time).unwrap_or(sample.time)).unwrap_or_default();
        let at = board.at.saturating_add(saturating_seconds(step.as_secs_f64() * sample.speed.unwrap_or(1.0)));
        (board.at, board.moment) = (at, Instant::now());
        board.state.take(at, sample);
        drop(board);
        self.changed.notify_one();
        at
    }

    /// Returns the time on the clock that is shown: it goes on from the last sample, or from the start.
    pub(super) fn now(&self) -> Duration {
        let board = self.board();
        board.at + board.moment.elapsed().mul_f64(self.speed)
    }

    /// Waits for the next sample. Cancel-safe.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(super) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_that_is_set_back_does_not_stop_the_board() {
        let setup = DashboardSetup {
            title: "watch".to_owned(),
            lists: vec!["mylist".to_owned()],
            every: Duration::from_secs(1),
            speed: 1.0,
            keys: KeySet::Watch,
        };
        let board = SharedBoard::new(&setup, &OutputFilter::default());
        let mut take = |second| {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
            board.take(&Sample::new(time, "mylist", 1, None, None)).as_secs()
        };
        assert_eq!([5_000, 5_001, 1_400, 1_401, 1_403].map(&mut take), [0, 1, 1, 2, 4]);
    }
}
