//! One private Redis server per test, gone when the test is.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::RngExt;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::certificates::{Certificates, Identity};
use super::resp::{Link, Reply};
use super::{PAUSE, SOON};

/// The longest any answer may take; a server that is paused does not hang the test.
const ANSWER: Duration = Duration::from_secs(10);

/// A running server. It listens on a loopback port, and on a unix socket in its own folder, through which the test itself
/// looks at it: whatever is wrong with port, TLS or network, the test still sees the truth.
pub(crate) struct RedisServer {
    process: Child,
    program: PathBuf,
    folder: TempDir,
    port: u16,
    tls: bool,
    password: Option<String>,
}

/// Settings of a server.
#[derive(Default)]
pub(crate) struct Builder {
    directives: String,
    tls: bool,
    password: Option<String>,
    program: Option<PathBuf>,
}

impl Builder {
    /// Runs this program in place of the one on the path.
    pub(crate) fn program(mut self, program: &Path) -> Self {
        self.program = Some(program.to_owned());
        self
    }

    /// Adds a line of `redis.conf`.
    pub(crate) fn directive(mut self, line: &str) -> Self {
        writeln!(self.directives, "{line}").expect("a String takes a line");
        self
    }

    /// Adds a line that servers before 7 do not know.
    fn since_7(self, line: &str) -> Self {
        let knows = major_version(&self.program.clone().unwrap_or_else(program)) >= 7;
        if knows { self.directive(line) } else { self }
    }

    /// Sets the password of the user `default`.
    pub(crate) fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self.directive(&format!("requirepass {password}"))
    }

    /// Adds a user that may do what `rules` say, such as `~* +@all`.
    pub(crate) fn user(self, name: &str, password: &str, rules: &str) -> Self {
        self.directive(&format!("user {name} on >{password} {rules}"))
    }

    /// Writes every command to disk before it is answered, so that a server that was killed comes back with all of them.
    pub(crate) fn durable(self) -> Self {
        self.directive("appendonly yes").directive("appendfsync always")
    }

    /// Speaks TLS, as `identity`, on the port; any client may connect.
    pub(crate) fn tls(mut self, certificates: &Certificates, identity: &Identity) -> Self {
        self.tls = true;
        self.directive(&format!("tls-ca-cert-file {}", certificates.ca.display()))
            .directive(&format!("tls-cert-file {}", identity.certificate.display()))
            .directive(&format!("tls-key-file {}", identity.key.display()))
            .directive("tls-auth-clients no")
    }

    /// Speaks TLS on the port, and only with clients that have a certificate themselves.
    pub(crate) fn mutual_tls(self, certificates: &Certificates) -> Self {
        self.tls(certificates, &certificates.server).directive("tls-auth-clients yes")
    }

    /// Makes it a cluster of one, once [`RedisServer::take_all_slots`] has been called.
    pub(crate) fn cluster(self) -> Self {
        // Who has met no other does not know its own address.
        let cluster = self.directive("cluster-enabled yes").directive("cluster-announce-ip 127.0.0.1");
        // Its bus may listen on a port that another test has.
        cluster.since_7(&format!("cluster-port {}", free_port()))
    }

    /// Makes it a sentinel that watches over `master`, which it calls by `name`.
    pub(crate) fn sentinel(self, name: &str, master: &RedisServer) -> Self {
        self.directive(&format!("sentinel monitor {name} 127.0.0.1 {} 1", master.port))
    }

    /// Starts the server and waits until it answers.
    pub(crate) fn start(self) -> RedisServer {
        // Older ones permit it.
        self.since_7("enable-debug-command local").launch()
    }

    fn launch(self) -> RedisServer {
        let program = self.program.clone().unwrap_or_else(program);
        let folder = tempfile::tempdir().expect("a temporary folder");
        for _ in 0..20 {
            let port = free_port();
            let path = folder.path().display();
            let ports = if self.tls { format!("port 0\ntls-port {port}") } else { format!("port {port}") };
            let configuration = format!(
                "bind 127.0.0.1\n{ports}\nunixsocket {path}/redis.sock\ndir {path}\nlogfile {path}/redis.log\n\
                 save \"\"\nappendonly no\n{}",
                self.directives
            );
            fs::write(folder.path().join("redis.conf"), configuration).expect("the temporary folder takes a file");
            let mut process = launch(&program, folder.path());
            if !ends(&mut process, folder.path(), self.password.as_deref(), Ready::Answering) {
                let Self { tls, password, .. } = self;
                return RedisServer { process, program, folder, port, tls, password };
            }
            let said = said(folder.path());
            assert!(said.contains("Address already in use"), "{} did not start:\n{said}", program.display());
        }
        panic!("no free port on the loopback in 20 tries");
    }
}

