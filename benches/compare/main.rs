//! qscale next to its peers: whole programs, in turn, in several rounds, on one private Redis.
//!
//! Absolute numbers of a busy machine say little; what a round slows down it slows down for all, so ratios are taken
//! within a round, and then their median. `cargo bench --bench compare -- --help` says what can be chosen.
#![allow(clippy::print_stdout, reason = "a benchmark's result is its output")]

mod bench;
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../../tests/it/support/certificates.rs"]
mod certificates;
mod groups;
mod machine;
mod peers;
mod raw;
mod report;
mod resp;
mod server;

use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::{Parser, Subcommand};

use bench::Bench;
use report::Report;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The list that all programs use.
const LIST: &str = "bench";

/// Measures qscale next to its peers, and prints tables and goals as Markdown
#[derive(Parser)]
struct Args {
    /// Rounds; in each, every program runs once
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    rounds: usize,

    /// Groups to measure, comma-separated; all without it
    #[arg(long, value_name = "GROUP", value_delimiter = ',', value_parser = groups::names())]
    only: Vec<String>,

    /// A fifth of the items: a first impression, in a fifth of the time
    #[arg(long)]
    quick: bool,

    /// Keep the server on the last processor and the programs on the others; without it the kernel may put a client that
    /// works in step, such as redis-benchmark, on the processor of the server, where it is faster
    #[arg(long)]
    pin: bool,

    /// Program to measure in place of the one just built: another version, for a comparison
    #[arg(long, value_name = "FILE", default_value = env!("CARGO_BIN_EXE_qscale"), hide_default_value = true)]
    qscale: PathBuf,

    /// File for all the runs
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Measure nothing; print the goals of the runs in these files next to each other, as docs/performance.md has them
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["rounds", "only", "quick", "pin", "qscale", "json"])]
    show: Vec<PathBuf>,

    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,

    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Subcommand)]
enum Part {
    /// Be a peer: a client on a bare socket
    #[command(hide = true)]
    Raw(raw::Args),
}

fn main() -> Result<()> {
    let args = Args::parse();
    if let Some(Part::Raw(raw)) = args.part {
        return raw::run(&raw);
    }
    if !args.show.is_empty() {
        let reports = args.show.iter().map(|file| Report::read(file)).collect::<Result<Vec<_>>>()?;
        print!("{}", report::page(&reports));
        return Ok(());
    }
    let mut bench = Bench::new(&args)?;
    for (name, measure) in groups::ALL {
        if args.only.is_empty() || args.only.iter().any(|only| only == name) {
            measure(&mut bench);
        }
    }
    let report = bench.report;
    if let Some(file) = args.json {
        report.write(&file)?;
    }
    let shortcomings = report.shortcomings();
    println!("\n### Goals\n\n{}\n{shortcomings}", report::page(&[report]));
    Ok(())
}

fn is_on_path(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
