//! Where KEDA looks for Redis, and whether it can find it there.

use std::net::IpAddr;

use super::super::finding::Report;
use super::super::object::{Cursor, Objects};
use super::super::pod::{self, Variable};

/// Ports that speak TLS with those who host Redis for others.
const TLS_PORTS: [&str; 3] = ["6380", "10000", "25061"];

/// Source: `pkg/scalers/redis_scaler.go :: redisConnectionInfo`
pub(super) fn check(trigger: &Cursor<'_>, objects: &Objects<'_>, report: &mut Report) {
    let metadata = trigger.get("metadata");
    let several = trigger.get("type").text().is_some_and(|kind| kind.contains("cluster") || kind.contains("sentinel"));
    let said = |keys: [&str; 2]| keys.into_iter().map(|key| metadata.get(key)).find(Cursor::is_there);
    let (addresses, hosts, ports) = (said(["address", "addresses"]), said(["host", "hosts"]), said(["port", "ports"]));
    let from = |key: &str| {
        let keys = [format!("{key}FromEnv"), format!("{key}sFromEnv"), format!("{key}esFromEnv")];
        keys.into_iter().map(|key| metadata.get(&key)).find(Cursor::is_there)
    };
    let referenced = trigger.get("authenticationRef").is_there();

    if let Some(at) = &addresses {
        let text = at.text().unwrap_or_default();
        list(at, text, several, report);
        for address in text.split(',').map(str::trim) {
            check_address(at, address, report);
        }
        if let Some(other) = hosts.as_ref().or(ports.as_ref()) {
            let message = "stands beside an address, which KEDA takes in its place, or adds to it in a cluster";
            report.error("address-and-host", other, message, "keep one of them");
        }
    }
    if let Some(at) = &hosts {
        let text = at.text().unwrap_or_default();
        list(at, text, several, report);
        text.split(',').map(str::trim).for_each(|name| host(at, name, report));
        match &ports {
            None if from("port").is_none() && !referenced => {
                let message = "has no `port` beside it: KEDA passes over a host alone, and finds no address";
                report.error("host-without-port", at, message, "write `port` \"6379\" beside it");
            }
            Some(ports) if ports.text().map(|ports| ports.split(',').count()) != Some(text.split(',').count()) => {
                let message = "are not as many as the hosts: KEDA refuses them";
                report.error("host-without-port", ports, message, "write a port for each host");
            }
            _ => {}
        }
    } else if let Some(at) = from("host").filter(|_| ports.is_none() && from("port").is_none() && !referenced) {
        let message = "has no `portFromEnv` beside it: KEDA passes over a host alone, and finds no address";
        report.error("host-without-port", &at, message, "write `port` or `portFromEnv` beside it");
    } else if let Some(at) = ports.as_ref().filter(|_| addresses.is_none() && from("host").is_none() && !referenced) {
        let message = "has no `host` beside it: KEDA passes over a port alone, and finds no address";
        report.error("host-without-port", at, message, "write `host` beside it, or both as `address`");
    }
    for key in ["host", "address"] {
        let Some(at) = from(key) else { continue };
        let Some(Variable::Known(value)) = resolve(trigger, at.text().unwrap_or_default(), objects) else { continue };
        for value in value.split(',').map(str::trim).filter(|value| !value.is_empty()) {
            if key == "host" { host(&at, value, report) } else { check_address(&at, value, report) }
        }
    }
    let nothing = [&addresses, &hosts, &ports].iter().all(|said| said.is_none());
    if metadata.is_map() && nothing && from("host").is_none() && from("address").is_none() && !referenced {
        let message = "says no address: KEDA cannot build the trigger";
        report.error("no-address", &metadata.by_key(), message, "write `address` as \"host:port\"");
    }
    let port = addresses.as_ref().or(ports.as_ref());
    tls_port(&metadata, port, objects, trigger, report);
}

/// A plain trigger dials the first of its addresses alone.
fn list(at: &Cursor<'_>, text: &str, several: bool, report: &mut Report) {
    if !several && text.contains(',') {
        let message = "names several servers, of which a trigger of type `redis` uses the first alone";
        report.error("several-addresses", at, message, "name one, or use the type `redis-cluster` or `redis-sentinel`");
    }
}

