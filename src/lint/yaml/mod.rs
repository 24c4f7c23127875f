//! YAML and JSON as trees whose nodes know their span.

pub(super) mod node;
pub(super) mod read;
