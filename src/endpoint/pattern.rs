//! Regular expressions of addresses, for the schema of profiles; they accept every text that the types read, and a few more.

/// A URL of Redis, by its scheme in lower case.
pub(super) const REDIS_URL: &str = "^\\s*((redis|valkey)s?|((redis|valkey)\\+)?unix)://[^#]+$";

/// A server: `redis-0.example.com:6379`.
pub(super) const NODE_ADDRESS: &str = "^[^@/]+:\\+?[0-9]+\\s*$";
