//! Lists of objects.

/// A list that is left out where there is nothing in it.
pub(super) fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}
