//! The checks of the cluster, if one is configured.

use std::error::Error;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::plan::Plan;
use crate::args::Consumers;
use crate::cluster::{ClusterReading, text};
use crate::diagnosis::{Checked, FaultCode, Patient, of_cluster};
use crate::kubernetes::{self, KubernetesError, ScaledRef, TargetRef};
use crate::lint::{self, File};

/// API of KEDA's objects.
const API: &str = "keda.sh/v1alpha1";

/// Examines the cluster. `waits` is true if items wait on a list.
pub(super) async fn examine(plan: &Plan, waits: bool) -> Vec<Checked> {
    let Some(Consumers { context, namespace, scaled, .. }) = &plan.consumers else { return Vec::new() };
    let (kind, name) = match scaled {
        ScaledRef::Target(TargetRef { kind, name, .. }) => (kind.as_str(), name.as_str()),
        ScaledRef::Jobs(name) => ("ScaledJob", name.as_str()),
    };
    let read = kubernetes::read(context.as_deref(), namespace.as_deref(), &plan.keda_namespace, scaled).await;
    let reading = match read {
        Ok(Some(reading)) => reading,
        Ok(None) => {
            let hint = "set KUBECONFIG, or run this in a pod, to have KEDA checked as well";
            return vec![Checked::not_checked("kubernetes", name, "no Kubernetes cluster is configured", hint)];
        }
        Err(error) if matches!(*error, KubernetesError::NotBuiltIn) => {
            return vec![Checked::not_checked("kubernetes", name, error.to_string(), error.hint())];
        }
        Err(error) => {
            let subject = context.as_deref().unwrap_or("current context");
            let code = FaultCode::KubernetesUnreadable;
            return vec![Checked::found("kubernetes", code, subject, chain(&*error), error.hint())];
        }
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let keda_version = plan.keda_version;
    let database = plan.endpoint.db.value;
    let patient = Patient { kind, name, lists: &plan.lists, database, waits, keda_version, now };
    let mut checks = of_cluster(&reading, patient);
    let told: Vec<&str> = checks.iter().filter_map(|check| check.code()?.rule()).collect();
    let rules = of_rules(&reading, scaled, plan, &told);
    checks.extend(rules);
    // Nothing has named the consumers: another name is more likely than a fault.
    if !plan.is_named && matches!(reading.target, Ok(None)) {
        for check in &mut checks {
            if check.code() == Some(FaultCode::ScaledObjectMissing) {
                let hint = "name the consumers with --namespace and --deployment, or a profile";
                *check = Checked::not_checked(check.check, name, check.got.clone(), hint);
            }
        }
    }
    checks
}

/// Returns the findings of the lint rules in the live ScaledObject or ScaledJob, but for those that are `told` already.
fn of_rules(reading: &ClusterReading, scaled: &ScaledRef, plan: &Plan, told: &[&str]) -> Vec<Checked> {
    let (kind, target) = match scaled {
        ScaledRef::Target(target) => ("ScaledObject", Some(target.name.as_str())),
        ScaledRef::Jobs(_) => ("ScaledJob", None),
    };
    let of_target = |object: &&Value| target.is_none_or(|name| text(object, "/spec/scaleTargetRef/name") == name);
    let Some(object) = reading.scaled.as_deref().unwrap_or_default().iter().find(of_target) else { return Vec::new() };
    let name = text(object, "/metadata/name");
    let manifest = json!({
        "apiVersion": API,
        "kind": kind,
        "metadata": { "name": name, "annotations": object.pointer("/metadata/annotations").cloned().unwrap_or_else(|| json!({})) },
        "spec": object["spec"],
    });
    // All that it refers to stands next to it, as if all were applied together.
    let others = reading.objects.iter().filter_map(|(key, object)| {
        let object = object.as_ref().ok()?.as_ref().filter(|_| key.kind.ends_with("TriggerAuthentication"))?;
        let metadata = json!({ "name": key.name });
        Some(json!({ "apiVersion": API, "kind": key.kind, "metadata": metadata, "spec": object["spec"] }))
    });
    let files: Vec<File> = [manifest].into_iter().chain(others).map(|one| File::read(kind, one.to_string())).collect();
    let findings = lint::check(&files, plan.keda_release).into_iter().filter(|finding| finding.file == 0);
    let mut checks: Vec<Checked> = Vec::new();
    for finding in findings.filter(|finding| !told.contains(&finding.rule.code())) {
        let got = format!("{} ({})", finding, finding.rule);
        checks.push(Checked::found("manifest", FaultCode::ManifestFault, name, got, finding.hint));
    }
    checks
}

fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
