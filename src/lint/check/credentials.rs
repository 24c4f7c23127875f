//! Passwords and certificates: exposure, and references that KEDA cannot resolve.

use super::authentication::{parameters, tls_of_reference};
use super::target::{container, resolve, template};
use super::{address, secret};
use crate::endpoint::secret::{is_word, may_be_secret};
use crate::lint::exposure;
use crate::lint::finding::Report;
use crate::lint::object::{Cursor, Object, Objects};
use crate::lint::pod::{self, Variable};
use crate::lint::rule::Rule;
use crate::lint::schema::parameter;
use crate::lint::spelling::nearest;

/// Hint for a password in plain text.
const SECRET: &str = "move it to a Secret and refer to that: `secretKeyRef` in a container, `secretTargetRef` in a \
                      TriggerAuthentication";

/// Checks TLS and passwords of a trigger.
pub(super) fn check_trigger(trigger: &Cursor<'_>, objects: &Objects<'_>, report: &mut Report) {
    let metadata = trigger.get("metadata");
    for (key, value) in metadata.entries() {
        if let Some(plain) = key.strip_suffix("FromEnv").filter(|plain| parameter::is_of_connection(plain)) {
            from_variable(trigger, plain, &value, objects, report);
        } else if exposure::names_secret(key) && value.text().is_some_and(|text| !text.is_empty()) {
            let message = "is a password, readable by everyone who can read this object";
            let variable = value.text().filter(|text| address::is_variable(text)).map(|text| {
                format!("if `{text}` is a variable of the container, write it as `{key}FromEnv`; else {SECRET}")
            });
            report.add(Rule::PasswordInPlainText, &value, message, variable.unwrap_or_else(|| SECRET.to_owned()));
        }
    }
    tls(trigger, &metadata, objects, report);
}

/// Checks passwords of a trigger that does not read Redis: `amqp://user:…@rabbitmq`, `password=…`.
pub(super) fn check_other_trigger(trigger: &Cursor<'_>, report: &mut Report) {
    trigger.get("metadata").entries().iter().for_each(|(key, value)| check_value(key, value, report));
}

/// Source: `pkg/scaling/resolver/scale_resolvers.go :: ResolveContainerEnv`
fn from_variable(trigger: &Cursor<'_>, plain: &str, value: &Cursor<'_>, objects: &Objects<'_>, report: &mut Report) {
    let Some(name) = value.text() else { return };
    // A password that was written here by mistake must not be repeated.
    let shown = if is_word(name) && !may_be_secret(&format!("{plain}FromEnv"), name) { name } else { "…" };
    let empty = if plain.to_lowercase().contains("password") {
        "KEDA connects without a password"
    } else {
        "KEDA reads \
                                          nothing"
    };
    match resolve(trigger, name, objects) {
        Some(Variable::Absent) => {
            let message = format!("names `{shown}`, which the container does not define: {empty}");
            report.add(Rule::VariableMissing, value, message, elsewhere(trigger, name, objects));
        }
        Some(Variable::OfPod) => {
            let message = format!("names `{shown}`, which only the pod itself knows (`fieldRef`): {empty}");
            report.add(
                Rule::VariableMissing,
                value,
                message,
                "name a variable with a value, or one from a Secret or ConfigMap",
            );
        }
        Some(Variable::Known("")) => {
            let message = format!("names `{shown}`, which is empty: {empty}");
            report.add(Rule::VariableMissing, value, message, "set a value, or name another");
        }
        _ => {}
    }
}

/// Returns what to do about a variable that the container does not define: another one may.
fn elsewhere(trigger: &Cursor<'_>, name: &str, objects: &Objects<'_>) -> String {
    let usual = "define the variable in the container, or name another".to_owned();
    let Some(template) = template(trigger, objects) else { return usual };
    let defines = |container: &Cursor<'_>| !matches!(pod::variable(container, name, objects), Variable::Absent);
    if let Some(other) = pod::containers(&template).iter().find(|container| defines(container)) {
        let other = other.get("name").text().unwrap_or_default();
        let field = match trigger.object.kind {
            "ScaledJob" => "envSourceContainerName",
            _ => "scaleTargetRef.envSourceContainerName",
        };
        return format!(
            "container `{other}` defines it: set `{field}` to `{other}`, as KEDA reads the first otherwise"
        );
    }
    if template.at(&["spec", "initContainers"]).items().iter().any(defines) {
        return "only an init container defines it, which KEDA does not read: define it in the container".to_owned();
    }
    usual
}

