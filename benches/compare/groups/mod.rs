//! One module per group of programs that do the same.

mod at_least_once;
mod at_most_once;
mod file;
mod hand_over;
mod idle;
mod processes;
mod produce;
mod simulate;
mod spawn;
mod start;
mod stop;
mod tls;
mod workers;

use crate::bench::Bench;

type Measure = fn(&mut Bench);

pub(crate) const ALL: [(&str, Measure); 13] = [
    ("start", start::measure),
    ("stop", stop::measure),
    ("simulate", simulate::measure),
    ("produce", produce::measure),
    ("file", file::measure),
    ("tls", tls::measure),
    ("at-most-once", at_most_once::measure),
    ("at-least-once", at_least_once::measure),
    ("spawn", spawn::measure),
    ("hand-over", hand_over::measure),
    ("processes", processes::measure),
    ("workers", workers::measure),
    ("idle", idle::measure),
];

pub(crate) fn names() -> [&'static str; ALL.len()] {
    ALL.map(|(name, _)| name)
}

const ITEMS_PER_SECOND: &str = "items/s";
