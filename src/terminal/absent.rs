//! Stands in for the dashboard in a build without it: no screen is opened, so that lines are written.

use std::convert::Infallible;
use std::time::Duration;

use color_eyre::eyre::Result;

use super::board::{KeySet, RunAction, SharedBoard};
use super::printer::Printer;
use crate::units::NotBuiltIn;

/// A dashboard that is never opened.
pub(super) struct Dashboard(Infallible);

impl Dashboard {
    /// Returns `None`.
    pub(super) fn open(_: &Printer, _: &SharedBoard, _: KeySet) -> Option<Self> {
        None
    }

    pub(super) fn check(&self) -> Result<()> {
        match self.0 {}
    }

    #[expect(clippy::unused_async, reason = "the same signature with and without the dashboard")]
    pub(super) async fn action(&mut self) -> RunAction {
        match self.0 {}
    }

    pub(super) fn finish(self) {
        match self.0 {}
    }
}

/// Frames that are never drawn.
pub(super) struct CastFrames(Infallible);

impl CastFrames {
    /// Reports that this build has no dashboard.
    ///
    /// # Errors
    ///
    /// Always [`NotBuiltIn`].
    pub(super) fn new(_: KeySet) -> Result<Self, NotBuiltIn> {
        Err(NotBuiltIn { flag: "--cast", feature: "dashboard" })
    }

    pub(super) fn header(_: &SharedBoard) -> String {
        String::new()
    }

    pub(super) fn draw(&mut self, _: &SharedBoard, _: Duration) -> Result<String> {
        match self.0 {}
    }
}
