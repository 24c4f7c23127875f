//! Runs programs in turn and measures them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::machine::{self, About};
use crate::peers::{self, Peers, SOURCES as PEERS};
use crate::report::{Group, Program, Report, Run};
use crate::server::Server;
use crate::{Args, LIST, Result};

pub(crate) struct Bench {
    pub(crate) server: Server,
    pub(crate) peers: Peers,
    pub(crate) report: Report,
    pub(crate) rounds: usize,
    quick: bool,
    program: PathBuf,
    scratch: tempfile::TempDir,
    itself: PathBuf,
}

/// A program of a group, and how to measure one run of it.
pub(crate) struct Contender {
    pub(crate) name: String,
    measure: Measure,
}

type Measure = Box<dyn FnMut(&mut Bench) -> Result<Run>>;

impl Contender {
    pub(crate) fn new(name: impl Into<String>, measure: impl FnMut(&mut Bench) -> Result<Run> + 'static) -> Self {
        Self { name: name.into(), measure: Box::new(measure) }
    }

    /// A program that does `items` items' worth of work, from its start to its end.
    pub(crate) fn throughput(name: impl Into<String>, items: u64, job: Job) -> Self {
        Self::new(name, move |bench| bench.throughput(items, &job))
    }
}

/// One program's run: what is made ready, run, and checked afterwards.
pub(crate) struct Job {
    command: Vec<OsString>,
    stdin: Option<PathBuf>,
    items_on_list: u64,
    prepare: Option<Vec<OsString>>,
    own_clock: bool,
    length_after: Option<u64>,
    acknowledged: Option<u64>,
}

impl Job {
    pub(crate) fn new(command: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self {
            command: command.into_iter().map(Into::into).collect(),
            stdin: None,
            items_on_list: 0,
            prepare: None,
            own_clock: false,
            length_after: None,
            acknowledged: None,
        }
    }

    pub(crate) fn stdin(mut self, file: &Path) -> Self {
        self.stdin = Some(file.to_owned());
        self
    }

    /// Puts so many items on the list first.
    pub(crate) fn fill(mut self, items: u64) -> Self {
        self.items_on_list = items;
        self
    }

    /// Runs another command first: a peer with keys of its own.
    pub(crate) fn prepare(mut self, command: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.prepare = Some(command.into_iter().map(Into::into).collect());
        self
    }

    /// Takes the seconds that the program prints, since its runtime starts slowly and is not what is compared.
    pub(crate) fn own_clock(mut self) -> Self {
        self.own_clock = true;
        self
    }

    /// Fails a run that leaves another number of items: what did less than its work would be the fastest.
    pub(crate) fn leaves(mut self, items: u64) -> Self {
        self.length_after = Some(items);
        self
    }

    /// Fails a run after which qscale's counters show another number of acknowledged items.
    pub(crate) fn acknowledges(mut self, items: u64) -> Self {
        self.acknowledged = Some(items);
        self.leaves(0)
    }
}

impl Bench {
    pub(crate) fn new(args: &Args) -> Result<Self> {
        let program = args.qscale.canonicalize().map_err(|error| format!("{}: {error}", args.qscale.display()))?;
        let about = About::now(peers::versions(&program), args.rounds, args.pin);
        let last = std::thread::available_parallelism()?.get() - 1;
        if args.pin && last == 0 {
            return Err("--pin needs two processors".into());
        }
        if args.pin {
            machine::keep_to(&last.to_string())?;
        }
        let server = Server::start()?;
        if args.pin {
            machine::keep_to(&format!("0-{}", last - 1))?;
        }
        let mut report = Report::new(about);
        let peers = Peers::find(&mut report);
        let scratch = tempfile::tempdir()?;
        let itself = std::env::current_exe()?;
        Ok(Self { server, peers, report, rounds: args.rounds, quick: args.quick, program, scratch, itself })
    }

    /// Returns `items`, or a fifth of them for a quick run.
    pub(crate) fn items(&self, items: u64) -> u64 {
        if self.quick { items / 5 } else { items }
    }

    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Measures all `contenders` in turn, and that in every round; one that fails is left out and named.
    pub(crate) fn group(&mut self, title: &str, unit: &str, contenders: Vec<Contender>) {
        let mut programs = Vec::new();
        let mut running = Vec::new();
        for contender in contenders {
            programs.push(Program { name: contender.name, runs: Vec::new() });
            running.push(Some(contender.measure));
        }
        for _ in 0..self.rounds {
            for (program, measure) in programs.iter_mut().zip(&mut running) {
                let Some(run) = measure else { continue };
                match run(self) {
                    Ok(run) => program.runs.push(run),
                    Err(error) => {
                        self.report.miss(format!("{}: {error}", program.name));
                        program.runs.clear();
                        *measure = None;
                    }
                }
            }
        }
        self.report.add(Group { title: title.to_owned(), unit: unit.to_owned(), programs });
    }

