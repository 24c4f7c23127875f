//! Names of the companion keys of a list.

/// Prefix of the companion keys of a list, the colon included: `{mylist}:`.
///
/// Companions share the hash tag of the list, and thus its slot in a Redis Cluster. A list whose name contains a hash tag
/// keeps it.
/// Source: <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags>
pub fn base(list: &str) -> String {
    let tagged = list.find('{').is_some_and(|open| list[open + 1..].find('}').is_some_and(|length| length > 0));
    if tagged { format!("{list}:") } else { format!("{{{list}}}:") }
}

/// Sorted set of consumers with items in flight: one member per busy consumer.
pub fn busy(list: &str) -> String {
    base(list) + "busy"
}

/// Returns the key of the landing list: items between a blocking pop and their claim. Empty but for that moment, and after a
/// crash in it.
pub fn landing(list: &str) -> String {
    base(list) + "landing"
}

/// Returns the key of the delayed items (sorted set).
pub fn delayed(list: &str) -> String {
    base(list) + "delayed"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn companion_keys_share_the_slot_of_the_list() {
        for (list, key) in [("mylist", "{mylist}:busy"), ("{a}b", "{a}b:busy"), ("a{b", "{a{b}:busy")] {
            assert_eq!(busy(list), key);
        }
    }
}
