//! Places of processes: items on their way to them, and results on their way back.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::handler::{Assignment, Disposition};

/// An item for the pool.
#[derive(Debug)]
pub(crate) struct PoolItem {
    /// Number by which the caller knows it.
    pub(crate) ticket: u64,
    pub(crate) assignment: Assignment,
}

/// Items that a process is handed together.
#[derive(Debug)]
pub(crate) struct PoolCall(pub(crate) Vec<PoolItem>);

/// Result of a pool.
#[derive(Debug)]
pub(crate) struct PoolResult {
    /// Number of the item; `None` if no process can run.
    pub(crate) ticket: Option<u64>,
    pub(crate) disposition: Disposition,
}

/// Places of all processes of a pool.
#[derive(Debug)]
pub(super) struct Seats {
    state: Mutex<SeatState>,
    /// One per place: calls have come.
    mail: Vec<Notify>,
    /// Results have come, or a process has become ready.
    pub(super) progress: Notify,
}

#[derive(Debug)]
struct SeatState {
    seats: Vec<Seat>,
    /// Calls that no process had room for: one has ended since they were asked for.
    waiting: VecDeque<PoolCall>,
    results: Vec<PoolResult>,
}

/// Place of a process.
#[derive(Debug, Default)]
struct Seat {
    /// Number of calls that its process can take; 0 while none is ready.
    room: usize,
    mail: Vec<PoolCall>,
}

impl Seats {
    pub(super) fn new(count: usize) -> Self {
        let state = SeatState {
            seats: (0..count).map(|_| Seat::default()).collect(),
            waiting: VecDeque::new(),
            results: Vec::new(),
        };
        let mail = (0..count).map(|_| Notify::new()).collect();
        Self { state: Mutex::new(state), mail, progress: Notify::new() }
    }

    /// Number of calls that the processes can take now.
    pub(super) fn room(&self) -> usize {
        let state = self.state();
        let room: usize = state.seats.iter().map(|seat| seat.room).sum();
        room.saturating_sub(state.waiting.len())
    }

    /// Gives each call to the process with the most room; those that fit nowhere wait for the next process that is ready.
    pub(super) fn give(&self, calls: impl IntoIterator<Item = PoolCall>) {
        let mut state = self.state();
        state.waiting.extend(calls);
        state.spread(&self.mail);
    }

    /// Makes room at `place`.
    pub(super) fn open(&self, place: usize, room: usize) {
        let mut state = self.state();
        state.seats[place].room += room;
        state.spread(&self.mail);
        self.progress.notify_one();
    }

    /// Lets no more calls come to `place`; returns those that have.
    pub(super) fn shut(&self, place: usize) -> Vec<PoolCall> {
        let mut state = self.state();
        state.seats[place].room = 0;
        std::mem::take(&mut state.seats[place].mail)
    }

    /// Takes the calls that have come to `place`.
    pub(super) fn take(&self, place: usize) -> Vec<PoolCall> {
        std::mem::take(&mut self.state().seats[place].mail)
    }

    /// Waits until calls come to `place`. Cancel-safe.
    pub(super) async fn mail(&self, place: usize) {
        self.mail[place].notified().await;
    }

    /// Takes the calls that no process had room for.
    pub(super) fn take_waiting(&self) -> Vec<PoolCall> {
        self.state().waiting.drain(..).collect()
    }

    /// Passes on results, and makes room for `room` other calls at `place`.
    pub(super) fn settle(&self, place: usize, results: impl IntoIterator<Item = PoolResult>, room: usize) {
        let mut state = self.state();
        state.results.extend(results);
        state.seats[place].room += room;
        if room > 0 {
            state.spread(&self.mail);
        }
        self.progress.notify_one();
    }

    /// Passes on results that make no room.
    pub(super) fn report(&self, results: impl IntoIterator<Item = PoolResult>) {
        let mut state = self.state();
        state.results.extend(results);
        if !state.results.is_empty() {
            self.progress.notify_one();
        }
    }

    /// Takes the results.
    pub(super) fn results(&self) -> Vec<PoolResult> {
        std::mem::take(&mut self.state().results)
    }

    fn state(&self) -> MutexGuard<'_, SeatState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SeatState {
    /// Gives waiting calls to the processes that have room.
    fn spread(&mut self, mail: &[Notify]) {
        while !self.waiting.is_empty() {
            let most = self.seats.iter_mut().enumerate().max_by_key(|(_, seat)| seat.room);
            let Some((place, seat)) = most.filter(|(_, seat)| seat.room > 0) else { return };
            seat.room -= 1;
            if seat.mail.is_empty() {
                mail[place].notify_one();
            }
            seat.mail.extend(self.waiting.pop_front());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;
    use crate::delivery::item::Item;

    fn call(ticket: u64) -> PoolCall {
        let (list, consumer) = (Arc::from("fruit"), Arc::from("pod"));
        let item = Item(Bytes::from_static(b"x"));
        let assignment = Assignment { item, id: ticket.to_string(), attempt: 1, list, consumer };
        PoolCall(vec![PoolItem { ticket, assignment }])
    }

    fn tickets(calls: Vec<PoolCall>) -> Vec<u64> {
        calls.into_iter().flat_map(|call| call.0).map(|item| item.ticket).collect()
    }

    #[test]
    fn calls_go_to_the_process_with_the_most_room() {
        let seats = Seats::new(2);
        seats.open(0, 1);
        seats.open(1, 3);
        seats.give((1..=4).map(call));
        assert_eq!((tickets(seats.take(0)).len(), tickets(seats.take(1)).len(), seats.room()), (1, 3, 0));
    }

    #[test]
    fn calls_without_a_process_wait_for_the_next_one() {
        let seats = Seats::new(2);
        seats.open(0, 1);
        assert!(seats.shut(0).is_empty());
        seats.give([call(1), call(2)]);
        seats.open(1, 1);
        assert_eq!(tickets(seats.take(1)), [1]);
        assert_eq!(seats.room(), 0);
        seats.settle(1, [], 1);
        assert_eq!(tickets(seats.take(1)), [2]);
        assert!(seats.take_waiting().is_empty());
    }
}
