//! From SIGTERM to the end of an idle consumer.

use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::bench::{Bench, Contender};
use crate::report::Bound::AtMost;
use crate::report::Run;

pub(crate) fn measure(bench: &mut Bench) {
    let contenders = ["at-least-once", "at-most-once"].map(|delivery| {
        let command = bench.qscale(&format!("consume --work none --delivery {delivery}"));
        Contender::new(format!("qscale, {delivery}"), move |bench| {
            bench.server.empty()?;
            let mut consumer = bench.command(&command).spawn()?;
            let deadline = Instant::now() + Duration::from_secs(10);
            while bench.server.blocked()? == 0 && Instant::now() < deadline {
                sleep(Duration::from_millis(5));
            }
            let start = Instant::now();
            kill_process(Pid::from_child(&consumer), Signal::TERM)?;
            let status = consumer.wait()?;
            let value = start.elapsed().as_secs_f64() * 1e3;
            if status.success() {
                Ok(Run { value, ..Run::default() })
            } else {
                Err(format!("ended with {status}").into())
            }
        })
    });
    bench.group("SIGTERM to exit of an idle consumer", "ms", contenders.into());
    let values = bench.report.values("qscale, at-least-once");
    bench.report.value("SIGTERM to exit of an idle consumer, ms", values, AtMost(2.0));
}
