//! Kubeconfigs: their files, merged as kubectl merges them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::KubernetesError;

/// Extension of a cluster that a credential plugin is told.
const PLUGIN_EXTENSION: &str = "client.authentication.k8s.io/exec";

/// Files of `KUBECONFIG`, merged: of entries with the same name, the first counts.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Kubeconfig {
    current_context: Option<String>,
    contexts: Option<Vec<NamedEntry<ContextEntry>>>,
    clusters: Option<Vec<NamedEntry<ClusterEntry>>>,
    users: Option<Vec<NamedEntry<UserEntry>>>,
}

/// Entry of one of the lists.
#[derive(Deserialize)]
struct NamedEntry<T> {
    name: String,
    #[serde(rename = "context", alias = "cluster", alias = "user")]
    entry: Option<T>,
}

/// Names of a cluster and of a user.
#[derive(Clone, Deserialize)]
pub(super) struct ContextEntry {
    pub(super) cluster: String,
    pub(super) user: Option<String>,
    pub(super) namespace: Option<String>,
}

/// A cluster, as far as it is read.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct ClusterEntry {
    pub(super) server: Option<String>,
    pub(super) insecure_skip_tls_verify: Option<bool>,
    pub(super) certificate_authority: Option<PathBuf>,
    pub(super) certificate_authority_data: Option<String>,
    pub(super) tls_server_name: Option<String>,
    pub(super) proxy_url: Option<String>,
    pub(super) extensions: Option<Vec<Extension>>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Extension {
    name: String,
    extension: Value,
}

/// A user: one of the ways to authenticate.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct UserEntry {
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) token: Option<String>,
    #[serde(rename = "tokenFile")]
    pub(super) token_file: Option<PathBuf>,
    pub(super) client_certificate: Option<PathBuf>,
    pub(super) client_certificate_data: Option<String>,
    pub(super) client_key: Option<PathBuf>,
    pub(super) client_key_data: Option<String>,
    #[serde(rename = "as")]
    pub(super) impersonate: Option<String>,
    #[serde(rename = "as-uid")]
    pub(super) impersonate_uid: Option<String>,
    #[serde(rename = "as-groups")]
    pub(super) impersonate_groups: Option<Vec<String>>,
    #[serde(rename = "as-user-extra")]
    pub(super) impersonate_extra: Option<BTreeMap<String, Vec<String>>>,
    pub(super) auth_provider: Option<AuthProvider>,
    pub(super) exec: Option<ExecPlugin>,
}

/// Way to authenticate that plugins have replaced.
#[derive(Clone, Deserialize)]
pub(super) struct AuthProvider {
    pub(super) name: String,
}

/// Credential plugin.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ExecPlugin {
    pub(super) api_version: Option<String>,
    pub(super) command: Option<String>,
    pub(super) args: Option<Vec<String>>,
    pub(super) env: Option<Vec<BTreeMap<String, String>>>,
    pub(super) interactive_mode: Option<String>,
    pub(super) provide_cluster_info: Option<bool>,
    /// Cluster, as a plugin is told about it.
    #[serde(skip)]
    pub(super) cluster: Option<Value>,
}

impl Kubeconfig {
    /// Reads the files of `KUBECONFIG`, or `~/.kube/config`; files that do not exist are left out.
    ///
    /// # Errors
    ///
    /// Fails when a file cannot be read or is not valid.
    pub(super) fn read() -> Result<Self, KubernetesError> {
        let listed = env::var_os("KUBECONFIG").unwrap_or_default();
        let mut files: Vec<PathBuf> = env::split_paths(&listed).filter(|path| !path.as_os_str().is_empty()).collect();
        if files.is_empty() {
            files.extend(env::home_dir().map(|home| home.join(".kube/config")));
        }
        let mut merged = Self::default();
        for file in files {
            match fs::read_to_string(&file) {
                Ok(text) => merged.merge(Self::of_text(&text, file.parent().unwrap_or(Path::new("")))?),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(unusable(format!("cannot read {}: {error}", file.display()))),
            }
        }
        Ok(merged)
    }

