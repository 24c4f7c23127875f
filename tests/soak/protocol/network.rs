//! The network between one client and Redis: it loses requests and replies, delivers requests late, and refuses them.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::mutation::Scripts;

/// Command and arguments.
pub(super) type Request = Vec<Vec<u8>>;

/// Commands that are lost, repeated, refused; all others only make the connection.
const AT_RISK: &[&[u8]] = &[b"EVALSHA", b"EVAL", b"BLMOVE", b"MULTI", b"LPUSH", b"EXEC", b"SET", b"DEL"];

/// Longest time for which a request lingers.
const LONGEST_STAY: Duration = Duration::from_millis(10);

/// Probability that a script runs late in a storm.
const STORM: f64 = 0.4;

/// A network of one client, all of whose connections pass through one socket.
pub(super) struct Network {
    /// Socket that leads through the network.
    pub(super) path: PathBuf,
    state: Arc<State>,
    tasks: Arc<Mutex<Vec<AbortHandle>>>,
}

struct State {
    server: PathBuf,
    scripts: Arc<Scripts>,
    dice: Mutex<Dice>,
    late: Arc<Mutex<Vec<Vec<Request>>>>,
    /// Cancelled when the client crashes.
    crashed: Mutex<CancellationToken>,
}

struct Dice {
    random: StdRng,
    /// Probability that something happens to a request.
    trouble: f64,
    /// Number of requests until the client crashes.
    crash_in: Option<u32>,
    weather: Weather,
    /// True if something has happened to the request before: pauses grow with each such failure in a row.
    is_unlucky: bool,
}

/// Kinds of trouble that a network has all the time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weather {
    /// True if requests sometimes linger until the next one is sent as well.
    pub(super) is_slow: bool,
    /// True if many scripts run late: after the client has sent them again, and has gone on.
    pub(super) is_stormy: bool,
}

/// Fate of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Delivered,
    RequestLost,
    ReplyLost,
    /// The connection is lost, and the request arrives when [`Network::late`] is delivered.
    Late,
    /// Redis refuses it for the moment.
    Refused,
}

impl Network {
    /// Opens a network at the socket `path` that leads to the socket `server`.
    pub(super) fn open(
        path: PathBuf,
        server: PathBuf,
        scripts: Arc<Scripts>,
        late: Arc<Mutex<Vec<Vec<Request>>>>,
        seed: u64,
        trouble: f64,
        weather: Weather,
    ) -> Self {
        let listener = UnixListener::bind(&path).expect("a socket in a temporary folder");
        let random = StdRng::seed_from_u64(seed);
        let dice = Dice { random, trouble, crash_in: None, weather, is_unlucky: false };
        let state = Arc::new(State {
            server,
            scripts,
            dice: Mutex::new(dice),
            late,
            crashed: Mutex::new(CancellationToken::new()),
        });
        let tasks = Arc::new(Mutex::new(Vec::new()));
        let (accepting, all) = (Arc::clone(&state), Arc::clone(&tasks));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = Arc::clone(&accepting);
                let task = tokio::spawn(async move {
                    let _ = state.pass(client).await;
                });
                lock(&all).push(task.abort_handle());
            }
        });
        lock(&tasks).push(task.abort_handle());
        Self { path, state, tasks }
    }

    /// Makes the client crash in the midst of one of its next requests; the token is cancelled when it has.
    pub(super) fn crash_soon(&self, requests: u32) -> CancellationToken {
        lock(&self.state.dice).crash_in = Some(requests);
        lock(&self.state.crashed).clone()
    }

    /// Ends what [`Network::crash_soon`] has begun.
    pub(super) fn no_crash(&self) {
        lock(&self.state.dice).crash_in = None;
    }

    /// Lets every request and every reply through from now on.
    pub(super) fn calm_down(&self) {
        lock(&self.state.dice).trouble = 0.0;
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for task in lock(&self.tasks).drain(..) {
            task.abort();
        }
        let _ = std::fs::remove_file(&self.path);
    }
}

impl State {
    /// Passes the requests of one connection on, one at a time, and their replies back.
    async fn pass(&self, mut client: UnixStream) -> std::io::Result<()> {
        let mut server = UnixStream::connect(&self.server).await?;
        let (mut requests, mut replies) = (Buffer::default(), Buffer::default());
        loop {
            while requests.complete.is_empty() {
                if !requests.fill(&mut client).await? {
                    return Ok(());
                }
            }
            if lock(&self.dice).lingers() {
                let _ = tokio::time::timeout(LONGEST_STAY, requests.fill(&mut client)).await;
            }
            let request = requests.complete.pop_front().unwrap_or_default();
            let request = self.scripts.rewrite(request);
            match self.fate(&request, !requests.complete.is_empty()) {
                Fate::Delivered => {
                    server.write_all(&encode(&request)).await?;
                    let reply = tokio::select! {
                        reply = replies.reply(&mut server) => reply?,
                        // A client that is gone waits for nothing.
                        ended = requests.ended(&mut client) => return ended,
                    };
                    client.write_all(&reply).await?;
                }
                Fate::RequestLost => return Ok(()),
                Fate::ReplyLost => {
                    // Some of those sent behind it arrive as well.
                    let arrived = lock(&self.dice).random.random_range(0..=requests.complete.len());
                    let rest = requests.complete.drain(..arrived).map(|request| self.scripts.rewrite(request));
                    for request in std::iter::once(request).chain(rest) {
                        let request = without_waiting(request);
                        server.write_all(&encode(&request)).await?;
                        replies.reply(&mut server).await?;
                    }
                    self.crash_if_due();
                    return Ok(());
                }
                Fate::Late => {
                    let rest = requests.complete.drain(..).map(|request| self.scripts.rewrite(request));
                    let held = std::iter::once(request).chain(rest).map(without_waiting).collect();
                    lock(&self.late).push(held);
                    return Ok(());
                }
                Fate::Refused => client.write_all(b"-BUSY Redis is busy running a script\r\n").await?,
            }
        }
    }

