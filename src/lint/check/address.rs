//! Address of Redis: parts, form and reachability.

use std::net::IpAddr;

use super::authentication;
use super::target::container;
use crate::lint::finding::Report;
use crate::lint::object::{Cursor, Objects};
use crate::lint::placeholder::Placeholder;
use crate::lint::pod::{self, Variable};
use crate::lint::rule::Rule;

/// Ports that speak TLS with those who host Redis for others.
const TLS_PORTS: [&str; 3] = ["6380", "10000", "25061"];

/// A part of the address, from the metadata or from a variable that it names.
struct Part<'a> {
    at: Cursor<'a>,
    /// Value; `None` where it is not in the files.
    text: Option<String>,
}

/// Source: `pkg/scalers/redis_scaler.go :: redisConnectionInfo`
pub(super) fn check(trigger: &Cursor<'_>, objects: &Objects<'_>, report: &mut Report) {
    let several = trigger.get("type").text().is_some_and(|kind| kind.contains("cluster") || kind.contains("sentinel"));
    let of = |names: [&str; 2]| part(trigger, names, objects);
    let (address, host, port) = (of(["address", "addresses"]), of(["host", "hosts"]), of(["port", "ports"]));
    for (part, look) in [(&address, check_address as fn(&_, &_, &mut _)), (&host, self::host), (&port, check_port)] {
        let Some(Part { at, text: Some(text) }) = part else { continue };
        for text in text.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            look(at, text, report);
        }
    }
    // Ports are as many as hosts.
    for Part { at, text } in [&address, &host].into_iter().flatten() {
        list(at, text.as_deref().unwrap_or_default(), several, report);
    }
    together(trigger, [address.as_ref(), host.as_ref(), port.as_ref()], objects, report);
    tls_port(trigger, address.as_ref().or(port.as_ref()), objects, report);
}

/// Returns the value under one of the names in the metadata, which takes precedence over variables.
fn part<'a>(trigger: &Cursor<'a>, names: [&str; 2], objects: &'a Objects<'a>) -> Option<Part<'a>> {
    let metadata = trigger.get("metadata");
    let there = |at: &Cursor<'_>| at.text().is_some_and(|text| !text.trim().is_empty());
    if let Some(at) = names.map(|name| metadata.get(name)).into_iter().find(there) {
        // What replaces a part of it may be several servers.
        let known = at.text().filter(|text| !text.contains(',') || Placeholder::of(text).is_none());
        return Some(Part { text: known.map(str::to_owned), at });
    }
    let at = names.map(|name| metadata.get(&format!("{name}FromEnv"))).into_iter().find(there)?;
    let variable = at.text().unwrap_or_default();
    let text = match container(trigger, objects) {
        Some(container) => match pod::variable(&container, variable, objects) {
            Variable::Known(text) => Some(pod::expanded(text, &container, objects)),
            _ => None,
        },
        None => None,
    };
    // What is left of a reference is known in the cluster alone, and what is replaced later is not known yet.
    Some(Part { at, text: text.filter(|text| !text.is_empty() && Placeholder::of(text).is_none()) })
}

/// Checks that the parts form an address.
fn together(trigger: &Cursor<'_>, parts: [Option<&Part<'_>>; 3], objects: &Objects<'_>, report: &mut Report) {
    let gives = |names: &[&str]| authentication::gives(trigger, names, objects);
    let (address, port_too, host_too) = (["address", "addresses"], ["port", "ports"], ["host", "hosts"]);
    match parts {
        [Some(_), host, port] => {
            if let Some(other) = host.or(port) {
                let message =
                    "conflicts with the address: KEDA uses the address instead, or adds this one to it for a cluster";
                report.add(Rule::AddressAndHost, &other.at, message, "remove one of them");
            }
        }
        [None, Some(host), Some(port)] => {
            let known = |text: &&String| Placeholder::of(text).is_none();
            let count = |part: &Part<'_>| part.text.as_ref().filter(known).map(|text| text.split(',').count());
            if count(host).zip(count(port)).is_some_and(|(hosts, ports)| hosts != ports) {
                let message = "do not match the number of hosts: KEDA refuses the trigger";
                report.add(Rule::HostWithoutPort, &port.at, message, "set one port per host");
            }
        }
        [None, Some(host), None] if !gives(&port_too) && !gives(&address) => {
            let message = "needs a `port`: KEDA ignores a host without one and has no address";
            report.add(Rule::HostWithoutPort, &host.at, message, "set `port` or `portFromEnv` as well");
        }
        [None, None, Some(port)] if !gives(&host_too) && !gives(&address) => {
            let message = "needs a `host`: KEDA ignores a port without one and has no address";
            report.add(Rule::HostWithoutPort, &port.at, message, "set `host` as well, or both as `address`");
        }
        [None, None, None] if !gives(&host_too) && !gives(&address) => {
            let metadata = trigger.get("metadata");
            if metadata.is_map() {
                let message = "has no Redis address: KEDA cannot build the trigger";
                report.add(Rule::NoAddress, &metadata.by_key(), message, "set `address` to \"host:port\"");
            }
        }
        _ => {}
    }
}

