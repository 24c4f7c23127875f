//! How the texts of a profile look, as regular expressions: what an editor can tell of them without this program.
//!
//! Each takes every text that its type reads. Of those that it does not read, some are let through: `6s..2s`, say.

/// A quantity of Kubernetes: `50m`, `64Mi`.
pub(crate) const QUANTITY: &str = "^[0-9]+(\\.[0-9]*)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$";

/// A port, or an address with one.
pub(crate) const LISTEN_ADDRESS: &str = "^((localhost:|:)?\\+?[0-9]+|[0-9.]+:[0-9]+|\\[[0-9a-fA-F:.%]+\\]:[0-9]+)$";

/// A release of KEDA: `2.20.2`, `v2.20`.
pub(crate) const KEDA_VERSION: &str = "^v?[0-9]+\\.[0-9]+(\\.[0-9]+)?$";
