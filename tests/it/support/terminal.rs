//! A pseudo-terminal, and qscale as its foreground program.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tempfile::TempDir;

use super::{PAUSE, wait_until};

/// Makes the terminal the controlling one of the program, as a window does: the first that a session leader opens.
const ON_TERMINAL: &str = "exec < \"$TERMINAL\" > \"$TERMINAL\" 2>&1; stty rows 24 cols 80; exec \"$0\" \"$@\"";

/// A terminal with a program on it; ended when dropped.
pub(crate) struct Terminal {
    process: Child,
    keys: Option<File>,
    open: Arc<AtomicBool>,
    read: Arc<AtomicBool>,
    shown: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl Terminal {
    /// Returns the program that runs another on a terminal of 80 columns and 24 lines, after `before`, a line of shell.
    pub(super) fn program(before: &str) -> [String; 4] {
        ["setsid".to_owned(), "sh".to_owned(), "-c".to_owned(), format!("{before}\n{ON_TERMINAL}")]
    }

    /// Runs `command`, which begins with [`program`](Self::program).
    pub(super) fn start(command: &mut Command, folder: TempDir) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let terminal = openpt(flags).expect("a pseudo-terminal");
        grantpt(&terminal).and_then(|()| unlockpt(&terminal)).expect("the terminal is ours");
        let name = ptsname(&terminal, Vec::new()).expect("the terminal has a name");
        rustix::fs::fcntl_setfl(&terminal, OFlags::NONBLOCK).expect("a terminal takes flags");
        command.env("TERMINAL", name.to_str().expect("a path of the system")).env("TERM", "xterm-256color");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("setsid of util-linux can be started");
        let keys = File::from(terminal.try_clone().expect("a descriptor is free"));
        let flag = |value| Arc::new(AtomicBool::new(value));
        let (open, read, shown) = (flag(true), flag(true), Arc::<Mutex<Vec<u8>>>::default());
        let reader = Reader { terminal, open: Arc::clone(&open), read: Arc::clone(&read), shown: Arc::clone(&shown) };
        let reader = Some(thread::spawn(move || reader.run()));
        Self { process, keys: Some(keys), open, read, shown, reader, _folder: folder }
    }

    /// Returns everything shown so far.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().expect("no thread panics while it holds the lock")).into_owned()
    }

    /// Waits until `part` was shown.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, part: &str, deadline: Duration) {
        let start = Instant::now();
        // The last words of a program are still on the terminal after its end.
        let mut late = 0;
        while !self.shown().contains(part) {
            let ended = self.process.try_wait().expect("our own child can be asked");
            late += usize::from(ended.is_some());
            assert!(
                late < 20 && start.elapsed() < deadline,
                "no `{part}` ({ended:?}) within {deadline:?}:\n{}",
                self.shown()
            );
            thread::sleep(PAUSE);
        }
    }

    /// Types `keys`.
    pub(crate) fn press(&mut self, keys: &str) {
        let terminal = self.keys.as_mut().expect("the terminal is open");
        terminal.write_all(keys.as_bytes()).expect("a few bytes fit into the buffer of a terminal");
    }

    /// Reads no more, as after Ctrl-S.
    pub(crate) fn stop_reading(&self) {
        self.read.store(false, SeqCst);
    }

    /// Closes the terminal, as a window is closed.
    pub(crate) fn close(&mut self) {
        self.keys = None;
        self.open.store(false, SeqCst);
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader does not panic");
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).expect("our own child takes signals");
    }

    /// Waits for the end of the program.
    #[track_caller]
    pub(crate) fn finish(&mut self, deadline: Duration) -> ExitStatus {
        let mut status = None;
        wait_until("the program on the terminal has ended", deadline, || {
            status = self.process.try_wait().expect("our own child can be asked");
            status.is_some()
        });
        // Its last words are still on the terminal.
        let mut length = usize::MAX;
        while self.read.load(SeqCst) && length != self.shown().len() {
            length = self.shown().len();
            thread::sleep(PAUSE * 20);
        }
        status.expect("it has ended")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.open.store(false, SeqCst);
    }
}

/// The thread that owns the terminal.
struct Reader {
    terminal: OwnedFd,
    open: Arc<AtomicBool>,
    read: Arc<AtomicBool>,
    shown: Arc<Mutex<Vec<u8>>>,
}

impl Reader {
    fn run(self) {
        let (mut terminal, mut buffer) = (File::from(self.terminal), [0; 8192]);
        while self.open.load(SeqCst) {
            let length = if self.read.load(SeqCst) { terminal.read(&mut buffer) } else { Ok(0) };
            match length {
                Ok(length @ 1..) => {
                    let mut shown = self.shown.lock().expect("no thread panics while it holds the lock");
                    shown.extend_from_slice(&buffer[..length]);
                }
                // Nothing to read, or no program that has it open.
                Ok(0) => thread::sleep(PAUSE),
                Err(error) if error.kind() == ErrorKind::WouldBlock || error.raw_os_error().is_some() => {
                    thread::sleep(PAUSE);
                }
                Err(error) => panic!("the terminal cannot be read: {error}"),
            }
        }
    }
}

/// Returns whether what is started here ignores a signal, as under `nohup` or in the background of a script. So does qscale then.
pub(crate) fn is_ignored(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    ignored.unwrap_or_default() & (1 << (signal.as_raw() - 1)) != 0
}

/// Returns the processes that have `text` in their arguments or environment: number and arguments.
pub(crate) fn processes_with(text: &str) -> Vec<(u32, String)> {
    let read = |pid: u32, file: &str| {
        let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace('\0', " ")
    };
    let entries = fs::read_dir("/proc").expect("Linux has /proc").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| read(*pid, "environ").contains(text) || read(*pid, "cmdline").contains(text))
        .map(|pid| (pid, read(pid, "cmdline")))
        .collect()
}