    /// Items per second that `job` reaches.
    fn throughput(&mut self, items: u64, job: &Job) -> Result<Run> {
        self.server.empty()?;
        if let Some(prepare) = &job.prepare {
            machine::run(self.command(prepare).stdout(Stdio::null()))?;
            self.server.reset()?;
        }
        self.server.fill(job.items_on_list, 100)?;
        let printed = self.scratch().join("stdout");
        let mut command = self.command(&job.command);
        if let Some(file) = &job.stdin {
            command.stdin(std::fs::File::open(file)?);
        }
        if job.own_clock {
            command.stdout(std::fs::File::create(&printed)?);
        }
        let before = self.server.usage()?;
        let finished = machine::run(command.stderr(Stdio::piped()))?;
        let after = self.server.usage()?;
        self.check(job)?;
        let seconds = if job.own_clock { std::fs::read_to_string(&printed)?.trim().parse()? } else { finished.seconds };
        #[allow(clippy::cast_precision_loss, reason = "some millions are exact")]
        let [items, commands] = [items, after.commands - before.commands].map(|count| count as f64);
        #[allow(clippy::cast_precision_loss, reason = "some millions are exact")]
        let reads = after.reads.zip(before.reads).map(|(after, before)| (after - before) as f64 / items);
        Ok(Run {
            value: items / seconds,
            client_cpu: finished.cpu.map(|cpu| cpu / items * 1e6),
            server_cpu: Some((after.cpu - before.cpu) / items * 1e6),
            commands: Some(commands / items),
            reads,
        })
    }

    fn check(&mut self, job: &Job) -> Result<()> {
        if let Some(expected) = job.length_after {
            let left = self.server.length()?;
            if left != expected {
                return Err(format!("{left} items are on the list, not {expected}").into());
            }
        }
        if let Some(expected) = job.acknowledged {
            let acknowledged = self.acknowledged()?;
            if acknowledged != expected {
                return Err(format!("{acknowledged} items are acknowledged, not {expected}").into());
            }
        }
        Ok(())
    }

    /// Number of items that qscale's counters show as acknowledged.
    pub(crate) fn acknowledged(&mut self) -> Result<u64> {
        let acknowledged = self.server.call(&["HGET", &format!("{{{LIST}}}:stats"), "acknowledged"])?.text();
        Ok(if acknowledged.is_empty() { 0 } else { acknowledged.parse()? })
    }

    /// Starts consumers and waits until all of them wait for an item.
    pub(crate) fn start_idle(&mut self, command: &[OsString], count: u64) -> Result<Vec<Child>> {
        self.server.empty()?;
        let consumers = (0..count).map(|_| self.command(command).spawn()).collect::<std::io::Result<Vec<_>>>()?;
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.server.blocked()? < count && Instant::now() < deadline {
            sleep(Duration::from_millis(50));
        }
        Ok(consumers)
    }

    /// A command in surroundings of its own: what they say of a Redis or a profile is not meant for this one.
    pub(crate) fn command(&self, words: &[OsString]) -> Command {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env_clear().current_dir(self.scratch());
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path))).env("HOME", self.scratch());
        // A measurement leaves nothing in the repository.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// A qscale command line without a server.
    pub(crate) fn qscale_alone(&self, words: &str) -> Vec<OsString> {
        let words = words.split_whitespace().map(Into::into);
        [self.program.clone().into_os_string(), "--quiet".into()].into_iter().chain(words).collect()
    }

    /// A qscale command line that uses the private server and the list.
    pub(crate) fn qscale(&self, words: &str) -> Vec<OsString> {
        self.qscale_alone(&format!("{words} --redis {} --list {LIST}", self.server.url()))
    }

    /// The Go peer in one of its modes; none without Go.
    pub(crate) fn go(&self, words: &str) -> Option<Vec<OsString>> {
        let mut command = vec![self.peers.go.clone()?.into_os_string()];
        command.extend(format!("{words} -port {}", self.server.port).split_whitespace().map(Into::into));
        Some(command)
    }

    /// BullMQ, filling its queue or working on it; none without Node.
    pub(crate) fn bullmq(&self, words: &str) -> Option<Vec<OsString>> {
        let script = self.peers.node.as_ref()?.join("bullmq.mjs");
        let mut command = vec!["node".into(), script.into_os_string()];
        command.extend(format!("{words} {}", self.server.port).split_whitespace().map(Into::into));
        Some(command)
    }

    /// oha, posting items of 100 bytes to an endpoint; none where it is not installed.
    pub(crate) fn oha(&self, items: u64, connections: u32, address: &str) -> Option<Vec<OsString>> {
        let words = format!("{} --no-tui --output-format quiet -n {items} -c {connections} -m POST", self.peers.oha?);
        let item = "x".repeat(100);
        let words = words.split_whitespace().map(str::to_owned);
        Some(words.chain(["-d".to_owned(), item, format!("http://{address}/")]).map(Into::into).collect())
    }

    /// A Python program of the peers.
    pub(crate) fn python(script: &str) -> [OsString; 2] {
        ["python3".into(), Path::new(PEERS).join("python").join(script).into_os_string()]
    }

    /// Celery, filling its queue or working on it; none where it cannot be installed.
    pub(crate) fn celery(&self, words: &str) -> Option<Vec<OsString>> {
        let mut command = vec![self.peers.celery.clone()?.into_os_string()];
        command.push(Self::python("celery_jobs.py")[1].clone());
        command.extend(format!("{words} {}", self.server.port).split_whitespace().map(Into::into));
        Some(command)
    }

    /// This program as a client on a bare socket.
    pub(crate) fn raw(&self, words: &str) -> Vec<OsString> {
        let mut command = vec![self.itself.clone().into_os_string(), "raw".into()];
        command.extend(format!("{words} --port {}", self.server.port).split_whitespace().map(Into::into));
        command
    }
}
