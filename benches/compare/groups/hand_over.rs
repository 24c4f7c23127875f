//! From a push to the line that an idle consumer writes.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::bench::{Bench, Contender};
use crate::report::Bound::AtMost;
use crate::report::Run;
use crate::{LIST, Result};

/// Long enough for a consumer to be idle again.
const GAP: Duration = Duration::from_millis(2);

pub(crate) fn measure(bench: &mut Bench) {
    let qscale = |delivery: &str| bench.qscale(&format!("consume --work none --delivery {delivery}"));
    let mut contenders = vec![
        median_delay("qscale, at-least-once", qscale("at-least-once")),
        median_delay("qscale, at-most-once", qscale("at-most-once")),
        median_delay("bare socket, BRPOP", bench.raw("brpop --items 1000000")),
    ];
    for (name, mode) in [("Go, BRPOP", "brpop"), ("Go, BLMOVE and LREM", "blmove")] {
        let command = bench.go(&format!("{mode} -items 1000000 -print"));
        contenders.extend(command.map(|command| median_delay(name, command)));
    }
    bench.group("hand-over to an idle consumer, one push every 2 ms (median)", "µs", contenders);
    let report = &mut bench.report;
    report.ratio("hand-over, at-least-once, to Go's BRPOP (time)", "qscale, at-least-once", "Go, BRPOP", AtMost(1.6));
    report.ratio("… to Go's BLMOVE and LREM (time)", "qscale, at-least-once", "Go, BLMOVE and LREM", None);
    report.ratio("hand-over, at-most-once, to Go's BRPOP (time)", "qscale, at-most-once", "Go, BRPOP", AtMost(1.15));
}

fn median_delay(name: &str, command: Vec<OsString>) -> Contender {
    Contender::new(name, move |bench| {
        bench.server.empty()?;
        let mut consumer = bench.command(&command).stdout(Stdio::piped()).spawn()?;
        let delays = delays(bench, &mut consumer);
        consumer.kill()?;
        consumer.wait()?;
        let mut delays = delays?;
        delays.sort_unstable();
        Ok(Run { value: delays[delays.len() / 2].as_secs_f64() * 1e6, ..Run::default() })
    })
}

fn delays(bench: &mut Bench, consumer: &mut Child) -> Result<Vec<Duration>> {
    let stdout = consumer.stdout.take().ok_or("the consumer has no stdout")?;
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(std::result::Result::ok) {
            if sender.send((line, Instant::now())).is_err() {
                break;
            }
        }
    });
    // The first shows that the consumer is there; it is slow to start, and not counted.
    delay(bench, &lines, 0)?;
    (1..=bench.items(500)).map(|number| delay(bench, &lines, number)).collect()
}

fn delay(bench: &mut Bench, lines: &Receiver<(String, Instant)>, number: u64) -> Result<Duration> {
    thread::sleep(GAP);
    let item = format!("item-{number}");
    let pushed = Instant::now();
    bench.server.call(&["LPUSH", LIST, &item])?;
    let (line, seen) = lines.recv_timeout(Duration::from_secs(10)).map_err(|_| format!("{item} did not arrive"))?;
    if line == item { Ok(seen - pushed) } else { Err(format!("{line} arrived, not {item}").into()) }
}
