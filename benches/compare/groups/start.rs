//! Programs that start, do one thing, and end.

use std::ffi::OsString;

use crate::bench::{Bench, Contender};
use crate::report::Bound::AtMost;
use crate::report::Run;
use crate::{LIST, is_on_path, machine};

/// Runs in a round: one alone takes too little to be measured well.
const RUNS: u32 = 20;

pub(crate) fn measure(bench: &mut Bench) {
    let words = |line: &str| line.split(' ').map(Into::into).collect::<Vec<OsString>>();
    let mut contenders = vec![
        milliseconds("qscale watch --until-empty", bench.qscale("watch --until-empty")),
        milliseconds("qscale --help", bench.qscale_alone("--help")),
        milliseconds("qscale render", bench.qscale_alone("render")),
    ];
    if let Some(program) = bench.peers.cli {
        contenders
            .push(milliseconds("redis-cli LLEN", words(&format!("{program} -p {} LLEN {LIST}", bench.server.port))));
    }
    if let Some(command) = bench.go("llen") {
        contenders.push(milliseconds("Go, LLEN", command));
    }
    if is_on_path("kubectl") {
        let create = "kubectl create deployment demo --image=qscale:1 --dry-run=client --output=yaml";
        contenders.push(milliseconds("kubectl create --dry-run=client", words(create)));
    } else {
        bench.report.miss("kubectl: not on the path".to_owned());
    }
    bench.group("start to exit", "ms", contenders);
    let report = &mut bench.report;
    report.ratio(
        "start, connect, LLEN, exit, to redis-cli (time)",
        "qscale watch --until-empty",
        "redis-cli LLEN",
        AtMost(0.75),
    );
    report.ratio("… to the Go program (time)", "qscale watch --until-empty", "Go, LLEN", None);
    let (help, render) = (report.values("qscale --help"), report.values("qscale render"));
    report.value("--help, ms", help, AtMost(2.0));
    report.value("render, ms", render, AtMost(5.0));
    report.ratio(
        "render, to kubectl create --dry-run=client (time)",
        "qscale render",
        "kubectl create --dry-run=client",
        AtMost(1.0),
    );
}

fn milliseconds(name: &str, command: Vec<OsString>) -> Contender {
    Contender::new(name, move |bench| {
        bench.server.empty()?;
        let mut seconds = 0.0;
        for _ in 0..RUNS {
            seconds += machine::run(&mut bench.command(&command))?.seconds;
        }
        Ok(Run { value: seconds * 1e3 / f64::from(RUNS), ..Run::default() })
    })
}
