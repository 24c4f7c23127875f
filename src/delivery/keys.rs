//! The names of what belongs to a list.

/// Prefix of the companion keys of a list, the colon included: `{mylist}:`.
///
/// All share the hash tag of the list, and so its slot in a Redis Cluster; a list whose name holds a tag keeps its own.
/// Source: <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags>
pub fn base(list: &str) -> String {
    let tagged = list.find('{').is_some_and(|open| list[open + 1..].find('}').is_some_and(|length| length > 0));
    if tagged { format!("{list}:") } else { format!("{{{list}}}:") }
}

/// Sorted set of consumers with items in flight: one member per busy consumer.
pub fn busy(list: &str) -> String {
    base(list) + "busy"
}

/// The list where blocking pops deliver to: empty but for the moment between a pop and the claim, and after a death in it.
pub fn landing(list: &str) -> String {
    base(list) + "landing"
}

/// The sorted set of the items that wait for their next try.
pub fn delayed(list: &str) -> String {
    base(list) + "delayed"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn companions_share_the_slot_of_their_list() {
        for (list, key) in [("mylist", "{mylist}:busy"), ("{a}b", "{a}b:busy"), ("a{b", "{a{b}:busy")] {
            assert_eq!(busy(list), key);
        }
    }
}
