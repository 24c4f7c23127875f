//! A process for each item.

use crate::bench::{Bench, Contender, Job};
use crate::groups::ITEMS_PER_SECOND;
use crate::report::Bound::AtLeast;

pub(crate) fn measure(bench: &mut Bench) {
    let items = bench.items(1_000);
    let consume = bench.qscale(&format!("consume --max-items {items} --concurrency 2"));
    let consume =
        Job::new(consume.into_iter().chain(["--".into(), "/bin/true".into()])).fill(items).acknowledges(items);
    let xargs = Job::new(["sh".to_owned(), "-c".to_owned(), format!("seq {items} | xargs -P 2 -n 1 /bin/true")]);
    let contenders = vec![
        Contender::throughput("qscale consume -- /bin/true", items, consume),
        Contender::throughput(
            "spawn and wait",
            items,
            Job::new(bench.raw(&format!("spawn --items {items} --batch 2"))),
        ),
        Contender::throughput("xargs -P 2", items, xargs),
    ];
    bench.group("a command per item, two at a time", ITEMS_PER_SECOND, contenders);
    let report = &mut bench.report;
    report.ratio(
        "consume -- /bin/true, to spawn and wait",
        "qscale consume -- /bin/true",
        "spawn and wait",
        AtLeast(0.8),
    );
    report.ratio("… to xargs -P 2", "qscale consume -- /bin/true", "xargs -P 2", None);
}
