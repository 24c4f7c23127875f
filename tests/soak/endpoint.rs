//! An endpoint that items are posted to; now and then it loses a response.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;

/// One response in so many is lost: the connection is closed instead.
const LOST: u8 = 50;

/// An endpoint; its threads end with the test.
pub(super) struct Endpoint {
    pub(super) address: SocketAddr,
    state: Arc<State>,
}

/// State that its connections share.
#[derive(Default)]
struct State {
    /// File that each item is appended to.
    processed: Mutex<Option<File>>,
    lost: AtomicUsize,
    /// True if it loses no response.
    is_reliable: bool,
}

impl Endpoint {
    /// Starts an endpoint that loses responses now and then.
    pub(super) fn start() -> Self {
        Self::with(State::default())
    }

    /// Starts an endpoint that loses none.
    pub(super) fn reliable() -> Self {
        Self::with(State { is_reliable: true, ..State::default() })
    }

    fn with(state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let (address, state) = (listener.local_addr().expect("an address"), Arc::new(state));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // A consumer that is killed closes its connection halfway.
                thread::spawn(move || state.serve(stream));
            }
        });
        Self { address, state }
    }

    /// Appends each item to the file `processed` of a folder.
    pub(super) fn writes_to(&self, folder: &Path) {
        let file = OpenOptions::new().create(true).append(true).open(folder.join("processed"));
        *self.state.processed.lock().expect("no thread panics") = Some(file.expect("a file"));
    }

    /// Number of responses that were lost.
    pub(super) fn lost(&self) -> usize {
        self.state.lost.load(Relaxed)
    }
}

impl State {
    /// Answers requests, until the connection is closed.
    fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        loop {
            let (mut line, mut length) = (String::new(), 0);
            loop {
                line.clear();
                if reader.read_line(&mut line).ok()? == 0 {
                    return None;
                }
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().ok()?;
                }
                if line == "\r\n" {
                    break;
                }
            }
            let mut item = vec![0; length];
            reader.read_exact(&mut item).ok()?;
            if item.starts_with(br#"{"id":"#) {
                item = items(&item)?;
            } else {
                item.push(b'\n');
            }
            self.processed.lock().ok()?.as_mut()?.write_all(&item).ok()?;
            if !self.is_reliable && rand::random_range(0..LOST) == 0 {
                self.lost.fetch_add(1, Relaxed);
                return None;
            }
            (&stream).write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok()?;
        }
    }
}

/// Returns the items of a body with a line of JSON for each, as lines.
fn items(body: &[u8]) -> Option<Vec<u8>> {
    let lines = serde_json::Deserializer::from_slice(body).into_iter::<serde_json::Value>();
    let items = lines.map(|line| Some(format!("{}\n", line.ok()?["item"].as_str()?)));
    items.collect::<Option<String>>().map(String::into_bytes)
}
