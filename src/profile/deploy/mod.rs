//! The `[deploy]` table: Kubernetes objects of producer and consumers.

mod check;
mod environment;
mod quantity;
mod scheduling;
mod sidecar;
mod target;
mod volume;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

pub use self::environment::{EnvKey, EnvSource, EnvValue};
pub use self::quantity::{QuantityTable, QuantityText, ResourcesTable, any_amount, canonical_ratio};
pub use self::scheduling::{
    KubernetesFields, TaintEffect, Texts, TolerationOperator, TolerationTable, TopologySpreadTable, WhenUnsatisfiable,
};
pub use self::sidecar::{SidecarTable, port as sidecar_port};
pub use self::target::TargetTable;
pub use self::volume::VolumeTable;
use super::name::DEFAULT_NAME;
pub use super::name::{image, name, namespace};

/// Default image, which `make image` builds.
pub const DEFAULT_IMAGE: &str = concat!("qscale:", env!("CARGO_PKG_VERSION"));

/// Default path of the program in the image.
pub const DEFAULT_PROGRAM: &str = "/qscale";

/// Default image of the Redis for demos.
pub const DEFAULT_REDIS_IMAGE: &str = "redis:7.2-alpine";

/// Default key of the password in the Secret.
pub const DEFAULT_PASSWORD_KEY: &str = "password";

/// `[deploy]`: Kubernetes objects of producer and consumers.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DeployTable {
    /// Name of the workload and prefix of the object names.
    #[schemars(extend("x-default" = "made from the key of the list; `qscale` for the default list", "examples" = ["orders"]))]
    pub name: Option<String>,
    /// Name made from the lists, if any is set.
    #[serde(skip)]
    pub(super) of_lists: Option<String>,
    /// Namespace of all objects.
    #[schemars(extend("x-default" = "namespace of the kubectl context", "examples" = ["orders"]))]
    pub namespace: Option<String>,
    /// Renders the Namespace.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub create_namespace: Option<bool>,
    /// Container image with a tag or digest.
    #[schemars(extend("default" = DEFAULT_IMAGE, "examples" = ["ghcr.io/example/worker:1.4.2"]))]
    pub image: Option<String>,
    /// imagePullPolicy of the containers.
    #[schemars(extend("default" = "Always", "examples" = ["IfNotPresent"]))]
    pub image_pull_policy: Option<ImagePullPolicy>,
    /// Existing Secrets with the credentials of the image registry.
    #[schemars(extend("x-default" = "none", "examples" = [["registry"]]))]
    pub image_pull_secrets: Vec<String>,
    /// Path of qscale in the image; without it the entrypoint of the image runs.
    #[schemars(extend("x-default" = "entrypoint of the image", "examples" = ["/usr/local/bin/qscale"]))]
    pub program: Option<String>,
    /// Kind of the consumers.
    #[schemars(extend("default" = "Deployment", "examples" = ["StatefulSet"]))]
    pub workload: Option<WorkloadKind>,
    /// Existing workload that KEDA scales, in place of rendered consumers.
    pub target: Option<TargetTable>,
    /// Existing Secret with the Redis credentials.
    #[schemars(extend("x-default" = "none", "examples" = ["redis-credentials"]))]
    pub secret: Option<String>,
    /// Renders the Secret with placeholders to replace.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub write_secret: Option<bool>,
    /// Key of the ACL user in the Secret.
    #[schemars(extend("x-default" = "user from `redis.username`", "examples" = ["username"]))]
    pub secret_username_key: Option<String>,
    /// Key of the password in the Secret.
    #[schemars(extend("default" = DEFAULT_PASSWORD_KEY, "examples" = ["password"]))]
    pub secret_password_key: Option<String>,
    /// Key of the sentinels' ACL user in the Secret.
    #[schemars(extend("x-default" = "user from `redis.sentinel-username`", "examples" = ["sentinel-username"]))]
    pub secret_sentinel_username_key: Option<String>,
    /// Key of the sentinels' password in the Secret.
    #[schemars(extend("x-default" = "key of the password of Redis", "examples" = ["sentinel-password"]))]
    pub secret_sentinel_password_key: Option<String>,
    /// Key of the CA certificates (PEM) in the Secret.
    #[schemars(extend("x-default" = "none", "examples" = ["ca.crt"]))]
    pub secret_ca_key: Option<String>,
    /// Key of the client certificate (PEM) in the Secret.
    #[schemars(extend("x-default" = "none", "examples" = ["tls.crt"]))]
    pub secret_cert_key: Option<String>,
    /// Key of the client key (PEM) in the Secret.
    #[schemars(extend("x-default" = "none", "examples" = ["tls.key"]))]
    pub secret_key_key: Option<String>,
    /// Renders the producer.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub producer: Option<bool>,
    /// Renders an exporter: one pod that serves the metrics of list and consumers.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub exporter: Option<bool>,
    /// Renders a Redis for demos.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub redis: Option<bool>,
    /// Image of the Redis for demos.
    #[schemars(extend("default" = DEFAULT_REDIS_IMAGE, "examples" = ["redis:7.2-alpine"]))]
    pub redis_image: Option<String>,
    /// Volume size of the Redis for demos.
    #[schemars(extend("x-default" = "no volume: data is lost with the pod", "examples" = ["1Gi"]))]
    pub redis_storage: Option<QuantityText>,
    /// Renders a NetworkPolicy per component that allows only the traffic it needs.
    #[schemars(extend("default" = true, "examples" = [false]))]
    pub network_policy: Option<bool>,
    /// Renders a PodDisruptionBudget for the consumers.
    #[schemars(extend("default" = true, "examples" = [false]))]
    pub disruption_budget: Option<bool>,
    /// Resource requests and limits of the qscale containers.
    pub resources: ResourcesTable,
    /// Web service that items are posted to, as another container of the consumers' pods.
    pub sidecar: Option<SidecarTable>,
    /// Environment variables of the consumers' containers: a text, or a key of an existing Secret or ConfigMap.
    #[schemars(extend("x-default" = "none", "examples" = [{ "LOG_LEVEL": "info", "DATABASE_URL": { "secret": "database", "key": "url" } }]))]
    pub env: BTreeMap<String, EnvValue>,
    /// Existing Secrets and ConfigMaps whose keys become environment variables of the consumers' containers.
    #[schemars(extend("x-default" = "none", "examples" = [[{ "secret": "payments", "prefix": "PAYMENTS_" }]]))]
    pub env_from: Vec<EnvSource>,
    /// Volumes of the consumers' pods.
    #[schemars(extend("x-default" = "`/tmp` alone", "examples" = [[{ "name": "models", "mount-path": "/models", "claim": "models" }]]))]
    pub volumes: Vec<VolumeTable>,
    /// Mounts the root file system of the containers for reading only; `/tmp` and volumes stay writable.
    #[schemars(extend("default" = true, "examples" = [false]))]
    pub read_only_root: Option<bool>,
    /// Existing ServiceAccount of producer and consumers, in place of a rendered one.
    #[schemars(extend("x-default" = "rendered, without rights", "examples" = ["orders"]))]
    pub service_account: Option<String>,
    /// Labels of all objects and their pods.
    #[schemars(extend("x-default" = "none", "examples" = [{ "example.com/team": "orders" }]))]
    pub labels: Texts,
    /// Annotations of the pods of producer and consumers.
    #[schemars(extend("x-default" = "none", "examples" = [{ "example.com/owner": "orders@example.com" }]))]
    pub annotations: Texts,
    /// Labels of the nodes that producer and consumers run on.
    #[schemars(extend("x-default" = "any node", "examples" = [{ "kubernetes.io/arch": "arm64" }]))]
    pub node_selector: Texts,
    /// Taints of nodes that producer and consumers tolerate.
    #[schemars(extend("x-default" = "none", "examples" = [[{ "key": "dedicated", "operator": "Exists", "effect": "NoSchedule" }]]))]
    pub tolerations: Vec<TolerationTable>,
    /// Affinity of the consumers, with the names that Kubernetes has for its fields; laid over the default.
    #[schemars(extend("x-default" = "preferably on different nodes", "examples" = [{ "nodeAffinity": {} }]))]
    pub affinity: KubernetesFields,
    /// Spread of the consumers over zones or nodes.
    #[schemars(extend("x-default" = "over zones, with `ScheduleAnyway`", "examples" = [[{ "topology-key": "kubernetes.io/hostname" }]]))]
    pub topology_spread: Vec<TopologySpreadTable>,
    /// Existing PriorityClass of the consumers.
    #[schemars(extend("x-default" = "that of the cluster", "examples" = ["batch"]))]
    pub priority_class: Option<String>,
    /// File with a strategic merge patch of the consumers' pod template, in YAML or JSON; its container is called `consumer`.
    #[schemars(extend("x-default" = "none", "examples" = ["pod.yaml"]))]
    pub patch: Option<PathBuf>,
}

