//! Chance with a seed: a stream for each use, so that one more draw here changes nothing there.

use std::time::{Duration, SystemTime};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::scenario::Unforeseen;
use crate::workload::{Payload, Work};

/// In which part of their periods, from 0 to 1, KEDA and the HPA begin.
pub(super) fn phases(seed: u64) -> (f64, f64) {
    let mut rng = stream(seed, 0);
    (rng.random(), rng.random())
}

fn stream(seed: u64, number: u64) -> StdRng {
    StdRng::seed_from_u64(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(number))
}

/// The streams.
pub(super) struct Chance {
    work: StdRng,
    victims: StdRng,
}

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self { work: stream(seed, 1), victims: stream(seed, 2) }
    }

    /// How long the item number `seq` is worked.
    pub(super) fn work(&mut self, work: &Work, payload: &Payload, seq: u64) -> Result<Duration, Unforeseen> {
        if let Some(duration) = work.draw(&mut self.work) {
            return Ok(duration);
        }
        let mut item = String::new();
        payload.write(&mut item, seq, SystemTime::UNIX_EPOCH, &mut self.work);
        work.duration(item.as_bytes(), &mut self.work).map_err(Unforeseen)
    }

    /// A number by which pods that are otherwise equal are told apart, as by their random UIDs.
    pub(super) fn uid(&mut self) -> u64 {
        self.victims.random()
    }
}
