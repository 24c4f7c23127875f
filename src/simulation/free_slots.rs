//! Free slots of pods.

use std::collections::VecDeque;

/// Free slots, the one that waits longest first.
///
/// A pod may have billions of them, so those that follow each other are counted.
#[derive(Debug, Default)]
pub(super) struct FreeSlots(VecDeque<PodSlots>);

/// Slots of a pod that follow each other.
#[derive(Debug, PartialEq, Eq)]
struct PodSlots {
    /// Index of the pod.
    pod: usize,
    /// Number of slots, at least 1.
    slots: u32,
}

impl FreeSlots {
    /// Adds slots of a pod behind all others.
    pub(super) fn add(&mut self, pod: usize, slots: u32) {
        if slots > 0 {
            self.0.push_back(PodSlots { pod, slots });
        }
    }

    /// Takes the slot that waits longest of those whose pod `takes_items`; forgets those before it.
    pub(super) fn take(&mut self, takes_items: impl Fn(usize) -> bool) -> Option<usize> {
        while let Some(PodSlots { pod, slots }) = self.0.pop_front() {
            if !takes_items(pod) {
                continue;
            }
            if slots > 1 {
                self.0.push_front(PodSlots { pod, slots: slots - 1 });
            }
            return Some(pod);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_taken_in_turn_from_pods_that_take_items() {
        let mut free = FreeSlots::default();
        for (pod, slots) in [(0, 2), (1, u32::MAX), (2, 1), (0, 1)] {
            free.add(pod, slots);
        }
        assert_eq!([(); 3].map(|()| free.take(|_| true)), [Some(0), Some(0), Some(1)]);
        assert_eq!([(); 3].map(|()| free.take(|pod| pod != 1)), [Some(2), Some(0), None]);
    }
}
