//! A Kubernetes API server that holds objects: lists, watches, and refusals on demand.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// An API server on a free loopback port, for as long as the test's process lives.
pub(crate) struct ApiServer {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<ApiState>,
    changed: Condvar,
}

#[derive(Default)]
struct ApiState {
    /// Objects by the path of their collection and their name.
    objects: BTreeMap<String, BTreeMap<String, Value>>,
    /// Changes so far: collection and watch event; the number of a change is its version.
    changes: Vec<(String, Value)>,
    /// Status by a part of the request; the first that fits counts.
    refusals: Vec<(String, u16, Value)>,
    /// Streams of an older epoch end.
    epoch: u64,
    requests: Vec<String>,
    headers: BTreeSet<String>,
}

impl ApiServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on the loopback");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let shared = Arc::<Shared>::default();
        let server = Self { port, shared: Arc::clone(&shared) };
        // Ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &shared));
            }
        });
        server
    }

    fn state(&self) -> MutexGuard<'_, ApiState> {
        self.shared.state.lock().expect("no thread panics while it holds the lock")
    }

    /// Puts an object into `collection`, such as `/apis/apps/v1/namespaces/demo/deployments`.
    pub(crate) fn put(&self, collection: &str, mut object: Value) {
        let mut state = self.state();
        let name = object["metadata"]["name"].as_str().expect("a name").to_owned();
        object["metadata"]["resourceVersion"] = json!((state.changes.len() + 1).to_string());
        let old = state.objects.entry(collection.to_owned()).or_default().insert(name, object.clone());
        let kind = if old.is_some() { "MODIFIED" } else { "ADDED" };
        state.changes.push((collection.to_owned(), json!({ "type": kind, "object": object })));
        self.shared.changed.notify_all();
    }

    /// Puts `objects` in the place of all objects of a collection.
    pub(crate) fn replace(&self, collection: &str, objects: Vec<Value>) {
        let old: Vec<String> =
            self.state().objects.get(collection).into_iter().flat_map(|all| all.keys().cloned()).collect();
        for name in &old {
            self.delete(collection, name);
        }
        for object in objects {
            self.put(collection, object);
        }
    }

    /// Deletes an object.
    pub(crate) fn delete(&self, collection: &str, name: &str) {
        let mut state = self.state();
        let mut object = state.objects.get_mut(collection).and_then(|objects| objects.remove(name)).expect("an object");
        object["metadata"]["resourceVersion"] = json!((state.changes.len() + 1).to_string());
        state.changes.push((collection.to_owned(), json!({ "type": "DELETED", "object": object })));
        self.shared.changed.notify_all();
    }

    /// Refuses requests that contain `part` from now on, and breaks streams off.
    pub(crate) fn refuse(&self, part: &str, code: u16, body: Value) {
        self.state().refusals.insert(0, (part.to_owned(), code, body));
        self.cut();
    }

    /// Accepts all requests again.
    pub(crate) fn accept(&self) {
        self.state().refusals.clear();
    }

    /// Breaks all streams off.
    pub(crate) fn cut(&self) {
        self.state().epoch += 1;
        self.shared.changed.notify_all();
    }

    /// Returns the requests so far: method, path and query.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    pub(crate) fn has_header(&self, header: &str) -> bool {
        self.state().headers.iter().any(|sent| sent.eq_ignore_ascii_case(header))
    }

    /// A kubeconfig with a credential plugin that is a script.
    pub(crate) fn kubeconfig_with_plugin(&self, script: &str) -> String {
        let plugin = json!({ "user": { "exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
            "command": "sh", "args": ["-c", script], "env": [{ "name": "KEY", "value": "s3cret-marker" }],
        } }, "name": "u" });
        self.kubeconfig().replace("{name: u, user: {}}", &plugin.to_string())
    }

    pub(crate) fn kubeconfig(&self) -> String {
        format!(
            "{{apiVersion: v1, kind: Config, current-context: here,\n\
             contexts: [{{name: here, context: {{cluster: c, user: u, namespace: of-context}}}}],\n\
             clusters: [{{name: c, cluster: {{server: \"http://127.0.0.1:{}\"}}}}],\n\
             users: [{{name: u, user: {{}}}}]}}\n",
            self.port
        )
    }
}

