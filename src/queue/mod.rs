//! Redis; the only folder that names its client library.

mod claims;
mod connection;
mod depths;
mod diagnosis;
mod error;
mod keys;
mod list;
mod outage;
mod push;
mod script;
mod tls;
mod wait;

pub use claims::{ClaimSettings, Claimed, Claims, Exchanged, Finished};
pub use connection::{Connection, Redis};
pub use depths::{Depths, Gauge};
pub use error::{Fault, QueueError};
pub use list::List;
pub use push::{MAX_BATCH_BYTES, MAX_BATCH_ITEMS, Pusher};
pub use wait::Waiter;
