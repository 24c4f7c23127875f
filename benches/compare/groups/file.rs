//! Filling the list from a file of lines.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::bench::{Bench, Contender, Job};
use crate::groups::ITEMS_PER_SECOND;
use crate::report::Bound::AtLeast;
use crate::resp::encode;
use crate::{LIST, Result};

pub(crate) fn measure(bench: &mut Bench) {
    let items = bench.items(5_000_000);
    let lines = bench.scratch().join("lines");
    let commands = bench.scratch().join("commands");
    if let Err(error) = write(items, &lines, &commands) {
        return bench.report.miss(format!("produce from a file: {error}"));
    }
    let produce = bench.qscale(&format!("produce --batch 500 --rate max --input {}", lines.display()));
    let mut contenders = vec![Contender::throughput("qscale, --input", items, Job::new(produce).leaves(items))];
    if let Some(program) = bench.peers.cli {
        let words = format!("{program} -p {} --pipe", bench.server.port);
        let job = Job::new(words.split(' ')).stdin(&commands).leaves(items);
        contenders.push(Contender::throughput("redis-cli --pipe", items, job));
    }
    bench.group("produce from a file, 20 bytes a line", ITEMS_PER_SECOND, contenders);
    bench.report.ratio("produce from a file, to redis-cli --pipe", "qscale, --input", "redis-cli --pipe", AtLeast(2.0));
}

/// Writes the same items as lines and as commands.
fn write(items: u64, lines: &Path, commands: &Path) -> Result<()> {
    let (mut plain, mut encoded) = (BufWriter::new(File::create(lines)?), BufWriter::new(File::create(commands)?));
    for number in 0..items {
        let item = format!("item-{number:015}");
        writeln!(plain, "{item}")?;
        encoded.write_all(&encode(&["LPUSH", LIST, &item]))?;
    }
    plain.flush()?;
    Ok(encoded.flush()?)
}
