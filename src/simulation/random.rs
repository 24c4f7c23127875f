//! Seeded randomness: a stream for each use, so that one more draw in one does not change another.

use std::time::{Duration, SystemTime};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use crate::workload::{FieldError, Payload, Work};

/// Draws the poll phase and the sync phase, from 0 to 1.
pub(super) fn phases(seed: u64) -> (f64, f64) {
    let mut rng = stream(seed, 0);
    (rng.random(), rng.random())
}

fn stream(seed: u64, number: u64) -> StdRng {
    StdRng::seed_from_u64(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(number))
}

/// A processing time that cannot be known before the item is there.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("cannot read the processing time from the item: {0}")]
pub struct UnknownDuration(pub FieldError);

/// Random streams of a run.
pub(super) struct RandomStreams {
    work: StdRng,
    victims: StdRng,
}

impl RandomStreams {
    pub(super) fn new(seed: u64) -> Self {
        Self { work: stream(seed, 1), victims: stream(seed, 2) }
    }

    /// Draws the processing time of item number `seq`.
    pub(super) fn work(&mut self, work: &Work, payload: &Payload, seq: u64) -> Result<Duration, UnknownDuration> {
        if let Some(duration) = work.draw(&mut self.work) {
            return Ok(duration);
        }
        let mut item = String::new();
        payload.write(&mut item, seq, SystemTime::UNIX_EPOCH, &mut self.work);
        work.duration(item.as_bytes(), &mut self.work).map_err(UnknownDuration)
    }

    /// Draws a number that orders pods which are otherwise equal, as their random UIDs do.
    pub(super) fn uid(&mut self) -> u64 {
        self.victims.random()
    }
}