/// Image pull policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum ImagePullPolicy {
    /// Pulls at every start of a container, which follows moved tags and checks pull rights.
    #[default]
    Always,
    /// Pulls unless the node has the image, such as one loaded into the nodes of a local cluster.
    IfNotPresent,
    /// Never pulls.
    Never,
}

/// Kind of the workload that the consumers' pods belong to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum WorkloadKind {
    /// Interchangeable pods.
    #[default]
    Deployment,
    /// Pods with stable names.
    StatefulSet,
}

impl DeployTable {
    /// Returns the name of the workload: as it is set, or else made from the lists, so that workloads of different lists have
    /// different objects.
    pub fn name(&self) -> &str {
        self.name.as_deref().or(self.of_lists.as_deref()).unwrap_or(DEFAULT_NAME)
    }

    /// Returns the name of the consumers' workload and of the object that scales it.
    pub fn consumer_name(&self) -> String {
        format!("{}-consumer", self.name())
    }

    /// Name of the consumers in Kubernetes: the rendered workload, or an existing target.
    pub fn scaled(&self) -> TargetTable {
        self.target.clone().unwrap_or_else(|| TargetTable {
            api_version: "apps/v1".to_owned(),
            kind: match self.workload.unwrap_or_default() {
                WorkloadKind::Deployment => "Deployment".to_owned(),
                WorkloadKind::StatefulSet => "StatefulSet".to_owned(),
            },
            name: self.consumer_name(),
        })
    }

    /// Returns the name of the producer.
    pub fn producer_name(&self) -> String {
        format!("{}-producer", self.name())
    }

    /// Returns the name of the exporter.
    pub fn exporter_name(&self) -> String {
        format!("{}-exporter", self.name())
    }
}
