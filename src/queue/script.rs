//! Lua scripts: called by digest, and loaded again when Redis has forgotten them.

use bytes::Bytes;
use fred::prelude::{Client, LuaInterface as _};
use fred::types::Value;
use fred::util::sha1_hash;

/// A script and its digest.
#[derive(Debug)]
pub(super) struct Script {
    text: &'static str,
    digest: String,
}

impl Script {
    pub(super) fn new(text: &'static str) -> Self {
        Self { text, digest: sha1_hash(text) }
    }

    /// Runs the script.
    pub(super) async fn run<T: fred::types::FromValue>(
        &self,
        client: &Client,
        keys: Vec<String>,
        arguments: Vec<Bytes>,
    ) -> Result<T, fred::error::Error> {
        let arguments: Vec<Value> = arguments.into_iter().map(Value::Bytes).collect();
        match client.evalsha(self.digest.as_str(), keys.clone(), arguments.clone()).await {
            Err(error) if error.details().contains("NOSCRIPT") => client.eval(self.text, keys, arguments).await,
            answer => answer,
        }
    }
}