/// Source: `pkg/scalers/redis_scaler.go :: SetEnableTLS`
fn tls(trigger: &Cursor<'_>, metadata: &Cursor<'_>, objects: &Objects<'_>, report: &mut Report) {
    let enable = metadata.get("enableTLS");
    let insecure = metadata.get("unsafeSsl");
    let of_reference = tls_of_reference(trigger, objects);
    if enable.is_there() && parameters(trigger, objects).is_some_and(|all| all.contains(&"tls")) {
        let message = "conflicts with `tls` of the TriggerAuthentication: KEDA refuses a trigger with both";
        report.add(Rule::DuplicateTls, &enable, message, "remove one of them");
    }
    if insecure.is_true() {
        if !enable.is_true() && of_reference == Some(false) {
            let message = "has no effect: TLS is off";
            report.add(Rule::TlsNoEffect, &insecure, message, "remove it, or set `enableTLS` to \"true\"");
        } else {
            let message = "skips certificate verification (insecure: allows man-in-the-middle attacks)";
            let hint = "remove it, and provide the trusted certificate as `ca` in the TriggerAuthentication";
            report.add(Rule::TlsUnverified, &insecure, message, hint);
        }
    }
    let Some(all) = parameters(trigger, objects) else { return };
    let reference = trigger.at(&["authenticationRef", "name"]);
    let certificates: Vec<&str> = ["ca", "cert", "key"].into_iter().filter(|name| all.contains(name)).collect();
    if !certificates.is_empty() && !enable.is_true() && !all.contains(&"tls") {
        let message = format!("provides certificates ({}) without effect: TLS is off", certificates.join(", "));
        report.add(Rule::TlsNoEffect, &reference, message, "set `enableTLS` to \"true\" in the trigger's metadata");
    }
    if all.contains(&"cert") != all.contains(&"key") {
        let message = "provides only one of `cert` and `key`: KEDA drops it and presents no client certificate";
        report.add(Rule::CertificateWithoutKey, &reference, message, "provide both, or neither");
    }
}

/// Checks references: KEDA takes a missing TriggerAuthentication for one without user and password.
///
/// Source: `pkg/scaling/resolver/scale_resolvers.go :: resolveAuthRef`
pub(super) fn check_reference(trigger: &Cursor<'_>, objects: &Objects<'_>, report: &mut Report) {
    let reference = trigger.get("authenticationRef");
    let name = reference.get("name");
    let Some(text) = name.text() else { return };
    // A ClusterTriggerAuthentication is usually maintained elsewhere.
    if reference.get("kind").text().is_some_and(|kind| kind != "TriggerAuthentication") {
        return;
    }
    if let Some(authentication) = objects.find("TriggerAuthentication", text, trigger.object) {
        return variables(authentication, trigger, objects, report);
    }
    let elsewhere = objects.named("TriggerAuthentication", text).next();
    if let Some(namespace) = elsewhere.and_then(|other| other.namespace) {
        let message =
            format!("is in namespace `{namespace}`, not that of this object: KEDA connects without a password");
        report.add(Rule::AuthenticationElsewhere, &name, message, "move both into one namespace");
    } else {
        let message = format!(
            "names `{text}`, which is not in these files: if the cluster does not have it either, KEDA connects \
             without a password and reports NOAUTH"
        );
        report.add(Rule::AuthenticationMissing, &name, message, "check that it exists, or lint its file as well");
    }
}

/// The variables that a TriggerAuthentication reads from the pods of this trigger: of their first container where it names
/// none.
fn variables<'a>(authentication: &'a Object<'a>, trigger: &Cursor<'a>, objects: &'a Objects<'a>, report: &mut Report) {
    let Some(template) = template(trigger, objects) else { return };
    for entry in authentication.at(&["spec", "env"]).items() {
        let (name, named) = (entry.get("name"), entry.get("containerName"));
        let Some(container) = pod::container(&template, named.text()) else { continue };
        let missing = name
            .text()
            .is_some_and(|text| is_word(text) && matches!(pod::variable(&container, text, objects), Variable::Absent));
        if missing {
            let message = format!(
                "is not a variable of the container in the pods that `{}` scales: KEDA reads an empty value",
                trigger.object.name
            );
            report.add(Rule::VariableMissing, &name, message, "define the variable in the container, or name another");
        }
    }
}

