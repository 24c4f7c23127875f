//! Default settings of a list and its consumers.

use std::time::Duration;

/// Key of the list when no setting names one.
pub const DEFAULT_LIST: &str = "mylist";

/// Default time for items in flight to finish after SIGTERM.
pub const DEFAULT_DRAIN: Duration = Duration::from_secs(30);

/// Default lease duration.
pub const DEFAULT_LEASE: Duration = Duration::from_secs(30);

/// Shortest lease; on a busy machine a shorter one would expire between two renewals.
pub const SHORTEST_LEASE: Duration = Duration::from_millis(500);

/// Default number of consumer crashes after which an item is dead-lettered.
pub const DEFAULT_MAX_CRASHES: u32 = 3;

/// Default time between SIGTERM and SIGKILL.
pub const DEFAULT_KILL_AFTER: Duration = Duration::from_secs(5);

/// Largest batch: as many items as one call of Redis claims.
pub const LARGEST_BATCH: u32 = 1000;