/// A plain trigger dials only the first of its addresses.
fn list(at: &Cursor<'_>, text: &str, several: bool, report: &mut Report) {
    if !several && text.contains(',') {
        let message = "lists several servers, and a trigger of type `redis` uses only the first";
        report.add(
            Rule::SeveralAddresses,
            at,
            message,
            "list one, or use the type `redis-cluster` or `redis-sentinel`",
        );
    }
}

/// An address is dialled as it is.
fn check_address(at: &Cursor<'_>, address: &str, report: &mut Report) {
    if holds_credentials(at, address, report) || url(at, address, report) {
        return;
    }
    match address.rsplit_once(':') {
        Some((name, number)) if is_port(number) && !name.is_empty() => host(at, name, report),
        _ if is_own_variable(at, address) => variable(at, "address", report),
        _ => report.add(
            Rule::AddressWithoutPort,
            at,
            "has no port: KEDA dials the address as it is",
            "write \"host:port\"",
        ),
    }
}

/// Kubernetes itself sets variables such as `REDIS_PORT` to `tcp://10.0.0.1:6379`.
fn check_port(at: &Cursor<'_>, port: &str, report: &mut Report) {
    if holds_credentials(at, port, report) || is_port(port) {
    } else if is_own_variable(at, port) {
        variable(at, "port", report);
    } else {
        report.add(
            Rule::InvalidPort,
            at,
            "is not a port: KEDA appends it to the host as it is",
            "set a number such as \"6379\"",
        );
    }
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port != 0)
}

fn url(at: &Cursor<'_>, text: &str, report: &mut Report) -> bool {
    let there = text.contains("://");
    if there {
        let message = "is a URL: KEDA dials the value as it is and needs a host and a port";
        report.add(Rule::AddressUrl, at, message, of_url(at, text));
    }
    there
}

/// Returns what a URL is in the terms of a trigger. A value behind a variable is not repeated.
fn of_url(at: &Cursor<'_>, text: &str) -> String {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let scheme = scheme.to_ascii_lowercase();
    if scheme.contains("unix") {
        return "KEDA reads Redis over TCP only: set host and port".to_owned();
    }
    let (server, path) = rest.split_once(['/', '?']).unwrap_or((rest, ""));
    let own = at.text() == Some(text) && server.rsplit_once(':').is_some_and(|(_, port)| is_port(port));
    let mut steps = vec![if own { format!("write `{server}`") } else { "set only host and port".to_owned() }];
    if ["rediss", "valkeys", "tls", "ssl"].iter().any(|tls| scheme.split('+').any(|part| part == *tls)) {
        steps.push("set `enableTLS` to \"true\"".to_owned());
    }
    let database = path.split(['?', '/']).next().unwrap_or_default();
    for (word, kind) in [("sentinel", "redis-sentinel"), ("cluster", "redis-cluster")] {
        if scheme.contains(word) {
            steps.push(format!("set `type` to `{kind}`"));
        }
    }
    if database.parse::<u32>().is_ok_and(|database| database > 0) && !scheme.contains("cluster") {
        steps.push(format!("set `databaseIndex` to \"{database}\""));
    }
    let last = steps.pop().unwrap_or_default();
    if steps.is_empty() { last } else { format!("{}, and {last}", steps.join(", ")) }
}

/// Returns whether a text has the form of a variable's name, such as `REDIS_HOST`.
pub(super) fn is_variable(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    text.len() > 2 && text.starts_with(|c: char| c.is_ascii_uppercase()) && text.chars().all(plain)
}

