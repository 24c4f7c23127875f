//! Filling the list through TLS.

use crate::LIST;
use crate::bench::{Bench, Contender, Job};
use crate::groups::ITEMS_PER_SECOND;
use crate::report::Bound::AtLeast;

pub(crate) fn measure(bench: &mut Bench) {
    let Some((port, authority)) = bench.server.tls.clone() else {
        return bench.report.miss("TLS: the server was built without it".to_owned());
    };
    let items = bench.items(1_000_000);
    let words = format!("produce --count {items} --batch 500 --rate max --payload {}", "x".repeat(100));
    let secure = format!("{words} --list {LIST} --redis rediss://localhost:{port} --tls-ca {}", authority.display());
    let rate = |name: &str, command| Contender::throughput(name, items, Job::new(command).leaves(items));
    let bare = format!("push-once --items {items} --batch 500");
    let secure_bare = format!("{bare} --tls-port {port} --tls-ca {}", authority.display());
    let contenders = vec![
        rate("plain", bench.qscale(&words)),
        rate("TLS", bench.qscale_alone(&secure)),
        rate("bare socket, plain", bench.raw(&bare)),
        rate("bare socket, TLS", bench.raw(&secure_bare)),
    ];
    bench.group("produce through TLS, batch 500, 100 bytes an item", ITEMS_PER_SECOND, contenders);
    bench.report.ratio("produce through TLS, to plain", "TLS", "plain", AtLeast(0.85));
    bench.report.ratio("… by a bare socket", "bare socket, TLS", "bare socket, plain", None);
}
