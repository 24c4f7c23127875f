//! Emptying the list without a promise.

use crate::bench::{Bench, Contender, Job};
use crate::groups::ITEMS_PER_SECOND;
use crate::report::Bound::AtLeast;

pub(crate) fn measure(bench: &mut Bench) {
    let (one, many) = (bench.items(50_000), bench.items(500_000));
    let rate = |name: &str, items, command| Contender::throughput(name, items, Job::new(command).fill(items).leaves(0));
    let consume = |items: u64, concurrency: u32| {
        bench.qscale(&format!(
            "consume --delivery at-most-once --work none --max-items {items} --concurrency {concurrency}"
        ))
    };
    let mut contenders = vec![
        rate("qscale, concurrency 1", one, consume(one, 1)),
        rate("bare socket, BRPOP", one, bench.raw(&format!("brpop --items {one}"))),
        rate("qscale, concurrency 64", many, consume(many, 64)),
        rate("bare socket, RPOP 50", many, bench.raw(&format!("pop --items {many} --batch 50"))),
    ];
    if let Some(command) = bench.go(&format!("brpop -items {one} -print")) {
        contenders.push(rate("Go, BRPOP", one, command));
    }
    bench.group("consume, at-most-once, --work none", ITEMS_PER_SECOND, contenders);
    let report = &mut bench.report;
    report.ratio(
        "consume at-most-once, concurrency 1, to Go's BRPOP",
        "qscale, concurrency 1",
        "Go, BRPOP",
        AtLeast(1.0),
    );
    report.ratio(
        "… concurrency 64, to a bare socket's RPOP 50",
        "qscale, concurrency 64",
        "bare socket, RPOP 50",
        AtLeast(0.77),
    );
}
