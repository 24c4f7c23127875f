//! Text that Kubernetes would expand.

/// Text that stands for itself where Kubernetes would expand `$(NAME)`: in arguments and variables.
///
/// Source: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#entrypoint>
pub(super) fn literal(text: &str) -> String {
    text.replace('$', "$$")
}
