//! Host names and IP addresses, and what is written in their place by mistake.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest name that DNS knows.
const LONGEST: usize = 253;

/// The longest part of a name, between two dots.
const LONGEST_LABEL: usize = 63;

/// Reads a host: an IP address without brackets, or a name as DNS and the resolvers of containers take it.
///
/// # Errors
///
/// Says what it is instead, and where that belongs; never repeats it, for it may be a URL, password and all.
pub(super) fn check(host: &str) -> Result<(), &'static str> {
    if host.is_empty() {
        return Err("is empty: name a host, such as `redis.example.com`");
    }
    if host.contains(['/', '@']) {
        return Err("is not a host name; a URL belongs in `url` (--redis, REDIS_URL)");
    }
    // A zone says which interface an address is on: `fe80::1%eth0`.
    if host.parse::<Ipv4Addr>().is_ok() || host.split('%').next().is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok()) {
        return Ok(());
    }
    if host.starts_with('[') {
        return Err(
            "is an IPv6 address in brackets: write it without them, and its port as `port` (--port, REDIS_PORT)",
        );
    }
    if host.contains(':') {
        return Err("holds more than the host: write what follows the colon as `port` (--port, REDIS_PORT)");
    }
    // The dot at the end of a name says that it is whole.
    let labels = host.strip_suffix('.').unwrap_or(host).split('.');
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= LONGEST_LABEL
            && label.chars().all(known)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // Of numbers alone, resolvers make an address of their own: `127.1` is 127.0.0.1.
    let is_number = labels.clone().next_back().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    if host.len() > LONGEST || is_number || !labels.clone().all(is_label) {
        return Err(
            "is not a host: a name of letters, digits, dashes and dots, such as `redis.example.com`, or an IP \
                    address",
        );
    }
    Ok(())
}

/// Returns whether the host is the local machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let own = |ip: IpAddr| ip.to_canonical().is_loopback() || ip.is_unspecified();
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_is_a_name_or_an_address() {
        for host in [
            "redis",
            "redis.ns.svc",
            "my_redis",
            "r-1.example.com.",
            "10.0.0.1",
            "::1",
            "fe80::1%eth0",
            "1password.com",
        ] {
            assert_eq!(check(host), Ok(()), "{host}");
        }
        for (host, reason) in [
            ("", "is empty"),
            ("redis.example.com:6379", "`port`"),
            ("redis:", "`port`"),
            ("[::1]", "without them"),
            ("[::1]:6379", "without them"),
            ("redis://h", "`url`"),
            ("u:s3cret@h", "`url`"),
            ("redis .ns", "is not a host"),
            (" redis", "is not a host"),
            ("a..b", "is not a host"),
            ("-x.y", "is not a host"),
            ("x-.y", "is not a host"),
            ("$(X)", "is not a host"),
            ("127.1", "is not a host"),
            ("256.0.0.1", "is not a host"),
            (".", "is not a host"),
        ] {
            let error = check(host).expect_err(host);
            assert!(error.contains(reason) && !error.contains("s3cret"), "{host}: {error}");
        }
    }

    #[test]
    fn loopback_hosts_are_recognized() {
        for host in ["localhost", "LocalHost.", "127.0.0.2", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example.com", "10.0.0.1", "redis"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
