//! The program as its users run it: as a process, with words, an environment and streams.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{PAUSE, SOON, Terminal};

/// Variables taken out of the environment: all that qscale reads.
const OUT: &[&str] =
    &["QSCALE_", "REDIS_", "LIST_NAME", "NO_COLOR", "CLICOLOR", "KUBECONFIG", "KUBERNETES_", "RUST_LOG"];

/// Default limit for a run.
const DEADLINE: Duration = Duration::from_secs(30);

/// A run to be: words, environment, and an empty folder to be in.
pub(crate) struct Qscale {
    command: Command,
    folder: TempDir,
    input: Option<Vec<u8>>,
    open_input: bool,
    stdout: Option<Stdio>,
    stderr: Option<Stdio>,
    deadline: Duration,
}

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The exit status; 128 and the signal's number where a signal ended it, as shells say it.
    pub(crate) status: i32,
    pub(crate) stdout: String,
    /// The same, byte for byte.
    pub(crate) stdout_bytes: Vec<u8>,
    pub(crate) stderr: String,
    /// From start to end.
    pub(crate) took: Duration,
}

/// A run that goes on; ended when dropped.
pub(crate) struct Running {
    process: Child,
    start: Instant,
    stdin: Option<ChildStdin>,
    stdout: Stream,
    stderr: Stream,
    deadline: Duration,
    _folder: TempDir,
}

