//! Rules about passwords, Secrets and variables.

use super::about::About;

pub(super) const PASSWORD_IN_PLAIN_TEXT: About = About::error(
    "password-in-plain-text",
    "An object that is not a Secret contains a password",
    "Everyone who may read the object can read the password, and manifests end up in version control. Keep it in a \
     Secret: `secretKeyRef` in a container, `secretTargetRef` in a TriggerAuthentication. Checked are trigger metadata, \
     addresses, container arguments and variables, and ConfigMaps. Secret-looking values are never shown in findings.",
)
.example("triggers:\n- type: redis\n  metadata:\n    address: redis.shop:6379\n    password: hunter2");

pub(super) const AUTHENTICATION_MISSING: About = About::warning(
    "authentication-missing",
    "The TriggerAuthentication is not in the files",
    "KEDA treats a missing TriggerAuthentication as an empty one: it connects without a password and reports `NOAUTH`. \
     Check that the object exists in the cluster, or lint its file together with this one.",
)
.source("pkg/scaling/resolver/scale_resolvers.go, resolveAuthRef");

pub(super) const AUTHENTICATION_ELSEWHERE: About = About::error(
    "authentication-elsewhere",
    "The TriggerAuthentication is in another namespace",
    "KEDA resolves `authenticationRef` in the namespace of the scaled object. It does not find the one in the files and \
     connects without a password. Move it, or use a ClusterTriggerAuthentication.",
)
.source("pkg/scaling/resolver/scale_resolvers.go, resolveAuthRef");

pub(super) const AUTHENTICATION_EMPTY: About = About::error(
    "authentication-empty",
    "The TriggerAuthentication provides nothing",
    "Its `spec` is empty, so that KEDA connects without a password. Add `secretTargetRef`.",
);

pub(super) const AUTHENTICATION_FILE: About = About::error(
    "authentication-file",
    "`filePath` is set in a TriggerAuthentication",
    "KEDA reads `filePath` only in a ClusterTriggerAuthentication. Use `secretTargetRef`, or the other kind.",
);

pub(super) const UNKNOWN_AUTHENTICATION_PARAMETER: About = About::warning(
    "unknown-authentication-parameter",
    "The parameter resembles one of a Redis trigger, but is unknown",
    "KEDA silently ignores parameters of a TriggerAuthentication that its trigger does not read, such as `pasword`. It is \
     a warning because a TriggerAuthentication may serve triggers of other types.",
);

pub(super) const SECRET_ELSEWHERE: About = About::error(
    "secret-elsewhere",
    "The Secret is in another namespace",
    "A TriggerAuthentication reads Secrets of its own namespace. Move both into one namespace.",
);

pub(super) const SECRET_KEY_MISSING: About = About::error(
    "secret-key-missing",
    "The Secret has no such key",
    "KEDA takes a missing key for an empty value and connects without a password; a container with a `secretKeyRef` to a \
     missing key does not start (CreateContainerConfigError). Only Secrets in the files are checked.",
);

pub(super) const VARIABLE_MISSING: About = About::error(
    "variable-missing",
    "The container does not have the variable that KEDA reads",
    "`…FromEnv` and `env` of a TriggerAuthentication name variables of the scaled container. KEDA reads `value`, \
     `secretKeyRef` and `configMapKeyRef`, directly or by `envFrom`; it cannot read `fieldRef` and takes what is missing for empty.",
)
.source("pkg/scaling/resolver/scale_resolvers.go, ResolveContainerEnv");

pub(super) const CONTAINER_MISSING: About = About::error(
    "container-missing",
    "`envSourceContainerName` names no container of the pods",
    "KEDA cannot build the triggers. Name one of `containers`, or leave the field out to use the first.",
)
.source("pkg/scaling/resolver/scale_resolvers.go, ResolveContainerEnv");

pub(super) const SECRET_DATA: About = About::error(
    "secret-data",
    "A value of `data` in a Secret is not base64",
    "The API server refuses the Secret. Encode the value (`printf %s VALUE | base64 -w0`), or write it as it is below \
     `stringData`.",
);

pub(super) const TRAILING_NEWLINE: About = About::warning(
    "trailing-newline",
    "A password in a Secret ends with a newline",
    "`echo VALUE | base64` encodes a newline as well. KEDA trims the value, most programs do not: they are refused with \
     WRONGPASS while KEDA is not. Encode it with `printf %s`, and write it in `stringData` without a block (`|`). Values \
     of several lines, such as certificates, are not reported.",
);
