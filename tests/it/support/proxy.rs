//! A network between program and server that can be made to fail.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// Passes bytes between clients and a server, until told otherwise.
pub(crate) struct Proxy {
    port: u16,
    state: Arc<State>,
}

struct State {
    /// The port on the loopback that links lead to.
    server: u16,
    links: Mutex<Vec<Arc<Link>>>,
    /// Bytes to wait for, and what to lose when they come.
    trap: Mutex<Option<(Vec<u8>, Loss)>>,
    /// Requests that are held back, each with its connection to the server.
    held: Mutex<Vec<(Arc<Link>, Vec<u8>)>>,
    /// Error that every command gets in place of its reply.
    refusal: Mutex<Option<String>>,
    /// Number of traps that have closed.
    lost: AtomicUsize,
    connections: AtomicUsize,
    /// Bytes of requests, and of replies, per second on each connection; 0 for no limit.
    rates: [AtomicU64; 2],
    /// Time in ms that each request takes.
    delay: AtomicU64,
    over: AtomicBool,
}

/// Bytes that are lost together with the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loss {
    Request,
    Reply,
    /// The request, until it is delivered late.
    Held,
}

/// One connection on either side.
struct Link {
    client: TcpStream,
    server: TcpStream,
    /// Bytes go in and do not come out, while the connection stays.
    swallows: AtomicBool,
    /// No reply comes through any more.
    mute: AtomicBool,
    /// The server has answered all that it got, and closed.
    drained: AtomicBool,
}

impl Proxy {
    /// Listens on a loopback port and leads to the server on `server`.
    pub(crate) fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on the loopback");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let state = Arc::new(State {
            server,
            links: Mutex::default(),
            trap: Mutex::default(),
            held: Mutex::default(),
            refusal: Mutex::default(),
            lost: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            rates: [AtomicU64::new(0), AtomicU64::new(0)],
            delay: AtomicU64::new(0),
            over: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&state);
        thread::spawn(move || accepting.accept(&listener));
        Self { port, state }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Closes all connections there are; new ones are welcome.
    pub(crate) fn cut(&self) {
        lock(&self.state.links).drain(..).for_each(|link| link.close());
    }

    /// Keeps all connections there are and drops what they carry, as a network does that forgot them; new ones work.
    pub(crate) fn swallow(&self) {
        for link in &*lock(&self.state.links) {
            link.swallows.store(true, SeqCst);
        }
    }

    /// Replies to every command with the error `text`, as a proxy does whose server is gone; `None` ends that.
    pub(crate) fn refuse(&self, text: Option<&str>) {
        *lock(&self.state.refusal) = text.map(str::to_owned);
    }

    /// When bytes like `pattern` next come from a client: lets the server have them, and closes the connection in place of
    /// the reply.
    ///
    /// The server sees the end of the connection right behind the request, so it is no trap for a command that blocks.
    pub(crate) fn lose_reply(&self, pattern: &str) {
        *lock(&self.state.trap) = Some((pattern.into(), Loss::Reply));
    }

    /// When bytes like `pattern` next come from a client: closes the connection, and the server never hears of them.
    pub(crate) fn lose_request(&self, pattern: &str) {
        *lock(&self.state.trap) = Some((pattern.into(), Loss::Request));
    }

    /// Closes the connection from which bytes like `pattern` next come, and keeps them for [`Proxy::deliver`].
    pub(crate) fn hold_request(&self, pattern: &str) {
        *lock(&self.state.trap) = Some((pattern.into(), Loss::Held));
    }

    /// Delivers what was held back, each on the connection that it came on, and waits until the server has dealt with it; one
    /// that the server has closed delivers nothing.
    pub(crate) fn deliver(&self) {
        for (link, bytes) in lock(&self.state.held).drain(..) {
            let sent = (&link.server).write_all(&bytes).and_then(|()| link.server.shutdown(Shutdown::Write));
            match sent.map_err(|error| error.kind()) {
                Err(ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::NotConnected) => continue,
                sent => sent.expect("the server still listens"),
            }
            super::wait_until("the server has dealt with late requests", super::SOON, || link.drained.load(SeqCst));
        }
    }

    /// Lets at most `bytes` of replies through per second, on each connection.
    pub(crate) fn limit_rate(&self, bytes: u64) {
        self.state.rates[1].store(bytes, SeqCst);
    }

    /// Lets at most `bytes` of requests through per second, on each connection.
    pub(crate) fn limit_request_rate(&self, bytes: u64) {
        self.state.rates[0].store(bytes, SeqCst);
    }

    /// Delays each request, as a link does that is long and not slow.
    pub(crate) fn delay(&self, delay: Duration) {
        self.state.delay.store(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), SeqCst);
    }

    /// Number of losses on request.
    pub(crate) fn lost(&self) -> usize {
        self.state.lost.load(SeqCst)
    }

    /// Number of connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.over.store(true, SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        self.cut();
    }
}