    /// Reads the text of a file in `folder`, which may have several documents.
    fn of_text(text: &str, folder: &Path) -> Result<Self, KubernetesError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // Without the text that cannot be parsed: it may contain tokens.
        let documents: Vec<Self> = serde_saphyr::from_multiple(text).map_err(|error| {
            let place = error.location().map(|place| format!(": line {}, column {}", place.line(), place.column()));
            unusable(format!("the kubeconfig is not valid{}", place.unwrap_or_default()))
        })?;
        let mut merged = Self::default();
        documents.into_iter().for_each(|document| merged.merge(document));
        entries(&mut merged.clusters).for_each(|cluster| absolute(&mut cluster.certificate_authority, folder));
        entries(&mut merged.users).for_each(|user| user.resolve(folder));
        Ok(merged)
    }

    fn merge(&mut self, next: Self) {
        let is_set = |name: &Option<String>| name.as_ref().is_some_and(|name| !name.is_empty());
        if !is_set(&self.current_context) {
            self.current_context = next.current_context;
        }
        append(&mut self.contexts, next.contexts);
        append(&mut self.clusters, next.clusters);
        append(&mut self.users, next.users);
    }

    /// Returns the name of the context that is used where none is chosen.
    pub(super) fn current_context(&self) -> Option<String> {
        self.current_context.clone().filter(|name| !name.is_empty())
    }

    /// Returns the names of the contexts.
    pub(super) fn contexts(&self) -> Vec<String> {
        self.contexts.iter().flatten().map(|named| named.name.clone()).collect()
    }

    pub(super) fn context(&self, name: &str) -> Option<ContextEntry> {
        entry(self.contexts.as_deref(), name)
    }

    pub(super) fn cluster(&self, name: &str) -> Option<ClusterEntry> {
        entry(self.clusters.as_deref(), name)
    }

    pub(super) fn has_user(&self, name: &str) -> bool {
        self.users.iter().flatten().any(|named| named.name == name)
    }

    pub(super) fn user(&self, name: &str) -> Option<UserEntry> {
        entry(self.users.as_deref(), name)
    }
}

impl ClusterEntry {
    /// Returns the authorities to trust, in PEM.
    pub(super) fn authorities(&self) -> Result<Option<Vec<u8>>, String> {
        data_or_file(self.certificate_authority_data.as_deref(), self.certificate_authority.as_deref())
    }

    /// Returns the cluster as a credential plugin is told about it.
    pub(super) fn for_plugin(&self) -> Result<Value, String> {
        let extension = self.extensions.iter().flatten().find(|one| one.name == PLUGIN_EXTENSION);
        let mut info = json!({
            "server": self.server,
            "insecure-skip-tls-verify": self.insecure_skip_tls_verify,
            "certificate-authority-data": self.authorities()?.map(|pem| BASE64_STANDARD.encode(pem)),
            "proxy-url": self.proxy_url,
            "tls-server-name": self.tls_server_name,
            "config": extension.map(|one| &one.extension),
        });
        if let Some(fields) = info.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        Ok(info)
    }
}

