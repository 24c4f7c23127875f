//! An hour of simulated load.

use crate::bench::{Bench, Contender};
use crate::machine;
use crate::report::Bound::AtMost;
use crate::report::Run;

/// A hundred pods are just enough for it: each takes ten of the thousand items a second.
const PROFILE: &str = "[produce]\nrate = 1000\n[consume]\nwork = \"100ms\"\n\
                       [scale]\nmin-replica-count = 0\nmax-replica-count = 100\nlist-length = 10\n";

pub(crate) fn measure(bench: &mut Bench) {
    let profile = bench.scratch().join("simulate.toml");
    if let Err(error) = std::fs::write(&profile, PROFILE) {
        return bench.report.miss(format!("simulate: {error}"));
    }
    let words = format!("--profile {} simulate --produce 1h@1000 --duration 1h --output json", profile.display());
    let command = bench.qscale_alone(&words);
    let contender = Contender::new("qscale simulate", move |bench| {
        Ok(Run { value: machine::run(&mut bench.command(&command))?.seconds, ..Run::default() })
    });
    bench.group("simulate: an hour of 1000 items/s and up to 100 pods", "s", vec![contender]);
    let values = bench.report.values("qscale simulate");
    bench.report.value("simulate an hour, s", values, AtMost(1.0));
}