/// Returns whether a parameter holds the name of a variable in place of its value, as KEDA 1 had it.
fn is_own_variable(at: &Cursor<'_>, text: &str) -> bool {
    is_variable(text) && at.text() == Some(text)
}

fn variable(at: &Cursor<'_>, name: &str, report: &mut Report) {
    let message = "is the name of a variable, which KEDA takes for the value itself";
    let rule = match name {
        "address" => Rule::AddressWithoutPort,
        "port" => Rule::InvalidPort,
        _ => Rule::InvalidHost,
    };
    report.add(rule, at, message, format!("write it as `{name}FromEnv`"));
}

/// Text before `@` is a user or a password, which must not be shown.
fn holds_credentials(at: &Cursor<'_>, text: &str, report: &mut Report) -> bool {
    let there = text.contains('@');
    if there {
        let message = "contains a user or password, readable by everyone who can read the object; KEDA takes it for \
                       part of the host";
        let hint = "set only host and port, and move the password to a Secret named by a TriggerAuthentication";
        report.add(Rule::PasswordInPlainText, at, message, hint);
    }
    there
}

/// Host names that KEDA resolves differently from the pods.
pub(super) fn host(at: &Cursor<'_>, name: &str, report: &mut Report) {
    if holds_credentials(at, name, report) || url(at, name, report) {
        return;
    }
    let name = name.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = name.parse::<IpAddr>() {
        let private = match ip {
            IpAddr::V4(ip) => ip.is_private(),
            IpAddr::V6(ip) => ip.is_unique_local(),
        };
        if ip.is_loopback() {
            loopback(at, report);
        } else if private {
            let message = "is a private IP address: that of a Service changes when the Service is recreated";
            let hint = "if it belongs to a Service, use its name: `name.namespace`";
            report.add(Rule::HostAddress, at, message, hint);
        }
        return;
    }
    if name.eq_ignore_ascii_case("localhost") {
        return loopback(at, report);
    }
    if let Some((_, port)) = name.split_once(':').filter(|(_, port)| is_port(port)) {
        let message = "includes a port: KEDA takes both for the host name and appends a port";
        return report.add(Rule::InvalidHost, at, message, format!("set `port` to \"{port}\", and only the host here"));
    }
    if is_own_variable(at, name) && at.path.contains("triggers[") {
        return variable(at, "host", report);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.chars().all(plain) || name.split('.').rev().skip(1).any(str::is_empty) {
        let message = "is not a valid host name: expected letters, digits, `-` and single dots";
        return report.add(Rule::InvalidHost, at, message, "set only the host");
    }
    let namespace = at.object.namespace;
    if !name.contains('.') && namespace != Some("keda") {
        let message = "is a short name, which resolves only in its own namespace: KEDA runs in another, reports `no \
                       such host` and scales nothing";
        // What a variable holds is somewhere else, and may be what it should not.
        let name = if at.text().is_some_and(|text| text.contains(name)) { name } else { "<name>" };
        let hint = format!("write `{name}.{}`", namespace.unwrap_or("<its namespace>"));
        report.add(Rule::ShortHost, at, message, hint);
    }
}

fn loopback(at: &Cursor<'_>, report: &mut Report) {
    report.add(
        Rule::HostLoopback,
        at,
        "is the local pod, for KEDA its own operator",
        "set the host name by which KEDA reaches Redis",
    );
}

fn tls_port(trigger: &Cursor<'_>, part: Option<&Part<'_>>, objects: &Objects<'_>, report: &mut Report) {
    let on = trigger.at(&["metadata", "enableTLS"]).is_true()
        || authentication::tls_of_reference(trigger, objects) != Some(false);
    let Some(Part { at, text: Some(text) }) = part.filter(|_| !on) else { return };
    // A URL has been refused before.
    let of_tls = |text: &str| {
        !text.contains("://") && text.rsplit(':').next().is_some_and(|port| TLS_PORTS.contains(&port.trim()))
    };
    if text.split(',').any(of_tls) {
        let message = "usually speaks TLS, and TLS is off: KEDA waits for a reply that never comes";
        report.add(Rule::TlsPort, at, message, "set `enableTLS` to \"true\"");
    }
}
