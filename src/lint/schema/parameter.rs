//! Parameters that Redis triggers read.

/// What may come from a variable as well, as `…FromEnv`.
pub(crate) const OF_CONNECTION: [&str; 10] = [
    "address",
    "addresses",
    "host",
    "hosts",
    "port",
    "ports",
    "username",
    "password",
    "sentinelUsername",
    "sentinelPassword",
];

/// What else a trigger of any Redis reads.
pub(crate) const OF_ALL: [&str; 4] = ["databaseIndex", "enableTLS", "unsafeSsl", "sentinelMaster"];

pub(crate) const OF_LISTS: [&str; 3] = ["activationListLength", "listLength", "listName"];

pub(crate) const OF_STREAMS: [&str; 6] =
    ["activationLagCount", "consumerGroup", "lagCount", "pendingEntriesCount", "stream", "streamLength"];

/// Whether a trigger of some Redis reads a parameter of this name.
pub(crate) fn is_parameter(name: &str) -> bool {
    let connection = name.strip_suffix("FromEnv").unwrap_or(name);
    OF_CONNECTION.contains(&connection)
        || [&OF_ALL[..], &OF_LISTS, &OF_STREAMS].iter().any(|names| names.contains(&connection))
}

/// Whether it may come from a variable.
pub(crate) fn is_of_connection(name: &str) -> bool {
    OF_CONNECTION.contains(&name) || name == "sentinelMaster"
}
