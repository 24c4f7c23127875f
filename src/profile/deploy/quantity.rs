//! What a container is given: the `[deploy.resources]` table.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::error::ProfileError;
use super::super::source::Source;

/// `[deploy.resources]`: resource requests and limits of the qscale containers.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ResourcesTable {
    /// Requested resources.
    pub requests: QuantityTable,
    /// Resource limits.
    pub limits: QuantityTable,
}

/// Resource quantities of a container.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct QuantityTable {
    /// CPU cores.
    #[schemars(extend("x-default" = "requests 50m, limits 500m; with a command and in a sidecar 100m and 1", "examples" = ["50m"]))]
    pub cpu: Option<QuantityText>,
    /// Memory.
    #[schemars(extend("x-default" = "requests 32Mi, limits 128Mi; with a command and in a sidecar 128Mi and 512Mi", "examples" = ["64Mi"]))]
    pub memory: Option<QuantityText>,
    /// Disk space for logs and other files of a container.
    #[schemars(extend("x-default" = "requests 16Mi, limits 64Mi; with a command and in a sidecar 64Mi and 512Mi", "examples" = ["16Mi"]))]
    pub ephemeral_storage: Option<QuantityText>,
}

/// Quantity of Kubernetes: a number and a suffix such as `m`, `k`, `M` or `Mi`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(title = "Kubernetes quantity", extend("pattern" = PATTERN, "examples" = ["50m", "64Mi"]))]
pub struct QuantityText(pub String);

/// Factors of the suffixes, <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.
const SUFFIXES: [(&str, f64); 14] = [
    ("", 1.0),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
];

/// Returns the value of a quantity; `None` for an invalid one.
fn amount(text: &str) -> Option<f64> {
    let suffix = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &text[..text.len() - suffix.len()];
    let (_, factor) = SUFFIXES.iter().find(|(known, _)| *known == suffix)?;
    let number = number.parse::<f64>().ok().filter(|_| !number.starts_with('.'))?;
    Some(number * factor)
}

/// Returns the value of a quantity in any form that Kubernetes reads, also in those that a profile has no use for, such as `1e3`
/// and `500u`; `None` for an invalid one.
pub fn any_amount(text: &str) -> Option<f64> {
    let fine = [("n", 1e-9), ("u", 1e-6), ("", 1.0)];
    let mut plain = fine.into_iter().filter_map(|(suffix, factor)| {
        let number = text.strip_suffix(suffix)?.parse::<f64>().ok()?;
        Some(number * factor).filter(|value| value.is_finite() && text.starts_with(|c: char| c.is_ascii_digit()))
    });
    amount(text).or_else(|| plain.next())
}

/// Regular expression of a quantity, for the schema.
const PATTERN: &str = "^[0-9]+(\\.[0-9]*)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$";

/// Invalid quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a valid quantity, such as `50m`, `0.5` or `64Mi`")]
pub struct QuantityError(String);

impl TryFrom<String> for QuantityText {
    type Error = QuantityError;

    fn try_from(text: String) -> Result<Self, QuantityError> {
        match amount(&text) {
            Some(_) => Ok(Self(text)),
            None => Err(QuantityError(text)),
        }
    }
}

/// Decimal suffixes, each a thousand times the one before it.
const DECIMAL: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];

/// Binary suffixes, each 1024 times the one before it.
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// Returns the number in thousandths, rounded up as the API server does, and true for a binary suffix; `None` for an
/// invalid quantity, and for one beyond any resource.
fn thousandths(text: &str) -> Option<(u128, bool)> {
    let suffix = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &text[..text.len() - suffix.len()];
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let power = |base: u128, exponent: usize| base.checked_pow(u32::try_from(exponent).ok()?);
    let place = |suffixes: &[&str]| suffixes.iter().position(|known| *known == suffix);
    let (factor, binary) = match (place(&DECIMAL), place(&BINARY)) {
        (Some(exponent), _) => (power(1000, exponent + 1)?, false),
        (None, Some(exponent)) => (power(1024, exponent)?.checked_mul(1000)?, true),
        (None, None) if suffix == "m" => (1, false),
        (None, None) => return None,
    };
    let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
    Some((digits.checked_mul(factor)?.div_ceil(power(10, fraction.len())?), binary))
}

/// Divides `number` by `base` as often as nothing is left over, and adds the suffix for that.
fn with_suffix(mut number: u128, base: u128, suffixes: &[&str]) -> String {
    let mut suffix = 0;
    while number != 0 && number.is_multiple_of(base) && suffix + 1 < suffixes.len() {
        number /= base;
        suffix += 1;
    }
    format!("{number}{}", suffixes[suffix])
}

/// Decimal suffixes from billionths, beyond which Kubernetes rounds up.
const FINE: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

/// Returns a ratio in the form in which KEDA writes a ScaledObject back: `50m` for 0.05, `12500u` for 0.0125.
pub fn canonical_ratio(ratio: f64) -> String {
    // Never in exponents, which `Display` of a float does not use.
    let text = ratio.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (kept, lost) = fraction.split_at(fraction.len().min(9));
    match format!("{whole}{kept:0<9}").parse::<u128>() {
        Ok(0) if lost.is_empty() => "0".to_owned(),
        Ok(billionths) => with_suffix(billionths.saturating_add(u128::from(!lost.is_empty())), 1000, &FINE),
        Err(_) => text,
    }
}

