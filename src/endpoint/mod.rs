//! Where Redis is, and what must not be shown of it.

pub(crate) mod secret;
