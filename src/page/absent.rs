//! Stands in for the server of the page in a build without it.

use std::net::SocketAddr;

use color_eyre::eyre::Result;

use super::PageSender;
use crate::units::NotBuiltIn;

/// Reports that this build serves no page.
///
/// # Errors
///
/// Always [`NotBuiltIn`].
pub(crate) async fn serve(_: SocketAddr) -> Result<(SocketAddr, PageSender)> {
    Err(NotBuiltIn { flag: "--serve", feature: "serve" }.into())
}
