//! `qscale render` against `kubectl create --dry-run=client`, in turn, so that a busy machine slows both.
#![allow(clippy::print_stdout, reason = "a benchmark's result is its output")]

use std::error::Error;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const ROUNDS: usize = 7;

/// So many runs in a round: one alone takes too little to be measured well.
const RUNS: u32 = 20;

fn main() -> Result<()> {
    let contenders = contenders();
    println!("{RUNS} runs a round, {ROUNDS} rounds; milliseconds a run, start of the program included");
    print!("{:>7}", "round");
    for contender in &contenders {
        print!("{:>46}", contender.name);
    }
    println!();
    let mut times = vec![Vec::new(); contenders.len()];
    let mut ratios = times.clone();
    for round in 1..=ROUNDS {
        let mut line = format!("{round:>7}");
        let mut first = None;
        for (index, contender) in contenders.iter().enumerate() {
            let millis = contender.time()?;
            // Compared within the round: what else the machine does changes from one to the next.
            let ratio = millis / *first.get_or_insert(millis);
            line += &cell(millis, ratio);
            times[index].push(millis);
            ratios[index].push(ratio);
        }
        println!("{line}");
    }
    let medians = times.into_iter().zip(ratios).map(|(times, ratios)| cell(median(times), median(ratios)));
    println!("{:>7}{}", "median", medians.collect::<String>());
    Ok(())
}

/// One of the programs that write manifests.
struct Contender {
    name: String,
    program: String,
    args: Vec<String>,
}

/// Returns who takes part; the first is what the others are compared with.
fn contenders() -> Vec<Contender> {
    // One Deployment, and that a bare one, is what kubectl can make of words.
    let kubectl = is_on_path("kubectl").then(|| Contender {
        name: "kubectl create deployment --dry-run=client".to_owned(),
        program: "kubectl".to_owned(),
        args: words("create deployment demo --image=qscale:1 --dry-run=client --output=yaml"),
    });
    if kubectl.is_none() {
        println!("kubectl is not on the path: qscale is compared with itself alone");
    }
    let qscale = ["yaml", "json"].map(|format| Contender {
        name: format!("qscale render --format {format}"),
        program: env!("CARGO_BIN_EXE_qscale").to_owned(),
        args: words(&format!("render --profile config/demo.toml --format {format}")),
    });
    kubectl.into_iter().chain(qscale).collect()
}

impl Contender {
    /// Returns how many milliseconds a run takes.
    fn time(&self) -> Result<f64> {
        let mut all = Duration::ZERO;
        for _ in 0..RUNS {
            let mut command = Command::new(&self.program);
            // What the surroundings say of a cluster or a profile is not meant.
            command.args(&self.args).env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
            let start = Instant::now();
            let output = command.stdin(Stdio::null()).output()?;
            all += start.elapsed();
            if !output.status.success() || output.stdout.is_empty() {
                let errors = String::from_utf8_lossy(&output.stderr);
                return Err(format!("{} ended with {}: {errors}", self.name, output.status).into());
            }
        }
        Ok(all.as_secs_f64() * 1e3 / f64::from(RUNS))
    }
}

fn is_on_path(program: &str) -> bool {
    Command::new(program).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn cell(millis: f64, ratio: f64) -> String {
    format!("{millis:>37.1}  x {ratio:<5.2}")
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
