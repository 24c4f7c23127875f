//! A Redis of the benchmark's own, and what it tells of itself.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::certificates::Certificates;
use crate::resp::{Connection, Reply, encode};
use crate::{LIST, Result, is_on_path};

/// Programs that serve, the preferred one first.
pub(crate) const SERVERS: [&str; 2] = ["valkey-server", "redis-server"];

/// A server without persistence; it ends with this value.
pub(crate) struct Server {
    pub(crate) port: u16,
    /// Port and authority for TLS; none if the server was built without it.
    pub(crate) tls: Option<(u16, PathBuf)>,
    _certificates: Certificates,
    connection: Connection,
    process: Child,
}

impl Server {
    pub(crate) fn start() -> Result<Self> {
        let program = SERVERS.into_iter().find(|program| is_on_path(program));
        let program = program.ok_or("install valkey-server or redis-server (`make setup` does)")?;
        let certificates = Certificates::new();
        let free_port = || Ok::<_, std::io::Error>(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port());
        let (port, tls_port) = (free_port()?, free_port()?);
        let mut command = Command::new(program);
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"]);
        command.args(["--loglevel", "warning"]);
        let mut secure = Command::new(program);
        secure.args(command.get_args()).args(["--tls-port", &tls_port.to_string(), "--tls-auth-clients", "no"]);
        for (name, file) in [
            ("--tls-ca-cert-file", &certificates.ca),
            ("--tls-cert-file", &certificates.server.certificate),
            ("--tls-key-file", &certificates.server.key),
        ] {
            secure.arg(name).arg(file);
        }
        let (tls, (process, connection)) = match serve(&mut secure, port) {
            Ok(serving) => (Some((tls_port, certificates.ca.clone())), serving),
            // Built without TLS, it does not know the settings.
            Err(_) => (None, serve(&mut command, port)?),
        };
        Ok(Self { port, tls, _certificates: certificates, connection, process })
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn call(&mut self, words: &[&str]) -> Result<Reply> {
        self.connection.call(words)
    }

    /// Removes every key, and sets the counters of [`Self::usage`] back.
    pub(crate) fn empty(&mut self) -> Result<()> {
        self.call(&["FLUSHALL", "SYNC"])?;
        self.reset()
    }

    pub(crate) fn reset(&mut self) -> Result<()> {
        self.call(&["CONFIG", "RESETSTAT"]).map(drop)
    }

    /// Puts `items` items of `bytes` bytes on the list.
    pub(crate) fn fill(&mut self, items: u64, bytes: usize) -> Result<()> {
        const BATCH: u64 = 500;
        let item = "x".repeat(bytes);
        let mut left = items;
        while left > 0 {
            let batch = left.min(BATCH);
            let mut words = vec!["LPUSH", LIST];
            words.extend((0..batch).map(|_| item.as_str()));
            self.connection.send(&encode(&words))?;
            self.connection.receive()?;
            left -= batch;
        }
        self.reset()
    }

    pub(crate) fn length(&mut self) -> Result<u64> {
        Ok(self.call(&["LLEN", LIST])?.text().parse()?)
    }

    /// Number of clients that wait in a blocking command.
    pub(crate) fn blocked(&mut self) -> Result<u64> {
        Ok(self.info("clients")?["blocked_clients"].parse()?)
    }

    pub(crate) fn usage(&mut self) -> Result<Usage> {
        let cpu = self.info("cpu")?;
        // Redis before 6.2 tells only of the whole process.
        let seconds = |of: &str| -> Result<f64> {
            let main = cpu.get(&format!("used_cpu_{of}_main_thread"));
            Ok(main.or_else(|| cpu.get(&format!("used_cpu_{of}"))).ok_or("INFO cpu: no used_cpu")?.parse()?)
        };
        let commands = self.info("commandstats")?.values().filter_map(|stats| calls(stats)).sum();
        let reads = self.info("stats")?.get("total_reads_processed").map(|reads| reads.parse()).transpose()?;
        Ok(Usage { cpu: seconds("user")? + seconds("sys")?, commands, reads })
    }

    fn info(&mut self, section: &str) -> Result<BTreeMap<String, String>> {
        let text = self.call(&["INFO", section])?.text();
        let pairs = text.lines().filter_map(|line| line.split_once(':'));
        Ok(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts a server and waits until it answers.
fn serve(command: &mut Command, port: u16) -> Result<(Child, Connection)> {
    let mut process = command.stdout(Stdio::null()).spawn()?;
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match Connection::open(port) {
            Ok(connection) => return Ok((process, connection)),
            Err(_) if process.try_wait()?.is_none() && Instant::now() < deadline => sleep(Duration::from_millis(20)),
            Err(error) => {
                process.kill()?;
                process.wait()?;
                return Err(
                    format!("{} does not answer on port {port}: {error}", command.get_program().display()).into()
                );
            }
        }
    }
}

/// Work that the server has done since its counters were set back.
pub(crate) struct Usage {
    /// Seconds of processor time of its main thread, since it started.
    pub(crate) cpu: f64,
    /// Commands run, those of scripts included.
    pub(crate) commands: u64,
    /// Reads from sockets, about one for each round trip; from Redis 6 on.
    pub(crate) reads: Option<u64>,
}

fn calls(stats: &str) -> Option<u64> {
    stats.strip_prefix("calls=")?.split(',').next()?.parse().ok()
}
