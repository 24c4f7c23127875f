//! Random tests that run for as long as they are asked to: real consumers that are killed, and histories of the protocol.
//!
//! `QSCALE_SOAK_KILLS` says how many consumers are killed (`make soak` has thousands), and how often the rest happens;
//! `QSCALE_SOAK_HISTORIES` how many histories are played; `QSCALE_SOAK_SEED` repeats a run.

#![expect(
    clippy::print_stdout,
    reason = "a seed to repeat a run with, and what was measured; shown when a test fails or on request"
)]

mod endpoint;
mod kill;
mod protocol;
#[allow(dead_code, unused_imports, reason = "shared with tests/it, which uses all of it")]
#[path = "../it/support/mod.rs"]
mod support;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
