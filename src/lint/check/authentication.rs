//! Parameters that a trigger's TriggerAuthentication provides.

use crate::lint::object::{Cursor, Objects};

/// Returns whether the trigger's TriggerAuthentication may switch TLS on; `None` where it is not known.
pub(super) fn tls_of_reference(trigger: &Cursor<'_>, objects: &Objects<'_>) -> Option<bool> {
    if !trigger.get("authenticationRef").is_there() {
        return Some(false);
    }
    parameters(trigger, objects).map(|all| all.contains(&"tls"))
}

/// Returns whether the trigger's authentication gives one of these, or may, as it is not in the files.
pub(super) fn gives(trigger: &Cursor<'_>, names: &[&str], objects: &Objects<'_>) -> bool {
    trigger.get("authenticationRef").is_there()
        && parameters(trigger, objects).is_none_or(|all| names.iter().any(|name| all.contains(name)))
}

/// Returns the parameters of the trigger's authentication; `None` where there is none, or it is not in the files.
pub(super) fn parameters<'a>(trigger: &Cursor<'a>, objects: &'a Objects<'a>) -> Option<Vec<&'a str>> {
    let reference = trigger.get("authenticationRef");
    let kind = reference.get("kind").text().unwrap_or("TriggerAuthentication");
    let name = reference.get("name").text()?;
    let mut named = objects.named(kind, name);
    let authentication = named.find(|object| kind.starts_with("Cluster") || object.shares_namespace(trigger.object))?;
    let lists = ["secretTargetRef", "configMapTargetRef", "env"];
    let spec = authentication.at(&["spec"]);
    // A vault may provide any of them.
    if spec.entries().iter().any(|(key, _)| !lists.contains(key)) {
        return None;
    }
    Some(lists.iter().flat_map(|list| spec.get(list).items()).filter_map(|item| item.get("parameter").text()).collect())
}
