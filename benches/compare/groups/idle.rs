//! Consumers that wait: their memory, and the commands they send all the same.

use std::ffi::OsString;
use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

use crate::bench::{Bench, Contender};
use crate::report::Bound::AtMost;
use crate::report::Run;
use crate::{Result, machine};

const CONSUMERS: u64 = 50;
/// Two of the waits between which an idle consumer renews its lease.
const TIME: Duration = Duration::from_secs(20);

pub(crate) fn measure(bench: &mut Bench) {
    let deliveries = ["at-least-once", "at-most-once"];
    let commands = deliveries.map(|delivery| bench.qscale(&format!("consume --work none --delivery {delivery}")));
    let named = || deliveries.iter().map(|delivery| format!("qscale, {delivery}")).zip(commands.clone());
    let traffic = named().map(|(name, command)| {
        Contender::new(name, move |bench| {
            while_idle(bench, &command, |bench, _| {
                bench.server.reset()?;
                sleep(TIME);
                #[allow(clippy::cast_precision_loss, reason = "some thousands are exact")]
                let commands = bench.server.usage()?.commands as f64;
                Ok(commands / TIME.as_secs_f64())
            })
        })
    });
    bench.group("50 idle consumers: commands at the server", "commands/s", traffic.collect());
    let values = bench.report.values("qscale, at-least-once");
    bench.report.value("50 idle at-least-once consumers: commands a second at Redis", values, AtMost(100.0));

    let memory = named().map(|(name, command)| {
        Contender::new(name, move |bench| {
            while_idle(bench, &command, |_, consumers| {
                let most =
                    consumers.iter().filter_map(|consumer| machine::memory(consumer.id())).max_by(f64::total_cmp);
                Ok(most.ok_or("memory is known on Linux alone")? / f64::from(1 << 20))
            })
        })
    });
    bench.group("50 idle consumers: resident memory of the largest", "MiB", memory.collect());
    let values = bench.report.values("qscale, at-least-once");
    bench.report.value("resident memory of an idle consumer, MiB", values, AtMost(12.0));
}

fn while_idle(
    bench: &mut Bench,
    command: &[OsString],
    measure: impl FnOnce(&mut Bench, &[Child]) -> Result<f64>,
) -> Result<Run> {
    let mut consumers = bench.start_idle(command, CONSUMERS)?;
    let value = measure(bench, &consumers);
    for consumer in &mut consumers {
        consumer.kill()?;
        consumer.wait()?;
    }
    Ok(Run { value: value?, ..Run::default() })
}
