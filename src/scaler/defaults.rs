//! Defaults of KEDA and of the kube-controller-manager.

use std::time::Duration;

/// KEDA's default `minReplicaCount`.
pub const MIN_REPLICA_COUNT: u32 = 0;

/// KEDA's default `maxReplicaCount`.
pub const MAX_REPLICA_COUNT: u32 = 100;

/// KEDA's default `pollingInterval`.
pub const POLLING_INTERVAL: Duration = Duration::from_secs(30);

/// KEDA's default `cooldownPeriod`.
pub const COOLDOWN_PERIOD: Duration = Duration::from_secs(300);

/// KEDA's default `listLength` of the `redis` scaler.
pub const LIST_LENGTH: u64 = 5;

/// Time between two syncs of the HPA above 0 replicas: the 15 s of `--horizontal-pod-autoscaler-sync-period`, and the time
/// the controller needs before it waits again.
pub const SYNC_PERIOD: Duration = Duration::from_millis(15_030);

/// Default of `--horizontal-pod-autoscaler-tolerance`.
pub const TOLERANCE: f64 = 0.1;

/// Default of `--horizontal-pod-autoscaler-downscale-stabilization`, which applies without `behavior`.
pub const DOWNSCALE_STABILIZATION: Duration = Duration::from_secs(300);
