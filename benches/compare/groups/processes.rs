//! Several consumers on one list: the processor time of all of them and of the server, per item.

use std::ffi::OsString;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::bench::{Bench, Contender};
use crate::report::Bound::AtMost;
use crate::report::Run;
use crate::{Result, machine};

pub(crate) fn measure(bench: &mut Bench) {
    let items = bench.items(100_000);
    let counts: [u64; 4] = [1, 4, 16, 64];
    let contenders = counts.map(|count| {
        let command = bench.qscale("consume --work none");
        Contender::new(name(count), move |bench| cost(bench, &command, count, items))
    });
    bench.group("several consumers, at-least-once", "µs of processor time per item", contenders.into());
    for count in &counts[1..] {
        let text = format!("cost per item with {count} consumers, to one");
        bench.report.ratio(&text, &name(*count), &name(1), AtMost(1.2));
    }
}

fn name(consumers: u64) -> String {
    format!("consumers: {consumers}")
}

fn cost(bench: &mut Bench, command: &[OsString], count: u64, items: u64) -> Result<Run> {
    let mut consumers = bench.start_idle(command, count)?;
    let cost = cost_of_running(bench, &consumers, items);
    for consumer in &mut consumers {
        consumer.kill()?;
        consumer.wait()?;
    }
    cost
}

fn cost_of_running(bench: &mut Bench, consumers: &[Child], items: u64) -> Result<Run> {
    let client = |consumers: &[Child]| {
        consumers.iter().map(|consumer| machine::cpu_of_running(consumer.id())).sum::<Option<f64>>()
    };
    let before = (client(consumers).ok_or("processor time is known on Linux alone")?, bench.server.usage()?.cpu);
    bench.server.fill(items, 100)?;
    let deadline = Instant::now() + Duration::from_secs(120);
    while bench.acknowledged()? < items {
        if Instant::now() > deadline {
            return Err("items are left after two minutes".into());
        }
        sleep(Duration::from_millis(20));
    }
    let after = (client(consumers).ok_or("a consumer ended")?, bench.server.usage()?.cpu);
    #[allow(clippy::cast_precision_loss, reason = "some thousands are exact")]
    let per_item = |seconds: f64| seconds / items as f64 * 1e6;
    let (client, server) = (per_item(after.0 - before.0), per_item(after.1 - before.1));
    Ok(Run { value: client + server, client_cpu: Some(client), server_cpu: Some(server), ..Run::default() })
}
