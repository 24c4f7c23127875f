//! One attempt to connect, and the place of its fault.

use std::time::Duration;

use fred::prelude::{Client, ClientLike};
use tokio::time::timeout;

use super::busy_poll::BusyPoll;
use super::client::{self, ClientTask};
use super::connection::{Connection, Redis};
use super::diagnosis::diagnose;
use super::error::Fault;
use crate::endpoint::{Address, NodeAddress, Servers};

impl Redis {
    /// Connects within `limit`.
    pub(super) async fn open(&self, list: &str, limit: Duration) -> Result<Connection, Fault> {
        // The last quarter of the time is reserved for the diagnosis.
        let attempt = limit * 3 / 4;
        let outage = self.outages.count();
        let mut node = None;
        let fault = match timeout(attempt, self.attempt(list, attempt, &mut node)).await {
            Ok(Ok((client, task))) => {
                let (redis, list, busy_poll) = (self.clone(), list.to_owned(), BusyPoll::default());
                return Ok(Connection { redis, list, node, client, task, busy_poll, outage, backoff: None });
            }
            Ok(Err(fault)) => fault,
            Err(_) => Fault::TimedOut(limit),
        };
        // The library does not tell the errors of sentinels from those of the master.
        let of_sentinels = matches!(self.endpoint.servers, Some(Servers::Sentinel { .. }));
        match fault {
            Fault::ConnectionLost(_) | Fault::TimedOut(_) => {}
            _ if of_sentinels => {}
            fault => return Err(fault),
        }
        let fault = diagnose(&self.endpoint, node.as_ref(), fault, limit.saturating_sub(attempt)).await;
        Err(self.locate(fault, node.as_ref()))
    }

    /// Connects; in a cluster to `node`, once it is known.
    async fn attempt(
        &self,
        list: &str,
        limit: Duration,
        node: &mut Option<NodeAddress>,
    ) -> Result<(Client, ClientTask), Fault> {
        if let Some(Servers::Cluster(seeds)) = &self.endpoint.servers {
            *node = Some(self.nodes.of_list(&self.endpoint, seeds, list, limit).await?);
        }
        let client = client::build(&self.endpoint, node.as_ref(), limit).await?;
        let task = ClientTask::of(client.connect());
        client.wait_for_connect().await.map_err(|error| self.fault(&error, ""))?;
        if self.endpoint.password.is_none() {
            // The library has pinged, in place of the authentication.
            return Ok((client, task));
        }
        match client.ping::<()>(None).await.map_err(|error| self.fault(&error, "")) {
            // A user without permission to PING is connected all the same.
            Ok(()) | Err(Fault::NotPermitted { .. }) => Ok((client, task)),
            Err(fault) => Err(fault),
        }
    }

    /// Adds to a fault of the network which `node` of the cluster has it, unless errors name that one anyway.
    pub(super) fn locate(&self, fault: Fault, node: Option<&NodeAddress>) -> Fault {
        let is_of_network = matches!(
            fault,
            Fault::ConnectionLost(_) | Fault::TimedOut(_) | Fault::ConnectionRefused | Fault::UnknownHost(_)
        );
        match node {
            Some(node) if is_of_network && !self.is_named(node) => {
                Fault::OfNode { node: node.to_string(), fault: Box::new(fault) }
            }
            _ => fault,
        }
    }

    /// Returns true if errors name `node`: they name the first address of a cluster.
    fn is_named(&self, node: &NodeAddress) -> bool {
        matches!(&self.endpoint.address.value, Address::Tcp { host, port } if (host, port) == (&node.host, &node.port))
    }
}