/// Checks the sources of a TriggerAuthentication.
pub(super) fn check_authentication(object: &Object<'_>, objects: &Objects<'_>, report: &mut Report) {
    let spec = object.at(&["spec"]);
    for parameter in ["secretTargetRef", "configMapTargetRef", "env"].iter().flat_map(|list| spec.get(list).items()) {
        misspelt(&parameter.get("parameter"), report);
    }
    for source in spec.get("secretTargetRef").items() {
        let (name, key) = (source.get("name"), source.get("key"));
        let (Some(secret), Some(text)) = (name.text(), key.text()) else { continue };
        if !is_word(text) {
            let message = "is not a valid key, which has letters, digits, `-`, `_` and `.` only: KEDA reads nothing";
            report.add(
                Rule::SecretKeyMissing,
                &key,
                message,
                "set the name of the key, and store the value in the Secret",
            );
            continue;
        }
        // One of the whole cluster reads Secrets of KEDA's own namespace.
        if object.kind != "TriggerAuthentication" {
            continue;
        }
        let Some(secret) = objects.find("Secret", secret, object) else {
            if let Some(other) = objects.named("Secret", secret).next()
                && let Some(namespace) = other.namespace
            {
                let message = format!("is in namespace `{namespace}`, not that of this object: KEDA reads nothing");
                report.add(Rule::SecretElsewhere, &name, message, "move both into one namespace");
            }
            continue;
        };
        if !pod::has_key(secret, text) {
            let message =
                format!("names `{text}`, which Secret `{}` does not have: KEDA reads an empty value", secret.name);
            report.add(Rule::SecretKeyMissing, &key, message, "use one of its keys, or add this one");
        } else if matches!(source.get("parameter").text(), Some("password" | "username" | "sentinelPassword")) {
            secret::check_credential(secret, text, report);
        }
    }
    if spec.is_map() && spec.entries().is_empty() {
        report.add(
            Rule::AuthenticationEmpty,
            &spec,
            "is empty: KEDA connects without a password",
            "add `secretTargetRef`",
        );
    }
    if object.kind == "TriggerAuthentication" {
        let path = spec.get("filePath");
        if path.is_there() {
            let message = "is read only in a ClusterTriggerAuthentication";
            report.add(
                Rule::AuthenticationFile,
                &path,
                message,
                "use `secretTargetRef`, or a \
                ClusterTriggerAuthentication",
            );
        }
    }
}

/// Parameters that Redis triggers take from a TriggerAuthentication.
const PARAMETERS: [&str; 8] = [
    "password",
    "username",
    "sentinelPassword",
    "sentinelUsername",
    "sentinelMaster",
    "address",
    "addresses",
    "keyPassword",
];

/// A parameter that is nearly one of these; other triggers have others.
fn misspelt(parameter: &Cursor<'_>, report: &mut Report) {
    let Some(text) = parameter.text().filter(|text| text.len() > 5 && !PARAMETERS.contains(text)) else { return };
    let near = nearest(text, PARAMETERS.into_iter()).filter(|near| near.len() > 5);
    // Others spell it so.
    if let Some(near) = near.filter(|_| text != "userName") {
        let message = "is not a parameter of Redis triggers: KEDA silently ignores it";
        report.add(Rule::UnknownAuthenticationParameter, parameter, message, format!("did you mean `{near}`?"));
    }
}

/// Checks variables and arguments of a container.
pub(super) fn check_container(container: &Cursor<'_>, objects: &Objects<'_>, report: &mut Report) {
    for entry in container.get("env").items() {
        let value = entry.get("value");
        let name = entry.get("name").text().unwrap_or_default();
        check_value(name, &value, report);
        let from = entry.at(&["valueFrom", "secretKeyRef"]);
        let (Some(secret), Some(key)) = (from.get("name").text(), from.get("key").text()) else { continue };
        let Some(secret) = objects.find("Secret", secret, container.object) else { continue };
        if !pod::has_key(secret, key) {
            let message =
                format!("names `{key}`, which Secret `{}` does not have: the container cannot start", secret.name);
            report.add(Rule::SecretKeyMissing, &from.get("key"), message, "use one of its keys, or add this one");
        } else if exposure::names_secret(name) {
            secret::check_credential(secret, key, report);
        }
    }
    let words: Vec<Cursor<'_>> = ["command", "args"].iter().flat_map(|list| container.get(list).items()).collect();
    let texts: Vec<&str> = words.iter().map(|word| word.text().unwrap_or_default()).collect();
    for word in exposure::words(&texts).into_iter().map(|index| &words[index]) {
        report.add(
            Rule::PasswordInPlainText,
            word,
            "contains a password, readable by everyone who can read this \
                                                     object",
            SECRET,
        );
    }
}

/// Checks the values of a ConfigMap.
pub(super) fn check_config_map(object: &Object<'_>, report: &mut Report) {
    object.at(&["data"]).entries().iter().for_each(|(key, value)| check_value(key, value, report));
}

fn check_value(name: &str, value: &Cursor<'_>, report: &mut Report) {
    if value.text().is_some_and(|text| exposure::exposes(name, text)) {
        let is_whole = exposure::names_secret(name);
        let what = if is_whole { "is a secret" } else { "contains a password" };
        let message = format!("{what}, readable by everyone who can read this object");
        report.add(Rule::PasswordInPlainText, value, message, SECRET);
    }
}

/// Checks that the named container exists.
pub(super) fn check_source(scaled: &Object<'_>, objects: &Objects<'_>, report: &mut Report) {
    let path: &[&str] = match scaled.kind {
        "ScaledJob" => &["spec", "envSourceContainerName"],
        _ => &["spec", "scaleTargetRef", "envSourceContainerName"],
    };
    let named = scaled.at(path);
    let known = scaled.kind == "ScaledJob" || pod::target(scaled, objects).is_some();
    if named.is_there() && known && container(&scaled.root(), objects).is_none() {
        let message = "is not a container of the pods: KEDA cannot build the triggers";
        report.add(Rule::ContainerMissing, &named, message, "use the name of one of `containers`");
    }
}
