//! Order among lists: how many of the free slots each may take.

use super::lists::Lists;

/// Priorities or weights of lists, and what each has had of late.
#[derive(Debug, Clone)]
pub struct ListOrder {
    /// `None` for a strict priority.
    weights: Option<Vec<f64>>,
    /// Items begun by each list, divided by its weight; counted from the least of the lists that want slots.
    served: Vec<f64>,
}

impl ListOrder {
    /// The order that `lists` say.
    pub fn of(lists: &Lists) -> Self {
        let weights = lists.weights().map(|weights| weights.iter().map(|weight| f64::from(weight.get())).collect());
        Self { weights, served: vec![0.0; lists.keys().len()] }
    }

    /// Returns how many of the `free` slots the list at `place` may take, while each list `wants` slots or not, and `expects`
    /// items that it has asked for.
    pub fn part(&self, place: usize, free: usize, wants: &[bool], expects: &[usize]) -> usize {
        let Some(weights) = &self.weights else {
            return if wants[..place].contains(&true) { 0 } else { free };
        };
        let others = wants.iter().enumerate().any(|(other, wants)| other != place && *wants);
        if !others {
            return free;
        }
        let mut served: Vec<f64> = self
            .served
            .iter()
            .zip(expects)
            .zip(weights)
            .map(|((had, due), weight)| had + items(*due) / weight)
            .collect();
        let mut part = 0;
        for _ in 0..free {
            let after = |other: &usize| served[*other] + 1.0 / weights[*other];
            let candidates = (0..weights.len()).filter(|other| wants[*other] || *other == place);
            let Some(next) = candidates.min_by(|a, b| after(a).total_cmp(&after(b))) else { break };
            served[next] = after(&next);
            part += usize::from(next == place);
        }
        part
    }

    /// Returns the list that the next item is taken from, of those that hold any; `None` if no list does.
    pub fn next(&self, holds: &[bool]) -> Option<usize> {
        let expects = vec![0; holds.len()];
        (0..holds.len()).find(|place| holds[*place] && self.part(*place, 1, holds, &expects) == 1)
    }

    /// Returns the list whose turn it is while all want items, and records that it has had one.
    pub fn turn(&mut self) -> usize {
        let lists = self.served.len();
        if lists == 1 {
            return 0;
        }
        let all = vec![true; lists];
        let place = self.next(&all).unwrap_or_default();
        self.begun(place, 1, &all);
        place
    }

    /// Records that the list at `place` has begun `count` items.
    pub fn begun(&mut self, place: usize, count: usize, wants: &[bool]) {
        let Some(weights) = &self.weights else { return };
        self.served[place] += items(count) / weights[place];
        // A list that had no items for a time gets its share from now on, and nothing for that time.
        let wanting = self.served.iter().zip(wants).filter(|(_, wants)| **wants).map(|(had, _)| *had);
        let least = wanting.reduce(f64::min).unwrap_or(self.served[place]);
        for had in &mut self.served {
            *had = (*had - least).max(0.0);
        }
    }
}

fn items(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(text: &str) -> ListOrder {
        ListOrder::of(&text.parse().unwrap())
    }

    /// Lets lists that always want slots take `slots` at a time, each as much as it may; returns what each has begun.
    fn played(order: &mut ListOrder, slots: usize, wants: &[bool], rounds: usize) -> Vec<usize> {
        let mut begun = vec![0; wants.len()];
        for _ in 0..rounds {
            let mut free = slots;
            for place in (0..wants.len()).filter(|place| wants[*place]) {
                let part = order.part(place, free, wants, &vec![0; wants.len()]);
                order.begun(place, part, wants);
                begun[place] += part;
                free -= part;
            }
        }
        begun
    }

    #[test]
    fn strict_priority_leaves_nothing_while_a_list_before_wants_slots() {
        let order = order("high,low");
        assert_eq!(order.part(1, 5, &[true, true], &[0, 0]), 0);
        assert_eq!(order.part(1, 5, &[false, true], &[0, 0]), 5);
        assert_eq!(order.part(0, 5, &[true, true], &[0, 0]), 5);
    }

    #[test]
    fn next_list_holds_an_item() {
        let strict = order("high,low");
        assert_eq!(
            [[true, true], [false, true], [false, false]].map(|holds| strict.next(&holds)),
            [Some(0), Some(1), None]
        );
        let mut weighted = order("a=2,b=1");
        let taken: Vec<usize> = (0..6)
            .filter_map(|_| {
                let next = weighted.next(&[true; 2])?;
                weighted.begun(next, 1, &[true; 2]);
                Some(next)
            })
            .collect();
        assert_eq!(taken, [0, 0, 1, 0, 0, 1]);
    }

    #[test]
    fn weights_are_shares_however_many_slots_there_are() {
        for slots in [1, 2, 7, 10, 100] {
            let rounds = 10_000 / slots;
            let begun = played(&mut order("a=6,b=3,c=1"), slots, &[true; 3], rounds);
            let all: usize = begun.iter().sum();
            assert!(all >= rounds, "{begun:?}");
            for (begun, weight) in begun.iter().zip([6, 3, 1]) {
                let share = all * weight / 10;
                assert!(begun.abs_diff(share) <= slots + 2, "{slots} slots, weight {weight}: {begun} of {all}");
            }
        }
    }

    #[test]
    fn share_of_a_list_without_items_goes_to_the_others() {
        let mut order = order("a=6,b=3,c=1");
        let begun = played(&mut order, 4, &[false, true, true], 1000);
        assert_eq!(begun[0], 0);
        assert!(begun[1].abs_diff(begun[2] * 3) <= 8, "{begun:?}");
        // No credit for the time without items.
        let begun = played(&mut order, 10, &[true; 3], 10);
        assert!(begun[1] >= 20 && begun[2] >= 5, "{begun:?}");
    }
}
