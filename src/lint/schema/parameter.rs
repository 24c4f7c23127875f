//! Parameters that Redis triggers read.

/// Parameters that may also come from a variable, as `…FromEnv`.
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

/// Further parameters of a trigger of any Redis.
pub(crate) const OF_ALL: [&str; 4] = ["databaseIndex", "enableTLS", "unsafeSsl", "sentinelMaster"];

pub(crate) const OF_LISTS: [&str; 3] = ["activationListLength", "listLength", "listName"];

pub(crate) const OF_STREAMS: [&str; 6] =
    ["activationLagCount", "consumerGroup", "lagCount", "pendingEntriesCount", "stream", "streamLength"];

/// Returns whether a trigger of any Redis reads a parameter of this name.
pub(crate) fn is_parameter(name: &str) -> bool {
    let connection = name.strip_suffix("FromEnv").unwrap_or(name);
    OF_CONNECTION.contains(&connection)
        || [&OF_ALL[..], &OF_LISTS, &OF_STREAMS].iter().any(|names| names.contains(&connection))
}

/// Returns whether it may come from a variable.
pub(crate) fn is_of_connection(name: &str) -> bool {
    OF_CONNECTION.contains(&name) || name == "sentinelMaster"
}
