//! What a container is given: the `[deploy.resources]` table.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::form;

/// The `[deploy.resources]` table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ResourcesTable {
    /// What is set aside.
    pub requests: QuantityTable,
    /// What is not exceeded.
    pub limits: QuantityTable,
}

/// Quantities of a container, as Kubernetes writes them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct QuantityTable {
    /// Processor cores, such as `50m`.
    pub cpu: Option<QuantityText>,
    /// Memory, such as `64Mi`.
    pub memory: Option<QuantityText>,
    /// Disk for logs and what else a container writes, such as `16Mi`.
    pub ephemeral_storage: Option<QuantityText>,
}

/// A quantity as Kubernetes writes it: a number, and a suffix such as `m`, `k`, `M` or `Mi`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = form::QUANTITY, "examples" = ["50m", "64Mi"]))]
pub struct QuantityText(pub String);

impl TryFrom<String> for QuantityText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        const SUFFIXES: [&str; 14] = ["", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
        let suffix = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let number = &text[..text.len() - suffix.len()];
        if number.starts_with('.') || number.parse::<f64>().is_err() || !SUFFIXES.contains(&suffix) {
            return Err(format!("`{text}` is not a quantity such as `50m`, `0.5` or `64Mi`"));
        }
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_those_of_kubernetes() {
        for text in ["1", "0.5", "50m", "64Mi", "1G"] {
            assert!(QuantityText::try_from(text.to_owned()).is_ok(), "{text}");
        }
        for text in ["", "m", "64MB", "1.2.3", "-1", "64 Mi", ".5"] {
            assert!(QuantityText::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
