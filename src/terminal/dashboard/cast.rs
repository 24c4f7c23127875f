//! A dashboard as an asciicast (version 2), for `asciinema play`: a frame for each sample, and a mark for each change.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use ratatui::crossterm::cursor::Hide;
use ratatui::crossterm::queue;
use ratatui::crossterm::style::force_color_output;
use ratatui::layout::Rect;
use serde_json::json;

use super::canvas::{Memory, Painter};
use super::theme::Theme;
use super::view::ViewSettings;
use crate::terminal::board::{KeySet, SharedBoard, in_words};

/// Size of the terminal that is recorded: what can be read from the back of a room.
const SIZE: Rect = Rect { x: 0, y: 0, width: 100, height: 28 };

/// Draws the frames of a cast. The same samples give the same bytes.
pub(in crate::terminal) struct CastFrames {
    painter: Painter,
    memory: Memory,
    view: ViewSettings,
    /// Changes that have their mark, by list.
    marked: Vec<usize>,
}

impl CastFrames {
    /// Creates the frames of a run that has these `keys`: one that is only watched has no end.
    ///
    /// # Errors
    ///
    /// Fails never, as memory takes everything.
    pub(in crate::terminal) fn new(keys: KeySet) -> io::Result<Self> {
        // Whatever terminal the program has itself, and with NO_COLOR.
        force_color_output(true);
        let memory = Memory::default();
        let painter = Painter::new(memory.clone(), SIZE, Theme::new(true, false))?;
        queue!(memory.clone(), Hide)?;
        let view = ViewSettings { is_finite: keys != KeySet::Watch, keys: KeySet::None, ..ViewSettings::default() };
        Ok(Self { painter, memory, view, marked: Vec::new() })
    }

    /// Returns the first line of the file.
    pub(in crate::terminal) fn header(board: &SharedBoard) -> String {
        let title = board.board().state.title.clone();
        let header = json!({ "version": 2, "width": SIZE.width, "height": SIZE.height, "title": title });
        format!("{header}\n")
    }

    /// Returns the lines for a sample that was taken `at`.
    ///
    /// # Errors
    ///
    /// Fails never, as memory takes everything.
    pub(in crate::terminal) fn draw(&mut self, board: &SharedBoard, at: Duration) -> io::Result<String> {
        let board = board.board();
        let state = &board.state;
        self.painter.draw(SIZE, (state, &self.view), at)?;
        // Microseconds, as asciinema writes them.
        let seconds = json!((at.as_secs_f64() / state.speed * 1e6).round() / 1e6);
        let frame = self.memory.take();
        let mut lines = String::new();
        let mut event = |kind: &str, text: &str| {
            // Writing to memory does not fail.
            let _ = writeln!(lines, "{}", json!([seconds, kind, text]));
        };
        event("o", &String::from_utf8_lossy(&frame));
        self.marked.resize(state.lists.len(), 0);
        for (list, marked) in state.lists.iter().zip(&mut self.marked) {
            for change in list.changes.iter().filter(|change| change.number > *marked) {
                event("m", &in_words(change));
            }
            *marked = list.changes.back().map_or(0, |change| change.number);
        }
        Ok(lines)
    }
}
