//! What an older KEDA does not know: it would refuse it, or drop it without a word.

use crate::profile::scale::{Combine, KedaVersion};
use crate::profile::{Profile, ProfileError, ScaleKind};
use crate::scaler::{FallbackBehavior, Strategy};

/// The API version of all objects of KEDA.
pub(super) const API_VERSION: &str = "keda.sh/v1alpha1";

/// A key of the profile, the first KEDA that knows what it becomes, and when it becomes that.
type Feature = (&'static [&'static str], KedaVersion, fn(&Profile) -> bool);

/// The first KEDA that leaves new objects alone for a while.
const INITIAL_COOLDOWN: KedaVersion = KedaVersion(2, 14, 0);

/// Source: the releases' `CHANGELOG.md`, and `apis/keda/v1alpha1/*_types.go` as of each.
const FEATURES: &[Feature] = &[
    (&["scale", "use-cached-metrics"], KedaVersion(2, 9, 0), always),
    (&["redis", "tls-skip-verify"], KedaVersion(2, 9, 1), always),
    (&["scale", "transfer-hpa-ownership"], KedaVersion(2, 11, 0), always),
    (&["scale", "pause", "paused"], KedaVersion(2, 11, 0), |profile| profile.scale.kind() == ScaleKind::ScaledJob),
    (&["scale", "pause", "paused"], KedaVersion(2, 12, 0), |profile| profile.scale.kind() == ScaleKind::ScaledObject),
    (&["scale", "formula"], KedaVersion(2, 12, 0), always),
    (&["scale", "combine"], KedaVersion(2, 12, 0), |profile| profile.scale.combine == Some(Combine::Sum)),
    (&["deploy", "secret-ca-key"], KedaVersion(2, 12, 0), always),
    (&["deploy", "secret-cert-key"], KedaVersion(2, 12, 0), always),
    (&["deploy", "secret-key-key"], KedaVersion(2, 12, 0), always),
    (&["scale", "initial-cooldown-period"], INITIAL_COOLDOWN, always),
    (&["scale", "strategy"], KedaVersion(2, 15, 0), |profile| profile.scale.strategy == Some(Strategy::Eager)),
    (&["scale", "fallback", "behavior"], KedaVersion(2, 20, 0), |profile| {
        let behavior = profile.scale.fallback.and_then(|fallback| fallback.behavior);
        behavior == Some(FallbackBehavior::ScalingModifiers)
    }),
    (&["scale", "fallback", "behavior"], KedaVersion(2, 17, 0), always),
    (&["scale", "pause", "paused-scale-in"], KedaVersion(2, 18, 0), always),
    (&["scale", "pause", "paused-scale-out"], KedaVersion(2, 18, 0), always),
    (&["scale", "force-activation"], KedaVersion(2, 18, 0), always),
    (&["scale", "behavior", "scale-up", "tolerance"], KedaVersion(2, 18, 0), always),
    (&["scale", "behavior", "scale-down", "tolerance"], KedaVersion(2, 18, 0), always),
];

fn always(_: &Profile) -> bool {
    true
}

/// Looks for what `version` does not know.
pub(super) fn check(profile: &Profile, version: KedaVersion) -> Result<(), ProfileError> {
    for (path, since, applies) in FEATURES {
        if version < *since && profile.source.find(path).is_some() && applies(profile) {
            let message = format!(
                "needs KEDA {since}, and this is written for {version}: leave it out, or say `keda-version = \
                 \"{since}\"` in [scale] (--keda-version) if the cluster has that"
            );
            return Err(profile.source.error_at(path, message));
        }
    }
    Ok(())
}

/// Returns whether the strategy `default` of a `ScaledJob` can be named. Two releases refuse it, and use it where none
/// is named (`scaledjob_types.go`, an enum without it).
pub(super) fn names_default_strategy(version: KedaVersion) -> bool {
    !(KedaVersion(2, 20, 0)..KedaVersion(2, 20, 2)).contains(&version)
}

/// Returns whether `initialCooldownPeriod` can be written where the profile does not set it.
pub(super) fn knows_initial_cooldown(version: KedaVersion) -> bool {
    version >= INITIAL_COOLDOWN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keda_version_error_names_the_first_version_with_support() {
        for (text, since) in [
            ("[scale]\nformula = \"waiting\"", (2, 12, 0)),
            ("[scale]\ncombine = \"sum\"", (2, 12, 0)),
            ("[scale.pause]\npaused = true", (2, 12, 0)),
            ("[scale]\nkind = \"ScaledJob\"\npause = { paused = true }", (2, 11, 0)),
            ("[scale]\nfallback = { failure-threshold = 1, replicas = 1, behavior = \"static\" }", (2, 17, 0)),
            ("[scale.behavior.scale-down]\ntolerance = 0.5", (2, 18, 0)),
            ("[scale]\nkind = \"ScaledJob\"\nstrategy = \"eager\"\n[consume]\ndelivery = \"at-most-once\"", (2, 15, 0)),
        ] {
            let profile = Profile::parse("q.toml", text).unwrap_or_else(|error| panic!("{error}"));
            let first = KedaVersion(since.0, since.1, since.2);
            assert!(check(&profile, first).is_ok(), "{text}");
            let error = check(&profile, KedaVersion(since.0, since.1 - 1, 9)).unwrap_err().to_string();
            assert!(error.starts_with("q.toml:") && error.contains(&format!("needs KEDA {first},")), "{text}: {error}");
        }
    }

    #[test]
    fn keda_fields_of_every_version_are_never_refused() {
        let text =
            "[scale]\ncombine = \"max\"\nlist-length = 3\n[scale.fallback]\nfailure-threshold = 1\nreplicas = 1\n";
        let profile = Profile::parse("q.toml", text).unwrap();
        assert!(check(&profile, KedaVersion::OLDEST).is_ok());
    }
}
