//! What is rendered: a profile, and what was said elsewhere than in it.

use k8s_openapi::api::core::v1::Affinity;

use super::connection::RedisAccess;
use super::patch::PodPatch;
use super::{consumer, keda_version, patch};
use crate::delivery::lists::Lists;
use crate::profile::deploy::{DEFAULT_IMAGE, DEFAULT_REDIS_IMAGE};
use crate::profile::{KedaVersion, Profile, ProfileError};

/// Inputs of render: a profile, and settings from elsewhere.
pub struct Workload<'a> {
    pub(super) profile: &'a Profile,
    pub(super) namespace: Option<String>,
    pub(super) image: String,
    pub(super) lists: Lists,
    pub(super) connection: RedisAccess,
    pub(super) keda_version: KedaVersion,
    /// Patch of the consumers' pod template.
    pub(super) patch: Option<PodPatch>,
}

impl<'a> Workload<'a> {
    /// Takes from `profile` what all objects need; `namespace`, `image` and `keda_version` go over it.
    ///
    /// The address of Redis comes from the profile alone: the same profile gives the same objects in any environment.
    ///
    /// # Errors
    ///
    /// Says which key keeps pods or KEDA from reaching Redis or consumers from starting, or is more than its KEDA knows, and
    /// what to write in its place.
    pub fn of(
        profile: &'a Profile,
        namespace: Option<String>,
        image: Option<String>,
        keda_version: Option<KedaVersion>,
    ) -> Result<Self, ProfileError> {
        let deploy = &profile.deploy;
        let namespace = namespace.or_else(|| deploy.namespace.clone());
        if namespace.is_none() && deploy.create_namespace == Some(true) {
            let message = "requires `namespace`";
            return Err(profile.source.error_at(&["deploy", "create-namespace"], message));
        }
        if namespace.is_none() && deploy.exporter == Some(true) {
            let message = "requires `namespace`: the RoleBinding names that of its account";
            return Err(profile.source.error_at(&["deploy", "exporter"], message));
        }
        if deploy.producer == Some(true) && profile.produce.pattern_file.is_some() {
            let message = "is a local file that pods do not have: set `pattern` instead";
            return Err(profile.source.error_at(&["produce", "pattern-file"], message));
        }
        let lists = profile.lists().value;
        let key = if profile.queue.lists.is_some() { "lists" } else { "list" };
        if lists.keys().iter().any(|list| list.trim() != list) {
            let message = "begins or ends with a space, which KEDA trims: it would read another list";
            return Err(profile.source.error_at(&["queue", key], message));
        }
        consumer::check(profile)?;
        let keda_version = keda_version.unwrap_or_else(|| profile.scale.keda_version());
        keda_version::check(profile, keda_version)?;
        if let Err(error) = patch::typed::<Affinity>(deploy.affinity.0.clone().into()) {
            return Err(profile.source.error_at(&["deploy", "affinity"], error.to_string()));
        }
        Ok(Self {
            profile,
            lists,
            keda_version,
            patch: None,
            image: image.or_else(|| deploy.image.clone()).unwrap_or_else(|| DEFAULT_IMAGE.to_owned()),
            connection: RedisAccess::of(profile, namespace.as_deref())?,
            namespace,
        })
    }

    /// Returns whether a `NetworkPolicy` protects the pods.
    pub(super) fn guarded(&self) -> bool {
        self.profile.deploy.network_policy != Some(false)
    }

    /// The profile.
    pub fn profile(&self) -> &Profile {
        self.profile
    }

    /// The KEDA that the objects are written for.
    pub fn keda_version(&self) -> KedaVersion {
        self.keda_version
    }

    /// The image of the Redis for demos.
    pub(super) fn redis_image(&self) -> &str {
        self.profile.deploy.redis_image.as_deref().unwrap_or(DEFAULT_REDIS_IMAGE)
    }
}
