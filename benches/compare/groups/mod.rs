//! One module per group of programs that do the same.

mod at_least_once;
mod at_most_once;
mod file;
mod hand_over;
mod idle;
mod processes;
mod produce;
mod spawn;
mod start;
mod stop;

use crate::bench::Bench;

type Measure = fn(&mut Bench);

pub(crate) const ALL: [(&str, Measure); 10] = [
    ("start", start::measure),
    ("stop", stop::measure),
    ("produce", produce::measure),
    ("file", file::measure),
    ("at-most-once", at_most_once::measure),
    ("at-least-once", at_least_once::measure),
    ("spawn", spawn::measure),
    ("hand-over", hand_over::measure),
    ("processes", processes::measure),
    ("idle", idle::measure),
];

pub(crate) fn names() -> [&'static str; ALL.len()] {
    ALL.map(|(name, _)| name)
}

const ITEMS_PER_SECOND: &str = "items/s";
