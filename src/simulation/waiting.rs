//! Waiting items of all lists: which list an item arrives on, and which the next is taken from.

use std::collections::VecDeque;

use super::pod::QueuedItem;
use super::scenario::Scenario;
use crate::delivery::list_order::ListOrder;

/// Waiting items of all lists.
pub(super) struct WaitingItems {
    lists: Vec<VecDeque<QueuedItem>>,
    /// Order in which the lists are taken from.
    order: ListOrder,
    /// Turns of the lists in what arrives.
    arrivals: ListOrder,
    /// Number of items of all lists.
    len: usize,
}

impl WaitingItems {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let Scenario { lists, shares, .. } = scenario;
        let shares = shares.clone().unwrap_or_else(|| lists.evenly_unless_weighted());
        Self {
            lists: vec![VecDeque::new(); lists.keys().len()],
            order: ListOrder::of(lists),
            arrivals: ListOrder::of(&shares),
            len: 0,
        }
    }

    /// Number of items of all lists.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of items of the list at `place`.
    pub(super) fn of_list(&self, place: usize) -> usize {
        self.lists.get(place).map_or(0, VecDeque::len)
    }

    /// Returns the list that the next item arrives on.
    pub(super) fn turn(&mut self) -> usize {
        self.arrivals.turn()
    }

    /// Adds an item behind those of its list.
    pub(super) fn push(&mut self, item: QueuedItem) {
        self.len += 1;
        self.lists[item.list].push_back(item);
    }

    /// Puts an item back in front of those of its list.
    pub(super) fn put_back(&mut self, item: QueuedItem) {
        self.len += 1;
        self.lists[item.list].push_front(item);
    }

    /// Takes the next item.
    pub(super) fn pop(&mut self) -> Option<QueuedItem> {
        let place = if self.lists.len() == 1 {
            0
        } else {
            let holds: Vec<bool> = self.lists.iter().map(|list| !list.is_empty()).collect();
            let place = self.order.next(&holds)?;
            self.order.begun(place, 1, &holds);
            place
        };
        let item = self.lists[place].pop_front()?;
        self.len -= 1;
        Some(item)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &QueuedItem> {
        self.lists.iter().flatten()
    }
}