impl UserEntry {
    /// Returns the certificate and the key, in PEM, if the user has them.
    pub(super) fn identity(&self) -> Result<Option<(Vec<u8>, Vec<u8>)>, String> {
        let certificate = data_or_file(self.client_certificate_data.as_deref(), self.client_certificate.as_deref())?;
        let key = data_or_file(self.client_key_data.as_deref(), self.client_key.as_deref())?;
        match (certificate, key) {
            (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
            (None, None) => Ok(None),
            (Some(_), None) => Err("the user has a client certificate and no client key".to_owned()),
            (None, Some(_)) => Err("the user has a client key and no client certificate".to_owned()),
        }
    }

    fn resolve(&mut self, folder: &Path) {
        for path in [&mut self.token_file, &mut self.client_certificate, &mut self.client_key] {
            absolute(path, folder);
        }
        // A bare name is searched for on the path.
        let command = self.exec.as_mut().and_then(|exec| exec.command.as_mut());
        if let Some(command) = command.filter(|command| command.contains('/')) {
            *command = folder.join(&*command).display().to_string();
        }
    }
}

/// Makes a path absolute that is relative to the folder of its file.
fn absolute(path: &mut Option<PathBuf>, folder: &Path) {
    if let Some(path) = path.as_mut().filter(|path| !path.as_os_str().is_empty()) {
        *path = folder.join(&*path);
    }
}

fn entries<T>(list: &mut Option<Vec<NamedEntry<T>>>) -> impl Iterator<Item = &mut T> {
    list.iter_mut().flatten().filter_map(|named| named.entry.as_mut())
}

fn entry<T: Clone>(list: Option<&[NamedEntry<T>]>, name: &str) -> Option<T> {
    list?.iter().find(|named| named.name == name)?.entry.clone()
}

fn append<T>(list: &mut Option<Vec<NamedEntry<T>>>, next: Option<Vec<NamedEntry<T>>>) {
    let list = list.get_or_insert_default();
    for named in next.into_iter().flatten() {
        if list.iter().all(|known| known.name != named.name) {
            list.push(named);
        }
    }
}

/// Returns what is given in Base64 or, without it, by a file.
fn data_or_file(data: Option<&str>, file: Option<&Path>) -> Result<Option<Vec<u8>>, String> {
    if let Some(data) = data.filter(|data| !data.is_empty()) {
        let data: String = data.split_ascii_whitespace().collect();
        return BASE64_STANDARD.decode(data).map(Some).map_err(|_| "its data is not valid Base64".to_owned());
    }
    let Some(file) = file.filter(|file| !file.as_os_str().is_empty()) else { return Ok(None) };
    fs::read(file).map(Some).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

/// Wraps what is wrong with the configuration.
pub(super) fn unusable(message: String) -> KubernetesError {
    KubernetesError::Configuration(message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "
        {apiVersion: v1, kind: Config, current-context: '', clusters: null, preferences: {},
         contexts: [{name: a, context: {cluster: one, user: jane}}],
         users: [{name: jane, user: {tokenFile: secret/token, exec: {command: bin/login, args: null}}}]}";

    const SECOND: &str = "
current-context: a
clusters:
- name: one
  cluster:
    server: https://[::1]:6443
    certificate-authority-data: |
      cGVt
      cGVt
contexts:
- {name: a, context: {cluster: another, user: another}}
- {name: b, context: {cluster: one, namespace: orders}}
users:
- {name: jane, user: {token: another}}
- {name: joe, user: {exec: {command: login, env: [{name: KEY, value: x}], interactiveMode: Never}}}
";

    #[test]
    fn first_entry_of_a_name_counts() {
        let mut merged = Kubeconfig::of_text(FIRST, Path::new("/first")).unwrap();
        merged.merge(Kubeconfig::of_text(SECOND, Path::new("/second")).unwrap());
        assert_eq!((merged.current_context(), merged.contexts()), (Some("a".into()), vec!["a".into(), "b".into()]));
        let context = merged.context("a").unwrap();
        assert_eq!((context.cluster.as_str(), context.user.as_deref()), ("one", Some("jane")));
        assert_eq!(merged.cluster("one").unwrap().authorities().unwrap().unwrap(), b"pempem");
        let jane = merged.user("jane").unwrap();
        assert_eq!((jane.token, jane.token_file), (None, Some("/first/secret/token".into())));
        assert_eq!(jane.exec.unwrap().command.as_deref(), Some("/first/bin/login"));
        assert_eq!(merged.user("joe").unwrap().exec.unwrap().command.as_deref(), Some("login"));
    }

    #[test]
    fn documents_of_a_file_are_merged_and_an_empty_one_is_a_kubeconfig() {
        let merged = Kubeconfig::of_text(&format!("{FIRST}\n---\n{SECOND}"), Path::new("/")).unwrap();
        assert_eq!(merged.contexts().len(), 2);
        assert!(Kubeconfig::of_text("", Path::new("/")).unwrap().contexts().is_empty());
    }

    #[test]
    fn mistake_is_told_by_its_place_and_without_its_text() {
        let text = "users:\n- name: jane\n  user: {token: [s3cret]}\n";
        let KubernetesError::Configuration(reason) = Kubeconfig::of_text(text, Path::new("/")).err().unwrap() else {
            panic!("another error")
        };
        assert!(reason.to_string().starts_with("the kubeconfig is not valid: line 3, column "), "{reason}");
        assert!(!reason.to_string().contains("s3cret"), "{reason}");
    }

    #[test]
    fn half_of_an_identity_is_refused() {
        let user = UserEntry { client_certificate_data: Some("cGVt".into()), ..UserEntry::default() };
        assert_eq!(user.identity().unwrap_err(), "the user has a client certificate and no client key");
        let broken = UserEntry { client_key_data: Some("?".into()), ..user };
        assert_eq!(broken.identity().unwrap_err(), "its data is not valid Base64");
    }
}
