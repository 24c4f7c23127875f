//! Checks of the `[deploy]` table: keys that need or exclude each other, and values that Kubernetes rejects.

use super::super::error::{Problem, ProfileError};
use super::super::name::{NameError, image, name, namespace, object_name, program, secret_key};
use super::super::scale::ScaleKind;
use super::super::source::Source;
use super::environment::check_variable;
use super::scheduling::check_texts;
use super::{DeployTable, WorkloadKind};

/// Longest name of a workload with a StatefulSet: the label `controller-revision-hash` of its pods holds the name, the suffix
/// `-consumer` and a hash of eleven characters in 63.
const MOST_OF_STATEFUL_SET: usize = 43;

impl DeployTable {
    /// Cross-field validation, and values that Kubernetes rejects.
    pub(in crate::profile) fn check(&self, source: &Source, kind: ScaleKind) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["deploy", key], message));
        let checks = [
            ("name", &self.name, name as fn(&str) -> Result<String, NameError>),
            ("namespace", &self.namespace, namespace),
            ("image", &self.image, image),
            ("redis-image", &self.redis_image, image),
            ("program", &self.program, program),
            ("secret", &self.secret, object_name),
            ("service-account", &self.service_account, object_name),
            ("priority-class", &self.priority_class, object_name),
            ("secret-username-key", &self.secret_username_key, secret_key),
            ("secret-password-key", &self.secret_password_key, secret_key),
            ("secret-sentinel-username-key", &self.secret_sentinel_username_key, secret_key),
            ("secret-sentinel-password-key", &self.secret_sentinel_password_key, secret_key),
            ("secret-ca-key", &self.secret_ca_key, secret_key),
            ("secret-cert-key", &self.secret_cert_key, secret_key),
            ("secret-key-key", &self.secret_key_key, secret_key),
        ];
        for (key, value, check) in checks {
            if let Some(Err(error)) = value.as_deref().map(check) {
                // An invalid key of a Secret may be the secret itself.
                let hidden = key.starts_with("secret-");
                let path = ["deploy", key];
                return Err(if hidden { source.error_hiding(&path, error) } else { source.error_at(&path, error) });
            }
            if self.secret.is_none() && key.starts_with("secret-") && value.is_some() {
                return Err(source.error_at(&["deploy", key], Problem::Requires("secret")));
            }
        }
        if self.workload == Some(WorkloadKind::StatefulSet) {
            if self.name().starts_with(|c: char| c.is_ascii_digit()) {
                let message = "must start with a letter for a StatefulSet: before Kubernetes 1.34 the name of its Service may \
                               not start with a digit";
                return wrong("name", message);
            }
            if self.name().len() > MOST_OF_STATEFUL_SET {
                let message = "must be at most 43 characters for a StatefulSet: its pods carry the name and a hash in a label \
                               of 63 characters";
                return wrong("name", message);
            }
        }
        self.resources.check(source, &["deploy", "resources"])?;
        self.check_pods(source)?;
        if let Some(target) = &self.target {
            target.check(source)?;
        }
        match self.without_effect(kind) {
            Some((key, problem)) => Err(source.error_at(&["deploy", key], problem)),
            None => Ok(()),
        }
    }

    /// Rejects settings of pods that Kubernetes rejects.
    fn check_pods(&self, source: &Source) -> Result<(), ProfileError> {
        for (index, name) in self.image_pull_secrets.iter().enumerate() {
            if let Err(error) = object_name(name) {
                return Err(source.error_at(&["deploy", "image-pull-secrets", &index.to_string()], error));
            }
        }
        self.env.iter().try_for_each(|(name, value)| check_variable(source, name, value))?;
        self.env_from.iter().enumerate().try_for_each(|(index, from)| from.check(source, index))?;
        let volumes = self.volumes.iter().enumerate();
        volumes.into_iter().try_for_each(|(index, volume)| volume.check(source, index, &self.volumes[..index]))?;
        self.tolerations.iter().enumerate().try_for_each(|(index, table)| table.check(source, index))?;
        let texts =
            [("labels", &self.labels), ("annotations", &self.annotations), ("node-selector", &self.node_selector)];
        texts.into_iter().try_for_each(|(key, texts)| check_texts(source, key, texts))
    }

    /// Returns a key of the consumers' pods that is set.
    fn of_consumers(&self) -> Option<&'static str> {
        let keys = [
            ("env", !self.env.is_empty()),
            ("env-from", !self.env_from.is_empty()),
            ("volumes", !self.volumes.is_empty()),
            ("affinity", !self.affinity.0.is_empty()),
            ("topology-spread", !self.topology_spread.is_empty()),
            ("priority-class", self.priority_class.is_some()),
            ("patch", self.patch.is_some()),
            ("sidecar", self.sidecar.is_some()),
        ];
        keys.into_iter().find(|(_, set)| *set).map(|(key, _)| key)
    }

    /// Returns a key without effect, and the reason.
    fn without_effect(&self, kind: ScaleKind) -> Option<(&'static str, Problem)> {
        let demo = self.redis == Some(true);
        let jobs = kind == ScaleKind::ScaledJob;
        let cases: [(&str, bool, Problem); 6] = [
            ("secret", demo && self.secret.is_some(), "is ignored: the Redis of `redis = true` has no password".into()),
            ("redis-image", !demo && self.redis_image.is_some(), Problem::Requires("redis = true")),
            ("redis-storage", !demo && self.redis_storage.is_some(), Problem::Requires("redis = true")),
            ("write-secret", self.secret.is_none() && self.write_secret == Some(true), Problem::Requires("secret")),
            (
                "workload",
                self.workload.is_some() && (jobs || self.target.is_some()),
                "is ignored: with `target` or a ScaledJob, no Deployment or StatefulSet is rendered for the consumers"
                    .into(),
            ),
            (
                "target",
                self.target.is_some() && jobs,
                "conflicts with `kind = \"ScaledJob\"` of [scale], which starts Jobs of its own: remove one".into(),
            ),
        ];
        let found = cases.into_iter().find_map(|(key, applies, problem)| applies.then_some((key, problem)));
        found.or_else(|| {
            let key = self.of_consumers().filter(|_| self.target.is_some())?;
            Some((key, "is ignored: with `target` no consumers are rendered".into()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Profile;

    #[test]
    fn values_that_kubernetes_rejects_are_rejected() {
        let long = format!("name = \"{}\"", "a".repeat(46));
        for (text, path) in [
            (long.as_str(), "deploy.name"),
            ("name = \"My_Queue\"", "deploy.name"),
            ("namespace = \"-x\"", "deploy.namespace"),
            ("image = \"qscale\"", "deploy.image"),
            ("image = \"registry:5000/qscale\"", "deploy.image"),
            ("secret = \"Redis\"", "deploy.secret"),
            ("secret-username-key = \"user\"", "deploy.secret-username-key"),
            ("secret = \"redis\"\nsecret-password-key = \"a b\"", "deploy.secret-password-key"),
            ("redis = true\nsecret = \"redis\"", "deploy.secret"),
            ("redis-image = \"redis:7\"", "deploy.redis-image"),
            ("redis-storage = \"1Gi\"", "deploy.redis-storage"),
            ("program = \"qscale\"", "deploy.program"),
            ("name = \"1abc\"\nworkload = \"StatefulSet\"", "deploy.name"),
            ("name = \"a123456789b123456789c123456789d123456789e123\"\nworkload = \"StatefulSet\"", "deploy.name"),
            (
                "resources = { requests = { cpu = \"1\" }, limits = { cpu = \"500m\" } }",
                "deploy.resources.requests.cpu",
            ),
            ("write-secret = true", "deploy.write-secret"),
            ("workload = \"StatefulSet\"\ntarget = { name = \"w\" }", "deploy.workload"),
            ("workload = \"Deployment\"\n[scale]\nkind = \"ScaledJob\"", "deploy.workload"),
            ("target = { name = \"w\" }\n[scale]\nkind = \"ScaledJob\"", "deploy.target"),
            ("target = { name = \"W\" }", "deploy.target.name"),
            ("target = { name = \"w\", kind = \"rollout\" }", "deploy.target.kind"),
            ("target = { name = \"w\", kind = \"Rollout\", api-version = \"a/b/c\" }", "deploy.target.api-version"),
        ] {
            let error = Profile::parse("q.toml", &format!("[deploy]\n{text}\n")).unwrap_err().to_string();
            assert!(error.contains(&format!(": {path}: ")) && error.starts_with("q.toml:"), "{text}: {error}");
        }
    }
}
