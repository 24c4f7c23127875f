//! Redis: connections, the list and its companion keys, claims, dead letters. Only this folder names the client library.

mod blocking;
mod claims;
mod client;
mod cluster;
mod connection;
mod dead_letters;
mod depths;
mod diagnosis;
mod error;
mod exchange;
mod hint;
mod inspector;
mod keys;
mod list;
mod outage;
mod password;
mod push;
mod repeat;
mod replies;
mod script;
mod sentinel;
mod sentinel_fault;
mod tls;
mod wait;

pub use claims::{ClaimSettings, Claims};
pub use connection::{Connection, Redis};
pub use dead_letters::{Applied, DeadLetterAction, DeadLetterOrder, DeadLetters, Page};
pub use depths::DepthReader;
pub use error::{Fault, QueueError};
pub use exchange::{Claim, Exchanged, Finished};
pub use inspector::Inspector;
pub use list::List;
pub use push::{MAX_BATCH_BYTES, MAX_BATCH_ITEMS, Pusher};
pub use sentinel_fault::{SentinelFault, SentinelRefusal};
pub use wait::Waiter;
