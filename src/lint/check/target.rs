//! Pods that a trigger scales, and the variables of their containers.

use crate::lint::object::{Cursor, Objects};
use crate::lint::pod::{self, Variable};

/// Returns the value of a variable of the target's container; `None` where the container is not in the files.
pub(super) fn resolve<'a>(trigger: &Cursor<'a>, variable: &str, objects: &'a Objects<'a>) -> Option<Variable<'a>> {
    container(trigger, objects).map(|container| pod::variable(&container, variable, objects))
}

/// The container whose variables KEDA reads.
pub(super) fn container<'a>(trigger: &Cursor<'a>, objects: &'a Objects<'a>) -> Option<Cursor<'a>> {
    let path: &[&str] = match trigger.object.kind {
        "ScaledJob" => &["spec", "envSourceContainerName"],
        _ => &["spec", "scaleTargetRef", "envSourceContainerName"],
    };
    pod::container(&template(trigger, objects)?, trigger.object.at(path).text())
}

/// The template of the pods that are scaled.
pub(super) fn template<'a>(trigger: &Cursor<'a>, objects: &'a Objects<'a>) -> Option<Cursor<'a>> {
    let scaled = trigger.object;
    let owner = if scaled.kind == "ScaledJob" { scaled } else { pod::target(scaled, objects)? };
    owner.template()
}
