//! The screen of the dashboard: entered and left once, however the program ends, and drawn by a thread of its own.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::queue;
use ratatui::crossterm::style::ResetColor;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};

use crate::terminal::stderr;

/// Time to wait for a terminal that does not take the last frame.
const LAST_FRAME: Duration = Duration::from_secs(1);

/// Pause between two checks whether the last frame was taken.
const PAUSE: Duration = Duration::from_millis(2);

/// The alternate screen of the terminal on stdout. However the program ends, it calls [`leave`](Self::leave).
#[derive(Debug, Default)]
pub(super) struct Fullscreen {
    /// True while the alternate screen is shown.
    up: AtomicBool,
    /// True while a frame is being written.
    busy: AtomicBool,
    /// True once the terminal is gone.
    closed: AtomicBool,
}

/// Frames on their way to the terminal: at most one, so that a slow terminal gets fewer and delays nothing else.
#[derive(Debug)]
pub(super) struct Frames {
    screen: Arc<Fullscreen>,
    queue: mpsc::SyncSender<Vec<u8>>,
}

impl Fullscreen {
    /// Shows the alternate screen, and passes on keys as they are typed.
    ///
    /// # Errors
    ///
    /// Fails where the process has no terminal to control, or when it is gone.
    pub(super) fn enter(&self) -> io::Result<()> {
        enable_raw_mode()?;
        self.up.store(true, SeqCst);
        let entered = queued(|bytes| queue!(bytes, EnterAlternateScreen, Hide)).and_then(|bytes| write(&bytes));
        if entered.is_err() {
            self.leave();
        }
        entered
    }

    /// Returns to the normal screen; does nothing if that is shown already.
    pub(super) fn leave(&self) {
        if !self.up.swap(false, SeqCst) {
            return;
        }
        let start = Instant::now();
        while self.busy.load(SeqCst) && start.elapsed() < LAST_FRAME {
            thread::sleep(PAUSE);
        }
        // A terminal that takes no frame would take this neither, and delay the end.
        if !self.busy.load(SeqCst) {
            let left = queued(|bytes| queue!(bytes, ResetColor, LeaveAlternateScreen, Show));
            let _ = left.and_then(|bytes| write(&bytes));
        }
        let _ = disable_raw_mode();
    }

    /// Returns true while the alternate screen is shown.
    pub(super) fn is_up(&self) -> bool {
        self.up.load(SeqCst)
    }

    /// Returns true once the terminal is gone.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(SeqCst)
    }

    /// Returns true while a frame waits for the terminal.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(SeqCst)
    }

    fn draw(&self, frame: &[u8]) {
        // After a panic the shell has the terminal, and nothing may be drawn over it.
        if self.is_up() && write(frame).is_err() {
            self.closed.store(true, SeqCst);
        }
        self.busy.store(false, SeqCst);
    }
}

impl Frames {
    /// Starts the thread that draws on `screen`.
    ///
    /// # Errors
    ///
    /// Fails when no thread can be started.
    pub(super) fn start(screen: Arc<Fullscreen>) -> io::Result<Self> {
        let (queue, frames) = mpsc::sync_channel::<Vec<u8>>(1);
        let drawn = Arc::clone(&screen);
        let draw = move || frames.iter().for_each(|frame| drawn.draw(&frame));
        thread::Builder::new().name("frames".to_owned()).spawn(draw)?;
        Ok(Self { screen, queue })
    }

    /// Draws a frame in the background. Call it only when the screen is not busy.
    pub(super) fn draw(&self, frame: Vec<u8>) {
        self.screen.busy.store(true, SeqCst);
        if self.queue.try_send(frame).is_err() {
            self.screen.busy.store(false, SeqCst);
        }
    }
}

fn queued(add: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    add(&mut bytes)?;
    Ok(bytes)
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    stderr::write_all(&mut out, bytes)?;
    out.flush()
}
