//! Emptying the list without losing an item.

use crate::bench::{Bench, Contender, Job};
use crate::groups::ITEMS_PER_SECOND;
use crate::report::Bound::AtLeast;

pub(crate) fn measure(bench: &mut Bench) {
    let (one, many, jobs) = (bench.items(20_000), bench.items(500_000), bench.items(10_000));
    let consume = |items: u64, concurrency: u32| {
        let words = format!("consume --work none --max-items {items} --concurrency {concurrency}");
        let job = Job::new(bench.qscale(&words)).fill(items).acknowledges(items);
        Contender::throughput(format!("qscale, concurrency {concurrency}"), items, job)
    };
    let rate = |name: &str, items, command| Contender::throughput(name, items, Job::new(command).fill(items).leaves(0));
    let mut contenders = vec![consume(one, 1), consume(many, 64)];
    contenders.push(rate("bare socket, BLMOVE and LREM", one, bench.raw(&format!("blmove --items {one}"))));
    if let Some(command) = bench.go(&format!("blmove -items {one} -print")) {
        contenders.push(rate("Go, BLMOVE and LREM", one, command));
    }
    if let Some(command) = bench.go(&format!("multi -items {many} -batch 50")) {
        contenders.push(rate("Go, MULTI of 50", many, command));
    }
    let fill = bench.go(&format!("asynq-fill -items {jobs}"));
    if let Some((fill, work)) = fill.zip(bench.go(&format!("asynq-work -items {jobs} -concurrency 50"))) {
        let job = Job::new(work).prepare(fill).own_clock();
        contenders.push(Contender::throughput("asynq, concurrency 50", jobs, job));
    }
    let fill = bench.bullmq(&format!("fill {jobs} 1"));
    if let Some((fill, work)) = fill.zip(bench.bullmq(&format!("work {jobs} 50"))) {
        let job = Job::new(work).prepare(fill).own_clock();
        contenders.push(Contender::throughput("BullMQ, concurrency 50", jobs, job));
    }
    bench.group("consume, at-least-once, --work none", ITEMS_PER_SECOND, contenders);

    let report = &mut bench.report;
    let (one, many) = ("qscale, concurrency 1", "qscale, concurrency 64");
    report.ratio(
        "consume at-least-once, concurrency 1, to Go's BLMOVE and LREM",
        one,
        "Go, BLMOVE and LREM",
        AtLeast(1.5),
    );
    report.ratio("… concurrency 64, to Go's MULTI of 50", many, "Go, MULTI of 50", AtLeast(1.5));
    report.ratio("… to asynq, concurrency 50", many, "asynq, concurrency 50", AtLeast(25.0));
    report.ratio("… to BullMQ, concurrency 50", many, "BullMQ, concurrency 50", AtLeast(25.0));
}