impl RedisServer {
    /// Starts a plain server: no TLS, no password, nothing kept on disk.
    pub(crate) fn start() -> Self {
        Self::builder().start()
    }

    /// Returns whether the server on the path names the command of a script that a user may not run; before 7 it does not.
    pub(crate) fn names_commands_of_scripts() -> bool {
        major_version(&program()) >= 7
    }

    pub(crate) fn builder() -> Builder {
        Builder::default()
    }

    /// Gives a cluster of one all keys, and waits until it serves them.
    pub(crate) fn take_all_slots(&self) {
        self.take_slots(0..=16_383);
        super::wait_until("the cluster is up", SOON, || self.cli(&["CLUSTER", "INFO"]).contains("cluster_state:ok"));
    }

    /// Makes one cluster of this server and `other`: `slot` and the last, without which it would be no member once the first is
    /// gone, are here, and all others there.
    pub(crate) fn take_slot(&self, slot: u16, other: &RedisServer) {
        self.take_slots([slot, 16_383]);
        other.take_slots((0..slot).chain(slot + 1..16_383));
        self.meet(other);
        for server in [self, other] {
            super::wait_until("the cluster is up", SOON, || {
                let info = server.cli(&["CLUSTER", "INFO"]);
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:2")
            });
        }
    }

    /// Makes one cluster of three servers, the first of which has `slot`, the second all below it and the third all above.
    pub(crate) fn take_slots_of_three(servers: &[RedisServer; 3], slot: u16) {
        let ranges = [(slot, slot), (0, slot - 1), (slot + 1, 16_383)];
        for (server, (first, last)) in servers.iter().zip(ranges) {
            server.take_slots(first..=last);
        }
        for other in &servers[1..] {
            servers[0].meet(other);
        }
        for server in servers {
            super::wait_until("the cluster is up", SOON, || {
                let info = server.cli(&["CLUSTER", "INFO"]);
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
            });
        }
    }

    /// Adds slots of a cluster one by one: ranges came with 7.
    pub(crate) fn take_slots(&self, slots: impl IntoIterator<Item = u16>) {
        let slots: Vec<String> = slots.into_iter().map(|slot| slot.to_string()).collect();
        let words: Vec<&str> = ["CLUSTER", "ADDSLOTS"].into_iter().chain(slots.iter().map(String::as_str)).collect();
        self.cli(&words);
    }

    /// Joins its cluster with that of `other`.
    fn meet(&self, other: &RedisServer) {
        let bus = other.cli(&["CONFIG", "GET", "cluster-port"]);
        // A server before 7 has its bus 10000 above its port.
        let bus = bus.lines().nth(1).map_or_else(|| (other.port + 10_000).to_string(), str::to_owned);
        self.cli(&["CLUSTER", "MEET", "127.0.0.1", &other.port.to_string(), &bus]);
    }