impl Qscale {
    /// Takes what is typed after `qscale`, such as `["produce", "--count", "1"]`.
    pub(crate) fn new<I: IntoIterator<Item: AsRef<OsStr>>>(words: I) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new(env!("CARGO_BIN_EXE_qscale"));
        for (name, _) in std::env::vars_os() {
            if OUT.iter().any(|out| name.to_string_lossy().starts_with(out)) {
                command.env_remove(name);
            }
        }
        command.args(words).env("RUST_BACKTRACE", "0").env("HOME", folder.path()).current_dir(folder.path());
        Self { command, folder, input: None, open_input: false, stdout: None, stderr: None, deadline: DEADLINE }
    }

    pub(crate) fn arg(mut self, word: impl AsRef<OsStr>) -> Self {
        self.command.arg(word);
        self
    }

    pub(crate) fn args<I: IntoIterator<Item: AsRef<OsStr>>>(mut self, words: I) -> Self {
        self.command.args(words);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Puts a file into the folder it runs in.
    pub(crate) fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        fs::write(self.folder.path().join(name), text).expect("the temporary folder takes a file");
        self
    }

    /// Sets its stdin, which is empty by default.
    pub(crate) fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// Keeps its stdin open, for [`Running::write`].
    pub(crate) fn open_input(mut self) -> Self {
        self.open_input = true;
        self
    }

    /// Redirects its stdout; the test itself then sees none of it.
    pub(crate) fn stdout_to(mut self, stdout: impl Into<Stdio>) -> Self {
        self.stdout = Some(stdout.into());
        self
    }

    /// Redirects its stderr; the test itself then sees none of it.
    pub(crate) fn stderr_to(mut self, stderr: impl Into<Stdio>) -> Self {
        self.stderr = Some(stderr.into());
        self
    }

    /// Runs it through another program, which gets its path and words as arguments.
    pub(crate) fn through<I: IntoIterator<Item: AsRef<OsStr>>>(mut self, program: I) -> Self {
        let mut words = program.into_iter();
        let mut command = Command::new(words.next().expect("a program"));
        command.args(words).arg(self.command.get_program()).args(self.command.get_args());
        for (variable, value) in self.command.get_envs() {
            match value {
                Some(value) => command.env(variable, value),
                None => command.env_remove(variable),
            };
        }
        if let Some(folder) = self.command.get_current_dir() {
            command.current_dir(folder);
        }
        self.command = command;
        self
    }

    /// Starts it on a terminal; `before` is a line of shell that is run first.
    pub(crate) fn on_terminal(self, before: &str) -> Terminal {
        let mut through = self.through(Terminal::program(before));
        Terminal::start(&mut through.command, through.folder)
    }

    /// Sets the limit for the run.
    pub(crate) fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Runs it in a folder of the test's, which is there afterwards.
    pub(crate) fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Runs it to its end.
    ///
    /// Panics with what it said when that takes too long.
    #[track_caller]
    pub(crate) fn output(self) -> Finished {
        let deadline = self.deadline;
        self.spawn().finish(deadline)
    }

    /// Starts it.
    pub(crate) fn spawn(mut self) -> Running {
        let stdin = if self.input.is_some() || self.open_input { Stdio::piped() } else { Stdio::null() };
        self.command.stdin(stdin).stdout(self.stdout.unwrap_or_else(Stdio::piped));
        self.command.stderr(self.stderr.unwrap_or_else(Stdio::piped));
        let start = Instant::now();
        let mut process = self.command.spawn().expect("qscale can be started");
        // The command keeps what it was given as stdout: a pipe whose reader waits for its end.
        drop(self.command);
        let mut stdin = process.stdin.take();
        if let Some(input) = self.input {
            // A program that has seen enough closes its stdin, as it may.
            let mut stdin = stdin.take().expect("stdin is a pipe");
            thread::spawn(move || drop(stdin.write_all(&input)));
        }
        let stdout = match process.stdout.take() {
            Some(stdout) => Stream::read(stdout),
            None => Stream::read(std::io::empty()),
        };
        let stderr = match process.stderr.take() {
            Some(stderr) => Stream::read(stderr),
            None => Stream::read(std::io::empty()),
        };
        Running { process, start, stdin, stdout, stderr, deadline: self.deadline, _folder: self.folder }
    }
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Writes to its stdin.
    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let stdin = self.stdin.as_mut().expect("its stdin is open");
        stdin.write_all(bytes.as_ref()).expect("it reads its stdin");
    }

    /// Ends its stdin.
    pub(crate) fn close_input(&mut self) {
        self.stdin = None;
    }

    /// Returns its stdout so far.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// Returns its stderr so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Waits for a whole line with `part` in it, on stdout or stderr, and returns it.
    ///
    /// Panics with all it said when there is none within `deadline`.
    #[track_caller]
    pub(crate) fn wait_for_line(&self, part: &str, deadline: Duration) -> String {
        let start = Instant::now();
        loop {
            let found = [&self.stdout, &self.stderr].into_iter().find_map(|stream| stream.line_with(part));
            if let Some(line) = found {
                return line;
            }
            let both_ended = self.stdout.ended() && self.stderr.ended();
            // Once more after the end: the line may have been the last.
            let found = [&self.stdout, &self.stderr].into_iter().find_map(|stream| stream.line_with(part));
            if let Some(line) = found {
                return line;
            }
            assert!(
                !both_ended && start.elapsed() < deadline,
                "no line with `{part}` within {deadline:?}{}\n{}",
                if both_ended { ": it ended" } else { "" },
                self.said()
            );
            thread::sleep(PAUSE);
        }
    }

    /// Returns whether both its streams have ended.
    #[allow(dead_code, reason = "for tests/soak")]
    pub(crate) fn has_said_all(&self) -> bool {
        self.stdout.ended() && self.stderr.ended()
    }

    /// Returns whether it has not ended yet.
    pub(crate) fn is_running(&mut self) -> bool {
        self.process.try_wait().expect("our own child can be asked").is_none()
    }

    /// SIGTERM, as Kubernetes sends it.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// SIGINT, as Ctrl-C sends it.
    pub(crate) fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// SIGKILL.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// SIGSTOP: it stands still, and its connections stay.
    pub(crate) fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT.
    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Waits for its end.
    ///
    /// Panics with what it said when that takes longer than `deadline` from now.
    #[track_caller]
    pub(crate) fn finish(mut self, deadline: Duration) -> Finished {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.process.try_wait().expect("our own child can be asked") {
                break status;
            }
            assert!(start.elapsed() < deadline, "still running after {deadline:?}\n{}", self.said());
            thread::sleep(PAUSE);
        };
        let took = self.start.elapsed();
        // A grandchild may hold the pipes open; what the program itself said is there all the same.
        let reading = Instant::now();
        while !(self.stdout.ended() && self.stderr.ended()) && reading.elapsed() < SOON {
            thread::sleep(PAUSE);
        }
        let stdout_bytes = self.stdout.bytes();
        Finished { status: status_of(status), stdout: self.stdout(), stdout_bytes, stderr: self.stderr(), took }
    }

    /// Waits for its end as long as a run may take.
    #[track_caller]
    pub(crate) fn wait(self) -> Finished {
        let deadline = self.deadline;
        self.finish(deadline)
    }

    fn said(&self) -> String {
        format!("--- stdout\n{}\n--- stderr\n{}\n---", ending(&self.stdout()), ending(&self.stderr()))
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).expect("our own child takes signals");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Finished {
    /// Asserts the exit status; shows what the program said when it is another.
    #[track_caller]
    pub(crate) fn exits(self, status: i32) -> Self {
        let Self { status: was, stdout, stderr, took, .. } = &self;
        let said = format!("--- stdout\n{}\n--- stderr\n{}\n---", ending(stdout), ending(stderr));
        assert_eq!(*was, status, "exit status after {took:?}\n{said}");
        self
    }
}

/// Bytes of a stream so far; a thread reads on.
struct Stream {
    shared: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Stream {
    fn read(mut pipe: impl Read + Send + 'static) -> Self {
        let shared = Arc::new(Mutex::new(Vec::new()));
        let bytes = Arc::clone(&shared);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(length @ 1..) = pipe.read(&mut buffer) {
                lock(&bytes).extend_from_slice(&buffer[..length]);
            }
        });
        Self { shared, reader }
    }

    fn ended(&self) -> bool {
        self.reader.is_finished()
    }

    fn bytes(&self) -> Vec<u8> {
        lock(&self.shared).clone()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&lock(&self.shared)).into_owned()
    }

    fn line_with(&self, part: &str) -> Option<String> {
        let text = self.text();
        let whole = &text[..=text.rfind('\n')?];
        whole.lines().find(|line| line.contains(part)).map(str::to_owned)
    }
}

/// The last lines: a program out of control prints too much to read.
fn ending(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let left_out = lines.len().saturating_sub(50);
    let first = if left_out == 0 { String::new() } else { format!("… {left_out} lines\n") };
    first + &lines[left_out..].join("\n")
}

fn status_of(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

fn lock(mutex: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    mutex.lock().expect("no thread panics while it holds the lock")
}
