//! Filling the list.

use crate::LIST;
use crate::bench::{Bench, Contender, Job};
use crate::groups::ITEMS_PER_SECOND;
use crate::report::Bound::AtLeast;

pub(crate) fn measure(bench: &mut Bench) {
    let items = bench.items(1_000_000);
    let payload = "x".repeat(100);
    let rate = |name: &str, command| Contender::throughput(name, items, Job::new(command).leaves(items));
    let produce = |batch: u32, payload: &str| {
        bench.qscale(&format!("produce --count {items} --batch {batch} --rate max --payload {payload}"))
    };
    let raw = |kind: &str| bench.raw(&format!("{kind} --items {items} --batch 500"));

    let mut contenders = vec![
        rate("qscale, batch 500", produce(500, &payload)),
        rate("bare socket, LPUSH 500, 4 in flight", raw("push")),
        rate("bare socket, exactly once, 500, 4 in flight", raw("push-once")),
        rate("qscale, batch 50, message-N", produce(50, "message-{int:0..49}")),
    ];
    if let Some(program) = bench.peers.benchmark {
        let port = bench.server.port;
        let words = format!("{program} -p {port} -c 1 -P 50 -n {items} -q LPUSH {LIST} {payload}");
        contenders.push(rate("redis-benchmark -c 1 -P 50", words.split(' ').map(Into::into).collect()));
    }
    if let Some(command) = bench.go(&format!("push -items {items} -batch 50")) {
        contenders.push(rate("Go, pipelines of 50, message-N", command));
    }
    bench.group("produce, 100 bytes an item", ITEMS_PER_SECOND, contenders);

    let report = &mut bench.report;
    let (qscale, plain) = ("qscale, batch 500", "bare socket, LPUSH 500, 4 in flight");
    let once = "bare socket, exactly once, 500, 4 in flight";
    report.ratio(
        "produce, batch 500, to redis-benchmark -c 1 -P 50",
        qscale,
        "redis-benchmark -c 1 -P 50",
        AtLeast(2.5),
    );
    report.ratio("… to a bare socket that pushes exactly once, 4 in flight", qscale, once, AtLeast(0.9));
    report.ratio("… to a bare socket's LPUSH 500, 4 in flight", qscale, plain, None);
    report.ratio("exactly-once pushes to plain ones, both by a bare socket", once, plain, AtLeast(0.75));
    report.server_ratio("… the server's share (processor time per item)", once, plain, None);
    report.ratio(
        "produce, batch 50, message-N, to Go's pipelines",
        "qscale, batch 50, message-N",
        "Go, pipelines of 50, message-N",
        AtLeast(2.5),
    );
}