/// Returns the body of a refusal.
pub(crate) fn status(code: u16, reason: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
        "message": "User \"jane\" cannot get resource \"deployments\"",
    })
}

/// Responds to the requests of one HTTP/1.1 connection.
fn serve(stream: TcpStream, shared: &Shared) {
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    while let Some(request) = lines.next() {
        let sent: Vec<String> = lines.by_ref().take_while(|header| !header.is_empty()).collect();
        let mut words = request.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut state = shared.state.lock().expect("no thread panics while it holds the lock");
        state.headers.extend(sent);
        state.requests.push(format!("{method} {target}"));
        let refusal = state.refusals.iter().find(|(part, ..)| target.contains(part.as_str()));
        let response = match refusal {
            Some((_, code, body)) => (*code, body.clone()),
            None if query.contains("watch=true") => {
                let epoch = state.epoch;
                drop(state);
                return stream_changes(&stream, shared, path, query, epoch);
            }
            None => answer(&state, path, query),
        };
        drop(state);
        let (code, body) = (response.0, response.1.to_string());
        let head = format!("HTTP/1.1 {code} Said\r\ncontent-type: application/json\r\ncontent-length: {}", body.len());
        if write!(&stream, "{head}\r\n\r\n{body}").is_err() {
            return;
        }
    }
}

/// Answers a list or a get.
fn answer(state: &ApiState, path: &str, query: &str) -> (u16, Value) {
    let (parent, name) = path.rsplit_once('/').unwrap_or_default();
    if let Some(object) = state.objects.get(parent).and_then(|objects| objects.get(name)) {
        return (200, object.clone());
    }
    // A path that ends with the name of a resource, `…/namespaces/NAMESPACE/RESOURCE`, has an odd number of parts.
    let is_list = path.split('/').rev().nth(2) == Some("namespaces");
    if !is_list {
        return (404, status(404, "NotFound"));
    }
    let objects = state.objects.get(path).into_iter().flat_map(BTreeMap::values);
    let items: Vec<&Value> = objects.filter(|object| is_selected(object, query)).collect();
    let version = state.changes.len().to_string();
    (200, json!({ "kind": "List", "metadata": { "resourceVersion": version }, "items": items }))
}

/// Tells if an object has the name or the labels that a query asks for.
fn is_selected(object: &Value, query: &str) -> bool {
    let query = query.replace("%3D", "=").replace("%2C", ",").replace("%2F", "/");
    let part = |name: &str| {
        let of = |pair: &str| Some(pair.strip_prefix(name)?.to_owned());
        query.split('&').find_map(of)
    };
    let named = part("fieldSelector=metadata.name=");
    let labels = part("labelSelector=").unwrap_or_default();
    let has = |pair: &str| pair.split_once('=').is_none_or(|(key, value)| object["metadata"]["labels"][key] == value);
    named.is_none_or(|name| object["metadata"]["name"] == *name) && labels.split(',').all(has)
}

/// Sends the changes of a collection until the epoch ends or the client is gone.
fn stream_changes(mut stream: &TcpStream, shared: &Shared, path: &str, query: &str, epoch: u64) {
    let version = query.split('&').find_map(|pair| pair.strip_prefix("resourceVersion=")?.parse::<usize>().ok());
    let mut next = version.unwrap_or(0);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    if stream.write_all(head.as_bytes()).is_err() {
        return;
    }
    let mut state = shared.state.lock().expect("no thread panics while it holds the lock");
    while state.epoch == epoch {
        let seen = state.changes.len();
        let changes: Vec<Value> = state.changes[next.min(seen)..]
            .iter()
            .filter(|(collection, change)| collection == path && is_selected(&change["object"], query))
            .map(|(_, change)| change.clone())
            .collect();
        next = seen;
        drop(state);
        for change in changes {
            let line = format!("{change}\n");
            if write!(stream, "{:x}\r\n{line}\r\n", line.len()).is_err() {
                return;
            }
        }
        state = shared.state.lock().expect("no thread panics while it holds the lock");
        if state.changes.len() == next && state.epoch == epoch {
            let waited = shared.changed.wait_timeout(state, Duration::from_secs(1));
            state = waited.expect("no thread panics while it holds the lock").0;
        }
    }
    let _ = stream.write_all(b"0\r\n\r\n");
}