/// An address is dialled as it is.
fn check_address(at: &Cursor<'_>, address: &str, report: &mut Report) {
    if credentials(at, address, report) {
        return;
    }
    if address.contains("://") {
        let message = "is a URL, and KEDA dials it as it is: it needs a host and a port";
        return report.error(
            "address-url",
            at,
            message,
            "write \"host:port\" alone, and `enableTLS` \"true\" for rediss",
        );
    }
    let port = |port: &str| port.parse::<u16>().is_ok_and(|port| port != 0);
    match address.rsplit_once(':') {
        Some((name, number)) if port(number) && !name.is_empty() => host(at, name, report),
        _ => report.error("address-without-port", at, "has no port: KEDA dials it as it is", "write \"host:port\""),
    }
}

/// What stands before `@` is a user or a password, which nothing here may show.
fn credentials(at: &Cursor<'_>, text: &str, report: &mut Report) -> bool {
    let there = text.contains('@');
    if there {
        let message = "holds a password or user, for everyone who may read it; KEDA takes them for part of the host";
        let way_out =
            "write the host and port alone, and the password into a Secret that a TriggerAuthentication names";
        report.error("password-in-plain-text", at, message, way_out);
    }
    there
}

/// Names that mean something else to KEDA than to the pods.
pub(super) fn host(at: &Cursor<'_>, name: &str, report: &mut Report) {
    if credentials(at, name, report) {
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
            let message = "is an address of this cluster or network: that of a Service is another one as soon as the \
                           Service is made anew";
            report.warning("host-address", at, message, "write the name of the Service, as `name.namespace`");
        }
        return;
    }
    if name.eq_ignore_ascii_case("localhost") {
        return loopback(at, report);
    }
    let namespace = at.object.namespace;
    if !name.contains('.') && namespace != Some("keda") {
        let message = "is a short name, which only pods of its own namespace can resolve: KEDA, in another one, says \
                       `no such host`, and nothing is ever scaled";
        // What a variable holds is somewhere else, and may be what it should not.
        let name = if at.text().is_some_and(|text| text.contains(name)) { name } else { "<name>" };
        let way_out = format!("write `{name}.{}`", namespace.unwrap_or("<its namespace>"));
        report.warning("short-host", at, message, way_out);
    }
}

fn loopback(at: &Cursor<'_>, report: &mut Report) {
    report.error(
        "host-loopback",
        at,
        "is each pod itself, KEDA's own here",
        "name the host that KEDA reaches Redis by",
    );
}

/// What the variable of the target's container holds; `None` where the container is not in the files.
pub(super) fn resolve<'a>(trigger: &Cursor<'a>, variable: &str, objects: &'a Objects<'a>) -> Option<Variable<'a>> {
    container(trigger, objects).map(|container| pod::variable(&container, variable, objects))
}

/// The container whose variables KEDA reads.
pub(super) fn container<'a>(trigger: &Cursor<'a>, objects: &'a Objects<'a>) -> Option<Cursor<'a>> {
    let scaled = trigger.object;
    let (owner, named) = if scaled.kind == "ScaledJob" {
        (scaled, scaled.at(&["spec", "envSourceContainerName"]))
    } else {
        (pod::target(scaled, objects)?, scaled.at(&["spec", "scaleTargetRef", "envSourceContainerName"]))
    };
    pod::container(&owner.template()?, named.text())
}

fn tls_port(
    metadata: &Cursor<'_>,
    at: Option<&Cursor<'_>>,
    objects: &Objects<'_>,
    trigger: &Cursor<'_>,
    report: &mut Report,
) {
    let on =
        metadata.get("enableTLS").is_true() || super::credentials::tls_of_reference(trigger, objects) != Some(false);
    let Some(at) = at.filter(|_| !on) else { return };
    // A URL has been refused before.
    let port = |text: &str| {
        !text.contains("://") && text.rsplit(':').next().is_some_and(|port| TLS_PORTS.contains(&port.trim()))
    };
    if at.text().is_some_and(|text| text.split(',').any(port)) {
        let message =
            "is a port that speaks TLS as a rule, and TLS is off: KEDA then waits for an answer that never comes";
        report.warning("port-of-tls", at, message, "set `enableTLS` to \"true\"");
    }
}
