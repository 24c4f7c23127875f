//! A process for each item.

use crate::bench::{Bench, Contender, Job};
use crate::groups::ITEMS_PER_SECOND;
use crate::report::Bound::AtLeast;

pub(crate) fn measure(bench: &mut Bench) {
    let items = bench.items(1_000);
    let mut contenders = Vec::new();
    for slots in [2, 4] {
        let consume = bench.qscale(&format!("consume --max-items {items} --concurrency {slots}"));
        let consume =
            Job::new(consume.into_iter().chain(["--".into(), "/bin/true".into()])).fill(items).acknowledges(items);
        let spawn = Job::new(bench.raw(&format!("spawn --items {items} --batch {slots}")));
        let xargs =
            Job::new(["sh".to_owned(), "-c".to_owned(), format!("seq {items} | xargs -P {slots} -n 1 /bin/true")]);
        contenders.push(Contender::throughput(consume_name(slots), items, consume));
        let pipes = Job::new(bench.raw(&format!("spawn-with-pipes --items {items} --batch {slots}")));
        contenders.push(Contender::throughput(spawn_name(slots), items, spawn));
        contenders.push(Contender::throughput(pipes_name(slots), items, pipes));
        contenders.push(Contender::throughput(xargs_name(slots), items, xargs));
    }
    bench.group("a command per item", ITEMS_PER_SECOND, contenders);
    let report = &mut bench.report;
    let title = "consume -- /bin/true, concurrency 2, to spawn and wait";
    report.ratio(title, &consume_name(2), &spawn_name(2), AtLeast(0.8));
    report.ratio("… to spawn and wait with pipes", &consume_name(2), &pipes_name(2), None);
    report.ratio("… to xargs -P 2", &consume_name(2), &xargs_name(2), None);
    report.ratio("… concurrency 4, to spawn and wait", &consume_name(4), &spawn_name(4), None);
    report.ratio("… to spawn and wait with pipes", &consume_name(4), &pipes_name(4), None);
    report.ratio("… to xargs -P 4", &consume_name(4), &xargs_name(4), None);
}

fn consume_name(slots: u32) -> String {
    format!("qscale consume -- /bin/true, concurrency {slots}")
}

fn spawn_name(slots: u32) -> String {
    format!("spawn and wait, {slots} at a time")
}

fn pipes_name(slots: u32) -> String {
    format!("spawn and wait with pipes, {slots} at a time")
}

fn xargs_name(slots: u32) -> String {
    format!("xargs -P {slots}")
}