    /// Decides on a request, which may be `followed` by another one that is already sent.
    fn fate(&self, request: &Request, followed: bool) -> Fate {
        let Some(command) = request.first().filter(|command| AT_RISK.contains(&command.as_slice())) else {
            return Fate::Delivered;
        };
        let mut dice = lock(&self.dice);
        if let Some(left) = dice.crash_in {
            dice.crash_in = Some(left.saturating_sub(1));
            if left == 0 {
                let fates = [Fate::RequestLost, Fate::ReplyLost, Fate::Late];
                let fate = fates[dice.random.random_range(0..fates.len())];
                drop(dice);
                if fate != Fate::ReplyLost {
                    self.crash_if_due();
                }
                return fate;
            }
        }
        // A refusal in a transaction would leave it open, as no server does; one of a wait is final.
        let is_script = command.starts_with(b"EVALSHA");
        let trouble = if dice.is_unlucky { dice.trouble / 4.0 } else { dice.trouble };
        if is_script && followed && dice.random.random_bool(trouble) {
            return Fate::Refused;
        }
        if is_script && dice.weather.is_stormy && trouble > 0.0 && !dice.is_unlucky && dice.random.random_bool(STORM) {
            dice.is_unlucky = true;
            return Fate::Late;
        }
        dice.is_unlucky = trouble > 0.0 && dice.random.random_bool(trouble);
        if !dice.is_unlucky {
            return Fate::Delivered;
        }
        let fates = [Fate::RequestLost, Fate::ReplyLost, Fate::ReplyLost, Fate::Late, Fate::Refused];
        fates[dice.random.random_range(0..fates.len() - usize::from(!is_script))]
    }

    /// Crashes the client if this was the request for it.
    fn crash_if_due(&self) {
        let mut dice = lock(&self.dice);
        if dice.crash_in == Some(0) {
            dice.crash_in = None;
            lock(&self.crashed).cancel();
        }
    }
}

impl Dice {
    fn lingers(&mut self) -> bool {
        self.weather.is_slow && self.random.random_bool(0.5)
    }
}

/// Makes a request that arrives on a lost connection one that does not wait there.
fn without_waiting(mut request: Request) -> Request {
    if request[0] == b"BLMOVE" {
        request[0] = b"LMOVE".to_vec();
        request.pop();
    }
    request
}

/// Bytes that have arrived, and the requests among them.
#[derive(Default)]
struct Buffer {
    bytes: Vec<u8>,
    complete: VecDeque<Request>,
}

impl Buffer {
    /// Waits for bytes and splits them into requests; returns false at the end.
    async fn fill(&mut self, stream: &mut UnixStream) -> std::io::Result<bool> {
        let more = self.read(stream).await?;
        while let Some((request, length)) = parse_request(&self.bytes) {
            self.complete.push_back(request);
            self.bytes.drain(..length);
        }
        Ok(more)
    }

    /// Waits until the stream ends; collects the requests that arrive until then.
    async fn ended(&mut self, stream: &mut UnixStream) -> std::io::Result<()> {
        while self.fill(stream).await? {}
        Ok(())
    }

    /// Waits for one whole reply.
    async fn reply(&mut self, stream: &mut UnixStream) -> std::io::Result<Vec<u8>> {
        loop {
            if let Some(length) = reply_length(&self.bytes) {
                return Ok(self.bytes.drain(..length).collect());
            }
            if !self.read(stream).await? {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn read(&mut self, stream: &mut UnixStream) -> std::io::Result<bool> {
        Ok(stream.read_buf(&mut self.bytes).await? > 0)
    }
}

/// Reads a request, an array of bulk strings; returns its length as well.
fn parse_request(bytes: &[u8]) -> Option<(Request, usize)> {
    let (count, mut at) = number(bytes, 0)?;
    let mut request = Vec::new();
    for _ in 0..count {
        let (length, start) = number(bytes, at)?;
        let length = usize::try_from(length).ok()?;
        request.push(bytes.get(start..start + length)?.to_vec());
        at = start + length + 2;
    }
    (at <= bytes.len()).then_some((request, at))
}

/// Returns the length of the first whole reply.
fn reply_length(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut left) = (0, 1);
    while left > 0 {
        let kind = *bytes.get(at)?;
        let (number, next) = number(bytes, at)?;
        left -= 1;
        at = next;
        match kind {
            b'$' if number >= 0 => at += usize::try_from(number).ok()? + 2,
            b'*' if number > 0 => left += number,
            _ => {}
        }
    }
    (at <= bytes.len()).then_some(at)
}

/// Reads the number in a line, behind its first byte, and returns where the next line begins. Text is 0.
fn number(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    let line = bytes.get(at..)?;
    let end = line.windows(2).position(|window| window == b"\r\n")?;
    let number = std::str::from_utf8(&line[1..end]).ok().and_then(|number| number.parse().ok());
    Some((number.unwrap_or(0), at + end + 2))
}

fn encode(request: &Request) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", request.len()).into_bytes();
    for argument in request {
        bytes.extend(format!("${}\r\n", argument.len()).into_bytes());
        bytes.extend(argument);
        bytes.extend(b"\r\n");
    }
    bytes
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no task panics while it holds the lock")
}
