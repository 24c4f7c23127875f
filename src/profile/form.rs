//! Regular expressions of text values, for the schema; they accept every text that the types parse, and a few more.

/// Quantity of Kubernetes: `50m`, `64Mi`.
pub(crate) const QUANTITY: &str = "^[0-9]+(\\.[0-9]*)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$";

/// Port, or address with a port.
pub(crate) const LISTEN_ADDRESS: &str = "^((localhost:|:)?\\+?[0-9]+|[0-9.]+:[0-9]+|\\[[0-9a-fA-F:.%]+\\]:[0-9]+)$";

/// Version of KEDA: `2.20.2`, `v2.20`.
pub(crate) const KEDA_VERSION: &str = "^v?[0-9]+\\.[0-9]+(\\.[0-9]+)?$";
