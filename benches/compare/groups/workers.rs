//! Persistent workers: lines and HTTP next to what the worker or the endpoint reaches alone, and next to worker frameworks.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use crate::Result;
use crate::bench::{Bench, Contender, Job};
use crate::groups::ITEMS_PER_SECOND;
use crate::report::Bound::AtLeast;

/// Items in flight, and connections of the load generators.
const SLOTS: u32 = 64;

const NONE: &str = "qscale, --work none";
const COMPILED: &str = "qscale, lines, two Rust workers";
const GO: &str = "qscale, lines, two Go workers";
const PYTHON: &str = "qscale, lines, Python worker";
const LOOP: &str = "Python, its JSON loop on a pipe";
const HTTP: &str = "qscale, http";
const OHA: &str = "oha on the endpoint";
const LOAD: &str = "bare load generator on the endpoint";
const CELERY: &str = "Celery, prefork, concurrency 4";
const BULLMQ: &str = "BullMQ, concurrency 64";

pub(crate) fn measure(bench: &mut Bench) {
    let (many, few) = (bench.items(200_000), bench.items(10_000));
    let mut contenders = vec![consume(bench, NONE, many, "--work none", Vec::new())];
    contenders.push(consume(bench, COMPILED, many, "--handler lines --per-process 32", bench.raw("lines")));
    if let Some(worker) = bench.go("lines") {
        contenders.push(consume(bench, GO, many, "--handler lines --per-process 32", worker));
    }
    match lines_of(bench, many) {
        Ok(on_a_pipe) => {
            let worker = Bench::python("lines.py").to_vec();
            contenders.push(consume(bench, PYTHON, many, "--handler lines --per-process 64", worker));
            contenders.push(Contender::throughput(LOOP, many, Job::new(on_a_pipe)));
        }
        Err(error) => bench.report.miss(format!("{LOOP}: {error}")),
    }
    let endpoint = bench.go("serve").map(|words| Endpoint::start(bench, &words)).transpose();
    let endpoint = endpoint.unwrap_or_else(|error| {
        bench.report.miss(format!("{HTTP}: {error}"));
        None
    });
    if let Some(Endpoint { address, .. }) = &endpoint {
        let words = format!("--handler http --url http://{address}/");
        contenders.push(consume(bench, HTTP, many / 2, &words, Vec::new()));
        contenders
            .extend(bench.oha(many / 2, SLOTS, address).map(|oha| Contender::throughput(OHA, many / 2, Job::new(oha))));
        let load = format!("load -items {} -concurrency {SLOTS} -http {address}", many / 2);
        contenders.extend(bench.go(&load).map(|load| Contender::throughput(LOAD, many / 2, Job::new(load))));
    }
    let peers = [
        (CELERY, bench.celery(&format!("fill {few} 1")), bench.celery(&format!("work {few} 4"))),
        (BULLMQ, bench.bullmq(&format!("fill {few} 1")), bench.bullmq(&format!("work {few} {SLOTS}"))),
    ];
    for (name, fill, work) in peers {
        if let Some((fill, work)) = fill.zip(work) {
            contenders.push(Contender::throughput(name, few, Job::new(work).prepare(fill).own_clock()));
        }
    }
    bench.group("persistent workers, at-least-once, 64 items in flight", ITEMS_PER_SECOND, contenders);

    let report = &mut bench.report;
    report.ratio("consume --handler lines, two Rust workers, to --work none", COMPILED, NONE, AtLeast(0.5));
    report.ratio("… two Go workers", GO, NONE, None);
    report.ratio("… Python worker, to its own JSON loop on a pipe", PYTHON, LOOP, AtLeast(0.5));
    report.ratio("… Python worker, to Celery", PYTHON, CELERY, None);
    report.ratio("consume --handler http, to oha with as many connections", HTTP, OHA, AtLeast(0.6));
    report.ratio("… to a bare load generator", HTTP, LOAD, None);
    report.ratio("… to BullMQ", HTTP, BULLMQ, None);
}

/// A consumer that ends after `items`.
fn consume(bench: &Bench, name: &str, items: u64, words: &str, worker: Vec<OsString>) -> Contender {
    let mut command = bench.qscale(&format!("consume --max-items {items} --concurrency {SLOTS} {words}"));
    if !worker.is_empty() {
        command.push("--".into());
        command.extend(worker);
    }
    Contender::throughput(name, items, Job::new(command).fill(items).acknowledges(items))
}

/// Writes the lines that the worker is given, and returns the command that has it read them from a pipe.
fn lines_of(bench: &Bench, items: u64) -> Result<Vec<OsString>> {
    let file = bench.scratch().join("lines");
    let mut lines = std::io::BufWriter::new(std::fs::File::create(&file)?);
    let item = "x".repeat(100);
    for number in 0..items {
        writeln!(lines, r#"{{"id":"consumer-00000000:c{number}:1","list":"bench","attempt":1,"item":"{item}"}}"#)?;
    }
    lines.flush()?;
    let worker = Bench::python("lines.py").map(|word| word.to_string_lossy().into_owned()).join(" ");
    Ok(["sh", "-c", &format!("cat lines | {worker} | cat > /dev/null")].map(OsString::from).to_vec())
}

/// An endpoint that runs as long as this.
struct Endpoint {
    address: String,
    process: std::process::Child,
}

impl Endpoint {
    fn start(bench: &Bench, words: &[OsString]) -> Result<Self> {
        let mut process = bench.command(words).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        BufReader::new(process.stdout.take().ok_or("no stdout")?).read_line(&mut address)?;
        Ok(Self { address: address.trim().to_owned(), process })
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // Either it runs, or there is nothing to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