    /// Its folder, which holds its data.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Takes `slot` and what is in it over from `other`, as redis-cli reshards.
    pub(crate) fn take_over(&self, slot: u16, other: &RedisServer) {
        let slot = slot.to_string();
        let [own, from] = [self, other].map(|server| server.cli(&["CLUSTER", "MYID"]).trim().to_owned());
        self.cli(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from]);
        other.cli(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &own]);
        let keys = other.cli(&["CLUSTER", "GETKEYSINSLOT", &slot, "100"]);
        for key in keys.lines().filter(|key| !key.is_empty()) {
            other.cli(&["MIGRATE", "127.0.0.1", &self.port.to_string(), key, "0", "5000"]);
        }
        for server in [self, other] {
            server.cli(&["CLUSTER", "SETSLOT", &slot, "NODE", &own]);
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its address as errors should name it.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `redis://` or `rediss://`, without credentials.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", if self.tls { "rediss" } else { "redis" }, self.address())
    }

    /// The same with credentials, such as `app:secret`.
    pub(crate) fn url_with(&self, credentials: &str) -> String {
        format!("{}://{credentials}@{}", if self.tls { "rediss" } else { "redis" }, self.address())
    }

    pub(crate) fn unix_url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// Sends one command as the user `default`; the answer as `redis-cli` would print it.
    ///
    /// Panics when the server says it is an error.
    #[track_caller]
    pub(crate) fn cli(&self, command: &[&str]) -> String {
        match self.ask(command) {
            Ok(Reply::Error(text)) => panic!("{command:?}: {text}"),
            Ok(reply) => reply.to_string(),
            Err(error) => panic!("{command:?}: {error}"),
        }
    }

    /// Sends one command as the user `default`.
    pub(crate) fn ask<A: AsRef<[u8]>>(&self, command: &[A]) -> io::Result<Reply> {
        link(self.folder.path(), self.password.as_deref())?.call(command)
    }

    /// Sends commands as the user `default`, one after the other on one connection; the outer error is of a connection.
    #[allow(dead_code, reason = "for tests/soak")]
    pub(crate) fn ask_each<A: AsRef<[u8]>, E>(
        &self,
        commands: &[Vec<A>],
        mut replied: impl FnMut() -> Result<(), E>,
    ) -> io::Result<Result<(), E>> {
        let mut link = link(self.folder.path(), self.password.as_deref())?;
        for command in commands {
            link.call(command)?;
            if let Err(error) = replied() {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    #[track_caller]
    pub(crate) fn llen(&self, list: &str) -> u64 {
        self.cli(&["LLEN", list]).parse().expect("LLEN is a number")
    }

    /// Everything on the list in the order it was pushed: its right end first.
    #[track_caller]
    pub(crate) fn pushed(&self, list: &str) -> Vec<String> {
        let mut items = self.lrange(list);
        items.reverse();
        items
    }

    /// Everything on the list, from its left end.
    #[track_caller]
    pub(crate) fn lrange(&self, list: &str) -> Vec<String> {
        match self.ask(&["LRANGE", list, "0", "-1"]) {
            Ok(Reply::Array(items)) => items.iter().map(ToString::to_string).collect(),
            answer => panic!("LRANGE {list}: {answer:?}"),
        }
    }

    /// The same as [`Self::pushed`], byte for byte.
    #[track_caller]
    pub(crate) fn pushed_bytes(&self, list: &str) -> Vec<Vec<u8>> {
        let Ok(Reply::Array(items)) = self.ask(&["LRANGE", list, "0", "-1"]) else { panic!("LRANGE {list}") };
        let bytes = |item| if let Reply::Text(bytes) = item { bytes } else { panic!("{item:?} in `{list}`") };
        items.into_iter().rev().map(bytes).collect()
    }

    /// Pushes items as any producer would; the first one is the first to be taken.
    #[track_caller]
    pub(crate) fn push<I: AsRef<[u8]>>(&self, list: &str, items: impl IntoIterator<Item = I>) {
        let mut command = vec![b"LPUSH".to_vec(), list.into()];
        command.extend(items.into_iter().map(|item| item.as_ref().to_vec()));
        assert!(matches!(self.ask(&command), Ok(Reply::Integer(_))), "LPUSH {list}");
    }

    /// Takes what is next, as any consumer would.
    #[track_caller]
    pub(crate) fn pop(&self, list: &str) -> Option<Vec<u8>> {
        match self.ask(&["RPOP", list]) {
            Ok(Reply::Text(item)) => Some(item),
            Ok(Reply::Nil) => None,
            answer => panic!("RPOP {list}: {answer:?}"),
        }
    }

    /// The names of all keys, in order.
    #[track_caller]
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.cli(&["KEYS", "*"]).lines().map(str::to_owned).collect();
        keys.sort();
        keys
    }

    /// Number of clients in a blocking command.
    #[track_caller]
    pub(crate) fn blocked_clients(&self) -> u64 {
        let info = self.cli(&["INFO", "clients"]);
        let count = info.lines().find_map(|line| line.strip_prefix("blocked_clients:"));
        count.and_then(|count| count.parse().ok()).expect("INFO counts the blocked clients")
    }

    /// Changes the password of the user `default`, until the next start.
    pub(crate) fn change_password(&mut self, password: &str) {
        self.cli(&["CONFIG", "SET", "requirepass", password]);
        self.password = Some(password.to_owned());
    }

    /// Adds a line to the configuration, for the next start.
    pub(crate) fn configure(&self, line: &str) {
        let file = self.folder.path().join("redis.conf");
        let configuration = fs::read_to_string(&file).expect("the configuration is there");
        fs::write(file, format!("{configuration}\n{line}\n")).expect("the temporary folder takes a file");
    }

    /// Ends it with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("our own child can be killed");
        self.process.wait().expect("our own child can be waited for");
    }

    /// Starts it again on the same port, after `kill`, and waits until it serves.
    pub(crate) fn restart(&mut self) {
        self.start_again(Ready::Serving);
    }

    /// The same, but waits only until it answers: it may still say LOADING.
    pub(crate) fn restart_loading(&mut self) {
        self.start_again(Ready::Answering);
    }

    fn start_again(&mut self, ready: Ready) {
        self.process = launch(&self.program, self.folder.path());
        let ended = ends(&mut self.process, self.folder.path(), self.password.as_deref(), ready);
        assert!(!ended, "did not start again:\n{}", said(self.folder.path()));
    }

    /// Stops its clock (SIGSTOP): connections stay, nothing answers.
    pub(crate) fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).expect("our own child takes signals");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// State that a server must reach before the test goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ready {
    Answering,
    Serving,
}

