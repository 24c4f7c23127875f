//! Frames as bytes: drawn in memory, and sent to the terminal only if it has taken the last one.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::TerminalOptions;
use ratatui::Viewport;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::queue;
use ratatui::crossterm::style::force_color_output;
use ratatui::crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use ratatui::layout::Rect;

use super::fullscreen::{Frames, Fullscreen};
use super::layout;
use super::theme::Theme;
use super::view::ViewSettings;
use crate::terminal::board::BoardState;

/// Size of a terminal that does not tell.
const USUAL: (u16, u16) = (80, 24);

/// Draws frames on the screen.
pub(super) struct Canvas {
    screen: Arc<Fullscreen>,
    frames: Frames,
    painter: Painter,
    memory: Memory,
}

/// Draws frames in memory: of each only what differs from the last one.
pub(super) struct Painter {
    terminal: Terminal<CrosstermBackend<Memory>>,
    memory: Memory,
    /// Size of the last frame; empty before the first one.
    area: Rect,
    theme: Theme,
}

/// Bytes of a frame.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(Arc<Mutex<Vec<u8>>>);

impl Canvas {
    /// Enters the screen.
    ///
    /// # Errors
    ///
    /// Fails where the process has no terminal to control.
    pub(super) fn open(screen: &Arc<Fullscreen>) -> io::Result<Self> {
        let is_colored = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        if is_colored {
            // The library has rules of its own, and does not know `--color`.
            force_color_output(true);
        }
        let memory = Memory::default();
        let painter = Painter::new(memory.clone(), size(), Theme::new(is_colored, is_ascii()))?;
        let frames = Frames::start(Arc::clone(screen))?;
        screen.enter()?;
        Ok(Self { screen: Arc::clone(screen), frames, painter, memory })
    }

    /// Draws a frame, unless the terminal has not taken the last one.
    ///
    /// # Errors
    ///
    /// Fails when the terminal is gone.
    pub(super) fn draw(&mut self, state: &BoardState, view: &ViewSettings, now: Duration) -> io::Result<()> {
        if self.screen.is_closed() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if self.screen.is_busy() || !self.screen.is_up() {
            return Ok(());
        }
        queue!(self.memory, BeginSynchronizedUpdate)?;
        self.painter.draw(size(), (state, view), now)?;
        queue!(self.memory, EndSynchronizedUpdate)?;
        self.frames.draw(self.memory.take());
        Ok(())
    }

    /// Gives the terminal to another program.
    pub(super) fn leave(&self) {
        self.screen.leave();
    }

    /// Takes the terminal again, and draws all of the next frame.
    ///
    /// # Errors
    ///
    /// Fails when the terminal is gone.
    pub(super) fn enter(&mut self) -> io::Result<()> {
        self.painter.area = Rect::ZERO;
        self.screen.enter()
    }
}

impl Painter {
    /// Creates what draws in `memory`, for frames of the size `area` to begin with.
    pub(super) fn new(memory: Memory, area: Rect, theme: Theme) -> io::Result<Self> {
        let options = TerminalOptions { viewport: Viewport::Fixed(area) };
        let terminal = Terminal::with_options(CrosstermBackend::new(memory.clone()), options)?;
        Ok(Self { terminal, memory, area: Rect::ZERO, theme })
    }

    /// Draws a frame of the size `area`.
    pub(super) fn draw(
        &mut self,
        area: Rect,
        (state, view): (&BoardState, &ViewSettings),
        now: Duration,
    ) -> io::Result<()> {
        if area != self.area {
            queue!(self.memory, Clear(ClearType::All))?;
            self.terminal.resize(area)?;
            self.area = area;
        }
        let theme = self.theme;
        self.terminal.draw(|frame| layout::draw(frame, state, view, now, theme))?;
        Ok(())
    }
}

impl Memory {
    pub(super) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn size() -> Rect {
    let size = terminal_size::terminal_size_of(io::stdout()).map(|(width, height)| (width.0, height.0));
    // A terminal may say that it has no size at all.
    let (width, height) = size.filter(|(width, height)| *width > 0 && *height > 0).unwrap_or(USUAL);
    Rect::new(0, 0, width, height)
}

/// Returns true for a terminal that only draws ASCII.
pub(super) fn is_ascii() -> bool {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    let is_utf8 = locale.is_none_or(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    !is_utf8 || set("TERM").is_some_and(|term| term == "linux")
}
