//! What consumers have done: counts that merge.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// Items by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Taken off the list.
    pub taken: u64,
    /// Worked.
    pub done: u64,
    /// Taken, and impossible to work.
    pub malformed: u64,
    /// Put back on the list unfinished.
    pub given_back: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        let Self { taken, done, malformed, given_back } = other;
        self.taken += taken;
        self.done += done;
        self.malformed += malformed;
        self.given_back += given_back;
    }
}
