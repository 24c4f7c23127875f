//! Redis; the only folder that names its client library.

mod claims;
mod connection;
mod dead;
mod depths;
mod diagnosis;
mod error;
mod keys;
mod ledger;
mod list;
mod outage;
mod push;
mod script;
mod tls;
mod wait;

pub use claims::{ClaimSettings, Claimed, Claims, Exchanged, Finished};
pub use connection::{Connection, Redis};
pub use dead::{DeadLetters, Deed, Done, Order, Page};
pub use depths::{Depths, Gauge};
pub use error::{Fault, QueueError};
pub use ledger::Ledger;
pub use list::List;
pub use push::{MAX_BATCH_BYTES, MAX_BATCH_ITEMS, Pusher};
pub use wait::Waiter;
