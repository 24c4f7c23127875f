//! The dashboard as a read-only web page, live by server-sent events.

#[cfg(not(feature = "serve"))]
mod absent;
#[cfg(feature = "serve")]
mod connections;
#[cfg(feature = "serve")]
mod server;

#[cfg(not(feature = "serve"))]
pub(crate) use self::absent::serve;
#[cfg(feature = "serve")]
pub(crate) use self::server::serve;

use std::sync::Arc;

use tokio::sync::watch;

/// Sender of the state that the page shows, as JSON; the latest counts.
pub(crate) type PageSender = watch::Sender<Arc<str>>;
