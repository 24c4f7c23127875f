//! Items in flight, with either delivery guarantee.

use std::time::Duration;

use crate::delivery::item::Item;
use crate::handler::Disposition;
use crate::queue::Claim;

/// An item in flight.
pub(super) trait Attempt: Send + 'static {
    fn item(&self) -> &Item;

    /// Id of the item, the same at each attempt.
    fn id(&self) -> String;

    /// Number of this attempt, from 1.
    fn number(&self) -> u32;

    /// Returns true if no consumer has had the item in flight before.
    fn is_first(&self) -> bool;
}

impl Attempt for Claim {
    fn item(&self) -> &Item {
        &self.item
    }

    fn id(&self) -> String {
        self.name().to_owned()
    }

    fn number(&self) -> u32 {
        self.attempt()
    }

    fn is_first(&self) -> bool {
        self.history.is_none()
    }
}

/// An item that was popped.
#[derive(Debug)]
pub(super) struct Popped {
    /// Place in the order in which items were popped.
    pub(super) place: u64,
    pub(super) item: Item,
}

impl Attempt for Popped {
    fn item(&self) -> &Item {
        &self.item
    }

    fn id(&self) -> String {
        self.place.to_string()
    }

    fn number(&self) -> u32 {
        1
    }

    fn is_first(&self) -> bool {
        true
    }
}

/// Items that have been processed, or never will be, with the same outcome.
#[derive(Debug)]
pub(super) struct Completed<T> {
    pub(super) items: Vec<T>,
    pub(super) disposition: Disposition,
    /// Handler duration.
    pub(super) duration: Duration,
}
