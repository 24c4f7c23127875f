//! Redis Cluster: finds the node that holds the slot of a list.
//!
//! A list and its companions are in one slot, so a connection needs one node only: a consumer or producer goes on while
//! other nodes are down. When the slot moves, the connection is replaced, and its node is looked up again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fred::prelude::ClientLike;
use fred::types::{ClusterHash, CustomCommand, Value};
use fred::util::redis_keyslot;
use futures_util::future::select_ok;
use tokio::time::timeout;

use super::client::{self, ClientTask};
use super::error::Fault;
use crate::endpoint::{Endpoint, NodeAddress};

/// Nodes of a cluster that are known, in addition to those of the settings.
#[derive(Debug, Clone, Default)]
pub(super) struct Nodes(Arc<Mutex<Vec<NodeAddress>>>);

impl Nodes {
    /// Returns the address of the node that holds the slot of `list`, as the first node that answers within `limit` says.
    pub(super) async fn of_list(
        &self,
        endpoint: &Endpoint,
        seeds: &[NodeAddress],
        list: &str,
        limit: Duration,
    ) -> Result<NodeAddress, Fault> {
        let mut nodes = seeds.to_vec();
        nodes.extend(self.known().iter().filter(|node| !seeds.contains(node)).cloned());
        let asked = nodes.iter().map(|node| Box::pin(slots(endpoint, node, limit)));
        let slots = match timeout(limit, select_ok(asked)).await {
            Ok(answer) => answer?.0,
            Err(_) => return Err(Fault::TimedOut(limit)),
        };
        let slot = i64::from(redis_keyslot(list.as_bytes()));
        let owner = slots.iter().find(|range| (range.first..=range.last).contains(&slot));
        let owner = owner.map(|range| range.node.clone()).ok_or(Fault::ClusterDown)?;
        let mut all: Vec<NodeAddress> = slots.into_iter().map(|range| range.node).collect();
        all.dedup();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = all;
        Ok(owner)
    }

    fn known(&self) -> Vec<NodeAddress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Slots that a node holds.
struct SlotRange {
    first: i64,
    last: i64,
    node: NodeAddress,
}

/// Asks `node` for the slots of all nodes.
async fn slots(endpoint: &Endpoint, node: &NodeAddress, limit: Duration) -> Result<Vec<SlotRange>, Fault> {
    let user = endpoint.username.as_ref().map_or("default", |user| user.value.as_str());
    let fault = |error| Fault::of(&error, user, "");
    let client = client::build(endpoint, Some(node), limit).await?;
    // Ends the connection on drop.
    let _task = ClientTask::of(client.connect());
    client.wait_for_connect().await.map_err(fault)?;
    let command = CustomCommand::new_static("CLUSTER", ClusterHash::FirstKey, false);
    let reply: Value = client.custom(command, vec!["SLOTS"]).await.map_err(fault)?;
    let ranges = reply.into_array();
    Ok(ranges.into_iter().filter_map(|range| slot_range(range, &node.host)).collect())
}

/// Reads first slot, last slot and primary of a range; a node without a name is `asked`, the one that replied.
fn slot_range(range: Value, asked: &str) -> Option<SlotRange> {
    let mut parts = range.into_array().into_iter();
    let (first, last) = (parts.next()?.as_i64()?, parts.next()?.as_i64()?);
    let mut primary = parts.next()?.into_array().into_iter();
    let host = primary.next()?.into_string().filter(|host| !host.is_empty() && host != "?");
    let port = u16::try_from(primary.next()?.as_i64()?).ok()?;
    Some(SlotRange { first, last, node: NodeAddress { host: host.unwrap_or_else(|| asked.to_owned()), port } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(host: Value, port: i64) -> Value {
        Value::Array(vec![host, port.into(), "id".into()])
    }

    #[test]
    fn slot_range_without_a_host_is_of_the_node_that_replied() {
        for host in [Value::Null, "".into(), "?".into()] {
            let range = Value::Array(vec![0.into(), 16_383.into(), node(host, 7), node("replica".into(), 8)]);
            let range = slot_range(range, "asked.example.com").expect("a range");
            assert_eq!((range.first, range.last, range.node.to_string().as_str()), (0, 16_383, "asked.example.com:7"));
        }
        let range = Value::Array(vec![5.into(), 9.into(), node("10.0.0.3".into(), 6379)]);
        assert_eq!(slot_range(range, "asked").expect("a range").node.to_string(), "10.0.0.3:6379");
        assert!(slot_range(Value::Null, "asked").is_none());
    }
}