impl State {
    fn accept(self: Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            if self.over.load(SeqCst) {
                return;
            }
            let Ok(client) = client else { continue };
            self.connections.fetch_add(1, SeqCst);
            // A server that is down: the client sees its connection closed at once.
            let Ok(server) = TcpStream::connect(("127.0.0.1", self.server)) else { continue };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let link = Link {
                client,
                server,
                swallows: AtomicBool::new(false),
                mute: AtomicBool::new(false),
                drained: AtomicBool::new(false),
            };
            let link = Arc::new(link);
            lock(&self.links).push(Arc::clone(&link));
            let (state, requests) = (Arc::clone(&self), Arc::clone(&link));
            thread::spawn(move || requests.pass_requests(&state));
            let state = Arc::clone(&self);
            thread::spawn(move || link.pass_replies(&state));
        }
    }

    /// Waits for as long as so many bytes take in this direction.
    fn slow_down(&self, direction: usize, bytes: usize) {
        if let rate @ 1.. = self.rates[direction].load(SeqCst) {
            thread::sleep(Duration::from_micros(bytes as u64 * 1_000_000 / rate));
        }
    }

    /// Matches the trap against `seen`; it closes once.
    fn springs(&self, seen: &[u8]) -> Option<Loss> {
        let mut trap = lock(&self.trap);
        let (pattern, loss) = trap.as_ref()?;
        seen.windows(pattern.len()).any(|window| window == pattern).then_some(())?;
        let loss = *loss;
        *trap = None;
        self.lost.fetch_add(1, SeqCst);
        Some(loss)
    }
}

impl Link {
    fn pass_requests(self: &Arc<Self>, state: &State) {
        let mut buffer = vec![0; 64 * 1024];
        // The end of what came before: a pattern may lie across two reads.
        let mut seen = Vec::new();
        loop {
            let Ok(length @ 1..) = (&self.client).read(&mut buffer) else { return self.ended() };
            if self.swallows.load(SeqCst) {
                continue;
            }
            let bytes = &buffer[..length];
            if let Some(text) = &*lock(&state.refusal) {
                // Commands are short, and sent whole.
                let commands =
                    bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.starts_with(b"*")).count();
                let _ = (&self.client).write_all(format!("-{text}\r\n").repeat(commands).as_bytes());
                continue;
            }
            seen.extend_from_slice(bytes);
            match state.springs(&seen) {
                Some(Loss::Request) => return self.close(),
                Some(Loss::Reply) => {
                    // First mute, then the request: its reply must not be quicker. The end of the connection goes behind
                    // the request, and not in its place: the server reads all that was sent before it.
                    self.mute.store(true, SeqCst);
                    let _ = (&self.server).write_all(bytes);
                    let _ = self.server.shutdown(Shutdown::Write);
                    return;
                }
                Some(Loss::Held) => {
                    self.mute.store(true, SeqCst);
                    lock(&state.held).push((Arc::clone(self), bytes.to_vec()));
                    let _ = self.client.shutdown(Shutdown::Both);
                    return;
                }
                None => {}
            }
            seen.drain(..seen.len().saturating_sub(64));
            thread::sleep(Duration::from_millis(state.delay.load(SeqCst)));
            state.slow_down(0, length);
            if (&self.server).write_all(bytes).is_err() {
                return self.ended();
            }
        }
    }

    fn pass_replies(&self, state: &State) {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let Ok(length @ 1..) = (&self.server).read(&mut buffer) else {
                self.drained.store(true, SeqCst);
                return self.ended();
            };
            if self.swallows.load(SeqCst) || self.mute.load(SeqCst) {
                continue;
            }
            state.slow_down(1, length);
            if (&self.client).write_all(&buffer[..length]).is_err() {
                return self.ended();
            }
        }
    }

    /// One side is gone: the other learns of it, unless the network has forgotten them both.
    fn ended(&self) {
        if !self.swallows.load(SeqCst) {
            self.close();
        }
    }

    fn close(&self) {
        // Fails only where the other side was quicker.
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no thread panics while it holds the lock")
}
