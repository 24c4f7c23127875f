//! The drawing of progress bars, through the writer of stderr.

use std::io;
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressDrawTarget, TermLike};
use terminal_size::{Height, Width, terminal_size_of};

use super::stderr::Stderr;

/// Maximum number of drawings per second.
const RATE: u8 = 20;

/// A terminal on stderr; each drawing is written at once, in the background.
#[derive(Debug)]
struct Screen {
    stderr: Stderr,
    drawing: Mutex<String>,
}

/// Returns the target that draws on `stderr`, which is a terminal.
pub(super) fn target(stderr: Stderr) -> ProgressDrawTarget {
    // The library decides by stdout, which may be a file.
    console::set_colors_enabled(anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never);
    let screen = Screen { stderr, drawing: Mutex::default() };
    ProgressDrawTarget::term_like_with_hz(Box::new(screen), RATE)
}

/// Returns the width of the terminal on stderr.
pub(super) fn width() -> usize {
    Screen::size().0.into()
}

impl Screen {
    fn add(&self, text: &str) {
        self.drawing.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
    }

    fn size() -> (u16, u16) {
        terminal_size_of(io::stderr()).map_or((80, 24), |(Width(width), Height(height))| (width, height))
    }

    /// Adds an escape sequence that moves the cursor.
    fn move_cursor(&self, steps: usize, direction: char) {
        if steps > 0 {
            self.add(&format!("\x1b[{steps}{direction}"));
        }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        Self::size().0
    }

    fn height(&self) -> u16 {
        Self::size().1
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.move_cursor(lines, 'A');
        Ok(())
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.move_cursor(lines, 'B');
        Ok(())
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.move_cursor(columns, 'C');
        Ok(())
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.move_cursor(columns, 'D');
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.add(text);
        self.add("\n");
        Ok(())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.add(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.add("\r\x1b[2K");
        Ok(())
    }

    /// Never fails: the library panics when it cannot draw.
    fn flush(&self) -> io::Result<()> {
        let drawing = std::mem::take(&mut *self.drawing.lock().unwrap_or_else(PoisonError::into_inner));
        if !drawing.is_empty() {
            // The library leaves the cursor behind the line, where the `^C` that a terminal echoes would begin another; one
            // that was echoed before is drawn over.
            self.stderr.push(format!("\r{drawing}\r").into_bytes());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _};
    use std::time::Duration;

    use indicatif::ProgressBar;

    use super::*;

    #[test]
    fn cursor_rests_at_the_start_of_a_line_that_is_drawn() {
        let mut file = tempfile::tempfile().unwrap();
        let stderr = Stderr::start(file.try_clone().unwrap());
        let bar = ProgressBar::with_draw_target(Some(2), target(stderr.clone()));
        bar.tick();
        assert!(stderr.flush(Duration::from_secs(10)));
        let mut drawn = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut drawn).unwrap();
        assert!(drawn.len() > 2 && drawn.starts_with('\r') && drawn.ends_with('\r'), "{drawn:?}");
    }
}
