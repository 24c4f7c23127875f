//! Rules about the KEDA release, which `--keda-version` or `scale.keda-version` gives.

use super::about::About;

pub(super) const KEDA_VERSION: About = About::error(
    "keda-version",
    "The field needs a newer KEDA",
    "An older release refuses the field, or drops it silently. Remove the field, or upgrade KEDA.",
)
.source("CHANGELOG.md and apis/keda/v1alpha1 of each release");

pub(super) const KEDA_LIMITATION: About = About::warning(
    "keda-limitation",
    "This KEDA has a known limitation",
    "Releases before 2.20 send a Lua script that the proxy of Alibaba Cloud's Redis refuses \
     (https://github.com/kedacore/keda/issues/7758), before 2.12 a Redis trigger does not read certificates from a \
     TriggerAuthentication, and before 2.10 `redis-cluster` cannot read Redis 7. Upgrade KEDA if it applies.",
);

pub(super) const UNKNOWN_KEDA_VERSION: About = About::warning(
    "unknown-keda-version",
    "KEDA is newer than the releases known to qscale",
    "Fields removed since then are not reported. See KEDA's changelog.",
);