impl QuantityText {
    /// Returns the same quantity as the API server stores it: `1` for `1000m`, `1536Mi` for `1.5Gi`. In another form it
    /// would be a change at every apply.
    pub fn canonical(&self) -> String {
        let Some((thousandths, binary)) = thousandths(&self.0) else { return self.0.clone() };
        let (whole, rest) = (thousandths / 1000, thousandths % 1000);
        match (binary, rest) {
            (true, 0) if whole >= 1024 => with_suffix(whole, 1024, &BINARY),
            (_, 0) => with_suffix(whole, 1000, &DECIMAL),
            _ => format!("{thousandths}m"),
        }
    }

    /// Reports whether it is more than another quantity.
    pub fn exceeds(&self, other: &Self) -> bool {
        amount(&self.0).zip(amount(&other.0)).is_some_and(|(own, other)| own > other)
    }
}

impl QuantityTable {
    /// Returns keys and values.
    pub fn entries(&self) -> [(&'static str, Option<&QuantityText>); 3] {
        // Destructured so that a new key cannot be forgotten here.
        let Self { cpu, memory, ephemeral_storage } = self;
        [("cpu", cpu.as_ref()), ("memory", memory.as_ref()), ("ephemeral-storage", ephemeral_storage.as_ref())]
    }
}

impl ResourcesTable {
    /// Rejects requests that exceed their limits, as the API server does; `path` is that of this table.
    pub(super) fn check(&self, source: &Source, path: &[&str]) -> Result<(), ProfileError> {
        for ((key, request), (_, limit)) in self.requests.entries().into_iter().zip(self.limits.entries()) {
            if let Some((request, limit)) = request.zip(limit).filter(|(request, limit)| request.exceeds(limit)) {
                let message = format!("`{}` exceeds the limit `{}`", request.0, limit.0);
                return Err(source.error_at(&[path, &["requests", key]].concat(), message));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_reads_them() {
        for text in ["1", "0.5", "50m", "64Mi", "1G"] {
            assert!(QuantityText::try_from(text.to_owned()).is_ok(), "{text}");
        }
        for text in ["", "m", "64MB", "1.2.3", "-1", "64 Mi", ".5"] {
            assert!(QuantityText::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn quantities_are_read_in_any_form() {
        for (text, value) in
            [("0.5", 0.5), ("64Mi", 67_108_864.0), ("1e3", 1e3), ("2E", 2e18), ("500u", 5e-4), ("7n", 7e-9)]
        {
            let read = any_amount(text).unwrap_or_else(|| panic!("{text}"));
            assert!((read / value - 1.0).abs() < 1e-9, "{text}: {read}");
        }
        for text in ["", "a lot", "64MB", "-1", "1e999", "inf", "u"] {
            assert_eq!(any_amount(text), None, "{text}");
        }
    }

    #[test]
    fn quantities_have_the_form_that_the_api_server_stores() {
        for (text, stored) in [
            ("50m", "50m"),
            ("1000m", "1"),
            ("0.5", "500m"),
            ("2.5", "2500m"),
            ("1.0", "1"),
            ("1.", "1"),
            ("00.1", "100m"),
            ("0.1234", "124m"),
            ("0", "0"),
            ("0Mi", "0"),
            ("64Mi", "64Mi"),
            ("1024Mi", "1Gi"),
            ("2048Mi", "2Gi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Gi", "512Mi"),
            ("1536Ki", "1536Ki"),
            ("0.1Mi", "104857600m"),
            ("0.5Ki", "512"),
            ("1.5Ki", "1536"),
            ("1000k", "1M"),
            ("2000000k", "2G"),
            ("1000000000", "1G"),
            ("128974848", "128974848"),
        ] {
            let quantity = QuantityText::try_from(text.to_owned()).unwrap();
            assert_eq!(quantity.canonical(), stored, "{text}");
            assert_eq!(amount(stored).map(f64::ceil), amount(text).map(f64::ceil), "{text}");
        }
    }

    #[test]
    fn ratios_have_the_form_that_keda_writes_back() {
        for (ratio, stored) in [
            (0.05, "50m"),
            (0.2, "200m"),
            (0.0125, "12500u"),
            (1e-9, "1n"),
            (1e-12, "1n"),
            (0.0, "0"),
            (1.0, "1"),
            (1.5, "1500m"),
            (10.0, "10"),
            (1000.0, "1k"),
        ] {
            assert_eq!(canonical_ratio(ratio), stored, "{ratio}");
        }
    }

    #[test]
    fn quantities_are_compared_by_value() {
        let exceeds = |one: &str, other: &str| QuantityText(one.to_owned()).exceeds(&QuantityText(other.to_owned()));
        for (more, less) in [("1", "999m"), ("1Mi", "1M"), ("1Gi", "1023Mi"), ("0.5", "499m")] {
            assert!(exceeds(more, less) && !exceeds(less, more), "{more} {less}");
        }
        assert!(!exceeds("1000m", "1"));
    }
}
