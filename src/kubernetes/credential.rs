//! Credential plugins of a kubeconfig.
//!
//! Left to itself, the client library runs a plugin three times before its first request, and never again after a failure.

use std::process::Stdio;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use serde::Deserialize;
use serde_json::json;
use tokio::process::Command;

use super::error::KubernetesError;

/// Time before its expiry at which a token is renewed.
const MARGIN: Duration = Duration::from_secs(60);

/// Output of a plugin.
#[derive(Deserialize)]
struct PluginOutput {
    status: PluginCredential,
}

/// Credentials that a plugin has returned.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PluginCredential {
    expiration_timestamp: Option<String>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

impl PluginCredential {
    /// Runs a plugin; it is ended when the future is dropped. A plugin may ask its questions on the terminal if it is
    /// `interactive`.
    ///
    /// # Errors
    ///
    /// Fails without the plugin's arguments and output, which may contain secrets.
    pub(super) async fn of_plugin(exec: &ExecConfig, interactive: bool) -> Result<Self, KubernetesError> {
        let failed = |message: String| KubernetesError::Unauthorized { message };
        let program =
            exec.command.as_deref().ok_or_else(|| failed("the credential plugin has no command".to_owned()))?;
        let interactive = interactive && exec.interactive_mode != Some(ExecInteractiveMode::Never);
        let stream = || if interactive { Stdio::inherit() } else { Stdio::null() };
        let mut command = Command::new(program);
        command.args(exec.args.iter().flatten()).env("KUBERNETES_EXEC_INFO", info(exec, interactive));
        for variable in exec.env.iter().flatten() {
            if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
                command.env(name, value);
            }
        }
        command.stdin(stream()).stderr(stream()).stdout(Stdio::piped()).kill_on_drop(true);
        let output = command.output().await;
        let output = output.map_err(|error| failed(format!("cannot run the credential plugin: {error}")))?;
        if !output.status.success() {
            return Err(failed(format!("the credential plugin failed ({})", output.status)));
        }
        let invalid = || failed("the output of the credential plugin is not valid".to_owned());
        let PluginOutput { status } = serde_saphyr::from_slice(&output.stdout).map_err(|_| invalid())?;
        let certificate = status.client_certificate_data.is_some() && status.client_key_data.is_some();
        if status.token.is_some() || certificate { Ok(status) } else { Err(invalid()) }
    }

    /// Returns when it has to be renewed; `None` if it does not say.
    pub(super) fn renewal(&self) -> Option<SystemTime> {
        let text = self.expiration_timestamp.as_deref()?;
        let text = text.strip_suffix("+00:00").map_or_else(|| text.to_owned(), |text| format!("{text}Z"));
        humantime::parse_rfc3339(&text).ok()?.checked_sub(MARGIN)
    }

    /// Puts it in the place of the plugin.
    pub(super) fn replace(self, auth: &mut AuthInfo) {
        auth.exec = None;
        auth.token = self.token.map(Into::into).or(auth.token.take());
        if let (Some(certificate), Some(key)) = (self.client_certificate_data, self.client_key_data) {
            auth.client_certificate_data = Some(STANDARD.encode(certificate));
            auth.client_key_data = Some(STANDARD.encode(key).into());
        }
    }
}

/// Returns what a plugin is told, as JSON.
fn info(exec: &ExecConfig, interactive: bool) -> String {
    let mut spec = json!({ "interactive": interactive });
    if let Some(cluster) = exec.cluster.as_ref().filter(|_| exec.provide_cluster_info) {
        spec["cluster"] = json!(cluster);
    }
    json!({ "apiVersion": exec.api_version, "kind": "ExecCredential", "spec": spec }).to_string()
}