/// A Redis server from the path.
///
/// Without one the test fails: a test that is left out in silence is green for nothing.
fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    ["redis-server", "valkey-server"]
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|program| program.is_file())
        .expect("this test needs a Redis server: install the package redis-server (Debian, Ubuntu), valkey (Fedora, Homebrew)")
}

/// Major version of a server, of Redis or Valkey.
fn major_version(program: &Path) -> u32 {
    let said = Command::new(program).arg("--version").output().expect("the server says its version").stdout;
    let said = String::from_utf8_lossy(&said);
    let version = said.split_once("v=").and_then(|(_, version)| version.split('.').next()?.parse().ok());
    version.unwrap_or_else(|| panic!("{} says no version: {said}", program.display()))
}

fn launch(program: &Path, folder: &Path) -> Child {
    let configuration = folder.join("redis.conf");
    // A directive that the server does not know, such as those of TLS where it is built without, is said here alone.
    let output = || fs::File::options().create(true).append(true).open(folder.join("output")).expect("a file");
    let sentinel = fs::read_to_string(&configuration).is_ok_and(|text| text.contains("\nsentinel "));
    Command::new(program)
        .arg(configuration)
        .args(sentinel.then_some("--sentinel"))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(output())
        .stderr(output())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()))
}

/// Waits until the server is `ready`; says whether it has ended instead.
fn ends(process: &mut Child, folder: &Path, password: Option<&str>, ready: Ready) -> bool {
    // The process id tells it from another server that was quicker to take the place.
    let itself = format!("process_id:{}\r\n", process.id());
    let start = Instant::now();
    loop {
        if process.try_wait().expect("our own child can be asked").is_some() {
            return true;
        }
        let info = link(folder, password).and_then(|mut link| link.call(&["INFO"]));
        if let Ok(Reply::Text(info)) = info {
            let info = String::from_utf8_lossy(&info);
            if info.contains(&itself) && (ready == Ready::Answering || info.contains("\nloading:0\r\n")) {
                return false;
            }
        }
        if start.elapsed() > SOON {
            let _ = process.kill();
            let log = fs::read_to_string(folder.join("redis.log")).unwrap_or_default();
            panic!("the Redis server did not answer within {SOON:?}:\n{log}");
        }
        std::thread::sleep(PAUSE);
    }
}

/// Log of a server, and what it has said outside of it.
fn said(folder: &Path) -> String {
    let read = |name| fs::read_to_string(folder.join(name)).unwrap_or_default();
    format!("{}{}", read("redis.log"), read("output"))
}

fn link(folder: &Path, password: Option<&str>) -> io::Result<Link> {
    let mut link = Link::open(&folder.join("redis.sock"), ANSWER)?;
    if let Some(password) = password {
        link.call(&["AUTH", password])?;
    }
    Ok(link)
}

/// A port without a listener.
///
/// It lies below the range from which systems give ports to outgoing connections: no such connection may take the
/// place while a server is down.
pub(crate) fn free_port() -> u16 {
    loop {
        let port = rand::rng().random_range(10_000..32_000);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
