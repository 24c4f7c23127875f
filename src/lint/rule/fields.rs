//! Rules about files, objects and their fields.

use super::about::About;

pub(super) const SYNTAX: About = About::error(
    "syntax",
    "The file is not valid YAML or JSON",
    "Nothing after the fault can be checked, and `kubectl apply` refuses the file. Templates have to be rendered first: \
     `helm template … | qscale render --lint -`. This rule cannot be allowed.",
);

pub(super) const NO_OBJECT: About = About::error(
    "no-object",
    "The file holds no Kubernetes object",
    "No document in the file has a `kind`. Most likely it is not the file that was meant, or a template rendered to \
     nothing. An empty file is accepted as long as other files hold objects.",
);

pub(super) const DUPLICATE_KEY: About = About::error(
    "duplicate-key",
    "A key occurs twice in the same map",
    "The API server refuses the object under strict field validation, which `kubectl apply` asks for by default; other \
     tools silently take the last value. Keep one of the two.",
);

pub(super) const DUPLICATE_OBJECT: About = About::warning(
    "duplicate-object",
    "Two different objects in one file have the same kind, name and namespace",
    "`kubectl apply` applies both, and the last one stays: of two workloads, one never runs. Give each its own name.",
)
.example(
    "kind: Deployment\nmetadata:\n  name: worker\n---\nkind: Deployment\nmetadata:\n  name: worker  # replaces the first",
);

pub(super) const API_VERSION: About = About::error(
    "api-version",
    "The kind does not exist in this `apiVersion`",
    "Removed and misspelt API versions are refused by the API server. KEDA's kinds are in `keda.sh/v1alpha1`, \
     Deployments in `apps/v1`, Jobs in `batch/v1`, PodDisruptionBudgets in `policy/v1`.",
)
.example("apiVersion: keda.k8s.io/v1alpha1  # KEDA 1; write keda.sh/v1alpha1\nkind: ScaledObject");

pub(super) const UNKNOWN_FIELD: About = About::error(
    "unknown-field",
    "The field does not exist in this object",
    "The API server refuses unknown fields under strict validation and silently drops them otherwise, so that the setting \
     has no effect. Fields of KEDA's kinds, Deployments, StatefulSets, Jobs, ConfigMaps and Secrets are known. The hint \
     names the nearest field, or the place where the field belongs.",
)
.source("config/crd/bases")
.example("kind: ScaledObject\nspec:\n  maxReplicas: 10  # maxReplicaCount");

pub(super) const FIELD_MISSING: About = About::error(
    "field-missing",
    "A required field is missing",
    "The API server refuses the object, for example a ScaledObject without `scaleTargetRef` or a `fallback` without \
     `failureThreshold`.",
)
.source("config/crd/bases");

pub(super) const FIELD_TYPE: About = About::error(
    "field-type",
    "The value has the wrong type",
    "A map, list, number or boolean is expected and something else is written; a number or boolean in quotes is a \
     string. The API server refuses the object.",
)
.example("spec:\n  maxReplicaCount: \"10\"  # an integer: no quotes");

pub(super) const FIELD_VALUE: About = About::error(
    "field-value",
    "The value is not one of those the field accepts",
    "Enumerations such as `selectPolicy`, `restartPolicy`, `fallback.behavior` or `scalingStrategy.strategy` accept fixed \
     words in a fixed case. The API server refuses anything else.",
)
.source("config/crd/bases");

pub(super) const FIELD_RANGE: About = About::error(
    "field-range",
    "The number is outside the range the field accepts",
    "For example `stabilizationWindowSeconds` accepts 0 to 3600 and `periodSeconds` of a scaling policy 1 to 1800. The \
     API server, or the HPA that KEDA creates, refuses anything else.",
)
.source("config/crd/bases");

pub(super) const UNQUOTED_STRING: About = About::error(
    "unquoted-string",
    "A number or boolean is written where a string is expected",
    "All values in a trigger's `metadata`, in annotations, in `env[].value` and in `data` of a ConfigMap are strings. \
     YAML reads `5` as a number and `yes` as a boolean, and the API server refuses the object. Quote the value.",
)
.example("triggers:\n- type: redis\n  metadata:\n    listLength: 5  # \"5\"");

pub(super) const INVALID_NAME: About = About::error(
    "invalid-name",
    "The object has no name, or one that Kubernetes refuses",
    "Names follow RFC 1123: lowercase letters, digits, `-` and `.`, with a letter or digit at both ends of each part.",
);

pub(super) const NAME_LENGTH: About = About::error(
    "name-length",
    "The name is too long for the objects derived from it",
    "KEDA names the HPA of a ScaledObject `keda-hpa-NAME` and puts the name into labels, which hold at most 63 \
     characters: that leaves 54 for the ScaledObject, or 63 if `horizontalPodAutoscalerConfig.name` names the HPA. A \
     ScaledJob's name is a label value as well. Shorten the name.",
)
.source("scaledobject_webhook.go");

pub(super) const PLACEHOLDER: About = About::warning(
    "placeholder",
    "The text is replaced later and cannot be checked",
    "`${MAX}`, `{{ .Values.max }}`, `$(QUEUE)` and the like are replaced by envsubst, Helm, kustomize or another tool, and \
     `<redis-host>` or `your-list` by hand. What they become is not known here, so no rule judges them. Lint the output of \
     the tool. Reported once per file and kind of placeholder, and only where a rule would have something to say.",
);

pub(super) const PATCH: About = About::warning(
    "patch",
    "The file is a patch, which is checked for its own fields only",
    "A patch of kustomize is a part of an object, or a list of operations on one. Fields that it leaves out are in the \
     object that it is merged into. Lint what kustomize builds: `kustomize build overlays/prod | qscale render --lint -`.",
)
.example("# a list of operations, or an object without the fields it requires\nkind: ScaledObject\nmetadata: {name: worker}\nspec: {maxReplicaCount: 20}");
