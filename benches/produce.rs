//! `qscale produce` against `redis-benchmark`, in turn on one private server, so that a busy machine slows both.
#![allow(clippy::print_stdout, reason = "a benchmark's result is its output")]

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const ROUNDS: usize = 7;
const ITEMS: u64 = 1_000_000;
const LIST: &str = "bench";

fn main() -> Result<()> {
    let payload = "x".repeat(100);
    let server = Server::start()?;
    let contenders = contenders(server.port, &payload);

    println!(
        "{ITEMS} items of {} bytes a run, {ROUNDS} rounds; items per second, start of the program included",
        payload.len()
    );
    print!("{:>7}", "round");
    for contender in &contenders {
        print!("{:>34}", contender.name);
    }
    println!();
    let mut rates = vec![Vec::new(); contenders.len()];
    let mut ratios = rates.clone();
    for round in 1..=ROUNDS {
        let mut line = format!("{round:>7}");
        let mut first = None;
        for (index, contender) in contenders.iter().enumerate() {
            let rate = server.time(contender)?;
            // Compared within the round: what else the machine does changes from one to the next.
            let ratio = rate / *first.get_or_insert(rate);
            line += &cell(rate, ratio);
            rates[index].push(rate);
            ratios[index].push(ratio);
        }
        println!("{line}");
    }
    let medians = rates.into_iter().zip(ratios).map(|(rates, ratios)| cell(median(rates), median(ratios)));
    println!("{:>7}{}", "median", medians.collect::<String>());
    Ok(())
}

/// One of the programs that fill the list.
struct Contender {
    name: String,
    program: String,
    args: Vec<String>,
}

/// Returns who takes part; the first is what the others are compared with.
fn contenders(port: u16, payload: &str) -> Vec<Contender> {
    let benchmark = ["valkey-benchmark", "redis-benchmark"].into_iter().find(|program| is_on_path(program));
    if benchmark.is_none() {
        println!("neither valkey-benchmark nor redis-benchmark is on the path: qscale is compared with itself alone");
    }
    let benchmark = benchmark.map(|program| Contender {
        name: format!("{program} -c 1 -P 50"),
        program: program.to_owned(),
        args: words(&format!("-p {port} -c 1 -P 50 -n {ITEMS} -q LPUSH {LIST} {payload}")),
    });
    let produce = [50, 500].map(|batch| Contender {
        name: format!("qscale produce --batch {batch}"),
        program: env!("CARGO_BIN_EXE_qscale").to_owned(),
        args: words(&format!(
            "produce --profile config/demo.toml --redis redis://127.0.0.1:{port} --list {LIST} --count {ITEMS} --batch {batch} --rate max \
             --payload {payload} --output json --quiet"
        )),
    });
    benchmark.into_iter().chain(produce).collect()
}

/// A Redis of the benchmark's own; it writes no file, and is gone with this value.
struct Server {
    port: u16,
    process: Child,
}

impl Server {
    fn start() -> Result<Self> {
        let program = ["valkey-server", "redis-server"].into_iter().find(|program| is_on_path(program));
        let program = program.ok_or("install valkey-server or redis-server (`make setup` does)")?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let process = Command::new(program)
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn()?;
        let server = Self { port, process };
        let deadline = Instant::now() + Duration::from_secs(10);
        while server.ask("PING").is_err() {
            if Instant::now() > deadline {
                return Err(format!("{program} does not answer on port {port}").into());
            }
            sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// Returns how many items per second `contender` puts on the empty list.
    fn time(&self, contender: &Contender) -> Result<f64> {
        self.ask("FLUSHALL SYNC")?;
        let mut command = Command::new(&contender.program);
        // What the surroundings say of a Redis is not meant for this one.
        command.args(&contender.args).env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        let start = Instant::now();
        let output = command.stdin(Stdio::null()).output()?;
        let seconds = start.elapsed().as_secs_f64();
        if !output.status.success() {
            let (name, errors) = (&contender.name, String::from_utf8_lossy(&output.stderr));
            return Err(format!("{name} ended with {}: {errors}", output.status).into());
        }
        // A contender that did less than its work would be the quickest.
        let length = self.ask(&format!("LLEN {LIST}"))?;
        if length != format!(":{ITEMS}") {
            return Err(format!("{} left {length} items on the list, not {ITEMS}", contender.name).into());
        }
        #[allow(clippy::cast_precision_loss, reason = "a million is exact")]
        let items = ITEMS as f64;
        Ok(items / seconds)
    }

    /// Sends one command as a line of words, and returns the line that Redis answers.
    fn ask(&self, command: &str) -> Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        writeln!(stream, "{command}\r")?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        let answer = answer.trim_end();
        if answer.is_empty() || answer.starts_with('-') {
            return Err(format!("{command}: {answer}").into());
        }
        Ok(answer.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn is_on_path(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn cell(rate: f64, ratio: f64) -> String {
    format!("{rate:>25.0}  x {ratio:<5.2}")
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
