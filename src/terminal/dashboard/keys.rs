//! Keys as they are typed, read on a thread of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, poll, read};
use tokio::sync::mpsc;

/// Time that the thread waits for a key before it checks whether it is still needed.
const WAIT: Duration = Duration::from_millis(100);

/// Keys that may wait: text that is pasted is of no use.
const WAITING: usize = 32;

/// A key with a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pressed {
    Quit,
    /// Ctrl-C, which other programs of the same job get as well.
    Interrupt,
    Suspend,
    Help,
    Pause,
    Shorter,
    Longer,
    Automatic,
    Zoom,
    Log,
    NextList,
    Plus,
    Minus,
    Burst,
    Kill,
    Producer,
    /// The size of the terminal has changed.
    Resized,
}

/// Reads keys until it is dropped.
#[derive(Debug)]
pub(super) struct Keyboard {
    pressed: mpsc::Receiver<Pressed>,
    over: Arc<AtomicBool>,
}

impl Keyboard {
    /// Starts to read keys; where none can be read, there are none.
    pub(super) fn start() -> Self {
        let (sender, pressed) = mpsc::channel(WAITING);
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let follow = move || {
            while !ended.load(Relaxed) {
                match poll(WAIT).and_then(|is_there| if is_there { read().map(Some) } else { Ok(None) }) {
                    Ok(Some(event)) => {
                        if let Some(key) = meaning(&event) {
                            // Keys that find no room were not typed by a person.
                            let _ = sender.try_send(key);
                        }
                    }
                    Ok(None) => {}
                    Err(_) => return,
                }
            }
        };
        // Without a thread, signals still end the program.
        let _ = thread::Builder::new().name("keys".to_owned()).spawn(follow);
        Self { pressed, over }
    }

    /// Waits for the next key; forever where none can be read. Cancel-safe.
    pub(super) async fn next(&mut self) -> Pressed {
        match self.pressed.recv().await {
            Some(key) => key,
            None => std::future::pending().await,
        }
    }

    /// Returns a key that waits.
    pub(super) fn waiting(&mut self) -> Option<Pressed> {
        self.pressed.try_recv().ok()
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
    }
}

fn meaning(event: &Event) -> Option<Pressed> {
    let key = match event {
        Event::Key(key @ KeyEvent { kind: KeyEventKind::Press | KeyEventKind::Repeat, .. }) => key,
        Event::Resize(..) => return Some(Pressed::Resized),
        _ => return None,
    };
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c') => Some(Pressed::Interrupt),
            KeyCode::Char('z') => Some(Pressed::Suspend),
            _ => None,
        };
    }
    Some(match key.code {
        KeyCode::Char('q') => Pressed::Quit,
        KeyCode::Char('?' | 'h') => Pressed::Help,
        KeyCode::Char(' ') => Pressed::Pause,
        KeyCode::Left | KeyCode::Char('[' | '<') => Pressed::Shorter,
        KeyCode::Right | KeyCode::Char(']' | '>') => Pressed::Longer,
        KeyCode::Char('a') => Pressed::Automatic,
        KeyCode::Char('z') => Pressed::Zoom,
        KeyCode::Char('l') => Pressed::Log,
        KeyCode::Tab | KeyCode::Char('n') => Pressed::NextList,
        KeyCode::Char('+' | '=') => Pressed::Plus,
        KeyCode::Char('-' | '_' | '−') => Pressed::Minus,
        KeyCode::Char('b') => Pressed::Burst,
        KeyCode::Char('k') => Pressed::Kill,
        KeyCode::Char('p') => Pressed::Producer,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_a_meaning_or_none() {
        let key = |code, modifiers| Event::Key(KeyEvent::new(code, modifiers));
        let plain = |c| key(KeyCode::Char(c), KeyModifiers::NONE);
        assert_eq!(meaning(&plain('q')), Some(Pressed::Quit));
        assert_eq!(meaning(&key(KeyCode::Char('c'), KeyModifiers::CONTROL)), Some(Pressed::Interrupt));
        assert_eq!(meaning(&key(KeyCode::Char('?'), KeyModifiers::SHIFT)), Some(Pressed::Help));
        for event in [plain('ä'), key(KeyCode::F(1), KeyModifiers::NONE), Event::FocusLost, Event::Paste("q".into())] {
            assert_eq!(meaning(&event), None, "{event:?}");
        }
        let released = KeyEvent::new_with_kind(KeyCode::Char('q'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(meaning(&Event::Key(released)), None);
    }
}
