//! Redis; the only folder that names its client library.

mod connection;
mod diagnosis;
mod error;
mod list;
mod outage;
mod push;
mod tls;

pub use connection::{Connection, Redis};
pub use error::{Fault, QueueError};
pub use list::List;
pub use push::{MAX_BATCH_BYTES, MAX_BATCH_ITEMS, Pusher};
