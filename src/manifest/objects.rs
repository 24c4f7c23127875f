//! The objects of a workload, in the order in which they need each other.

use super::object::Manifest;
use super::workload::Workload;
use super::{
    arguments, availability, configuration, deployment, metadata, network, redis, scaled_job, scaled_object,
    trigger_authentication,
};
use crate::profile::ScaleKind;
use crate::profile::deploy::WorkloadKind;

impl Workload<'_> {
    /// Makes the objects, in the order in which they need each other.
    pub fn objects(&self) -> Vec<Manifest> {
        let deploy = &self.profile.deploy;
        let mut objects = Vec::new();
        if let Some(namespace) = self.namespace.as_ref().filter(|_| deploy.create_namespace == Some(true)) {
            objects.push(Manifest::plain(metadata::namespace(self, namespace)));
        }
        // A rendered Redis runs under this account as well.
        if deploy.service_account.is_none() || deploy.redis == Some(true) {
            let account = configuration::service_account(self);
            objects.push(Manifest::commented(configuration::ACCOUNT_COMMENT, account));
        }
        if deploy.exporter == Some(true) {
            objects.extend(self.exporter_account());
        }
        objects.push(Manifest::commented(configuration::COMMENT, configuration::config_map(self)));
        if let Some(secret) = configuration::secret(self) {
            objects.push(Manifest::commented(configuration::SECRET_COMMENT, secret));
        }
        if deploy.redis == Some(true) {
            objects.extend(self.redis());
        }
        if let Some(authentication) = trigger_authentication::trigger_authentication(self) {
            objects.push(Manifest::plain(authentication));
        }
        if deploy.producer == Some(true) {
            objects.extend(self.producer());
        }
        if deploy.exporter == Some(true) {
            objects.extend(self.exporter());
        }
        objects.extend(self.consumers());
        objects
    }

    fn redis(&self) -> Vec<Manifest> {
        let policy = self.guarded().then(|| Manifest::commented(network::REDIS_COMMENT, network::redis(self)));
        let workload = match &self.profile.deploy.redis_storage {
            Some(size) => Manifest::commented(redis::KEPT_COMMENT, redis::stateful_set(self, size)),
            None => Manifest::commented(redis::COMMENT, redis::deployment(self)),
        };
        policy.into_iter().chain([Manifest::plain(redis::service(self)), workload]).collect()
    }

    fn producer(&self) -> Vec<Manifest> {
        let policy = self.guarded().then(|| network::producer(self));
        let workload = if arguments::ends(&self.profile.produce) {
            Manifest::plain(deployment::producer_job(self))
        } else {
            Manifest::plain(deployment::producer(self))
        };
        policy.map(|(comment, policy)| Manifest::commented(comment, policy)).into_iter().chain([workload]).collect()
    }

    /// The consumers and the object that scales them; of an existing target only the latter.
    fn consumers(&self) -> Vec<Manifest> {
        let deploy = &self.profile.deploy;
        let jobs = self.profile.scale.kind() == ScaleKind::ScaledJob;
        let mut objects = Vec::new();
        if deploy.target.is_none() {
            if self.guarded() {
                let (comment, policy) = network::consumer(self);
                objects.push(Manifest::commented(comment, policy));
            }
            if !jobs && deploy.workload == Some(WorkloadKind::StatefulSet) {
                let service = deployment::consumer_service(self);
                objects.push(Manifest::commented(deployment::SERVICE_COMMENT, service));
                objects.push(Manifest::commented(deployment::COMMENT, deployment::stateful_consumer(self)));
            } else if !jobs {
                objects.push(Manifest::commented(deployment::COMMENT, deployment::consumer(self)));
            }
            if !jobs && deploy.disruption_budget != Some(false) {
                objects.push(Manifest::commented(availability::COMMENT, availability::budget(self)));
            }
        }
        objects.push(if jobs {
            Manifest::commented(scaled_job::comment(self), scaled_job::scaled_job(self))
        } else {
            Manifest::commented(scaled_object::comment(self), scaled_object::scaled_object(self))
        });
        objects
    }

    /// Warnings about objects among `written` that are not fit for production.
    pub fn warnings(&self, written: &[Manifest]) -> Vec<&'static str> {
        let kinds: Vec<String> = written.iter().filter_map(|object| Some(object.identity().ok()?.kind)).collect();
        let writes = |kind: &str| kinds.iter().any(|written| written == kind);
        let demo = self.profile.deploy.redis == Some(true) && (writes("Deployment") || writes("StatefulSet"));
        let cases = [
            (demo, "the rendered Redis is for demos: no password, no TLS, one pod, no replicas"),
            (writes("Secret"), "the rendered Secret holds placeholders: replace them before applying it"),
        ];
        cases.into_iter().filter(|(applies, _)| *applies).map(|(_, warning)| warning).collect()
    }
}
