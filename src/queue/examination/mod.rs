//! Examination of a Redis and of the lists in it, step by step, in the order in which a careful engineer looks. Only reads.

mod keys;
mod reach;
mod rights;
mod session;
mod wire;

use std::time::Duration;

use self::reach::Reached;
use self::session::Session;
use super::error::Fault;
use crate::diagnosis::Checked;
use crate::endpoint::{Address, Endpoint, Mode, Servers};

/// Receiver of results, in order, as they come.
type ReportTo<'a> = &'a mut (dyn FnMut(Checked) + Send);

/// Hint of what could not be checked because of a fault.
const AFTER_THE_FAULT: &str = "fix the fault above, then run this again";

/// Examination of one endpoint, and of one list at a time.
struct Examination<'a> {
    endpoint: &'a Endpoint,
    list: &'a str,
    limit: Duration,
    /// True if a push is to wait for replicas.
    waits_for_replicas: bool,
    /// Number of items on the list, once it is known.
    backlog: Option<u64>,
    /// True once the key of the list is found to hold another type.
    is_other_type: bool,
    report: ReportTo<'a>,
}

/// Examines the server, and the lists in it; every result goes to `report`. If a push `waits_for_replicas`, its right to do so
/// is checked as well. Returns the number of items on all lists, if it is known.
pub async fn examine(
    endpoint: &Endpoint,
    lists: &[String],
    waits_for_replicas: bool,
    report: ReportTo<'_>,
) -> Option<u64> {
    let (first, others) = lists.split_first()?;
    let limit = endpoint.connect_timeout.value;
    let mut examination =
        Examination { endpoint, list: first, limit, waits_for_replicas, backlog: None, is_other_type: false, report };
    examination.address();
    let mut session = examination.steps().await;
    let mut backlog = examination.backlog;
    for list in others {
        let Some(open) = &mut session else { break };
        (examination.list, examination.backlog, examination.is_other_type) = (list, None, false);
        if examination.mode() == Mode::Cluster {
            // Its slot may be on a node of its own.
            session = examination.steps().await;
        } else {
            open.list.clone_from(list);
            if examination.steps_of_list(open).await.is_none() {
                session = None;
            }
        }
        backlog = backlog.into_iter().chain(examination.backlog).reduce(u64::saturating_add);
    }
    if session.is_none() {
        let got = "rights, keys, memory, persistence, replication and latency: no session with the server";
        (examination.report)(Checked::not_checked("server", endpoint.to_string(), got, AFTER_THE_FAULT));
    }
    backlog
}

impl Examination<'_> {
    /// Runs the steps; `None` when one has failed without which the next is impossible.
    async fn steps(&mut self) -> Option<Session> {
        let Reached { server, wire } = match (&self.endpoint.servers, &self.endpoint.address.value) {
            (Some(Servers::Sentinel { sentinels, master }), _) => self.by_sentinels(sentinels, master).await?,
            (Some(Servers::Cluster(seeds)), _) => self.by_cluster(seeds).await?,
            (_, Address::Unix { path }) => self.socket(path).await?,
            (_, Address::Tcp { host, port }) => self.server(host, *port).await?,
        };
        let mut session = Session { wire, server, user: self.user().to_owned(), list: self.list.to_owned() };
        self.sign_on(&mut session).await?;
        self.server_info(&mut session).await?;
        self.steps_of_list(&mut session).await?;
        Some(session)
    }

    /// Runs the steps at the keys of the list, and at the rights to them.
    async fn steps_of_list(&mut self, session: &mut Session) -> Option<()> {
        self.list(session).await?;
        self.rights(session).await?;
        self.companions(session).await;
        Some(())
    }

    fn user(&self) -> &str {
        self.endpoint.username.as_ref().map_or("default", |user| user.value.as_str())
    }

    fn mode(&self) -> Mode {
        self.endpoint.servers.as_ref().map_or(Mode::Single, Servers::mode)
    }

    fn passed(&mut self, check: &'static str, subject: &str, got: impl Into<String>) {
        (self.report)(Checked::passed(check, subject, got));
    }

    /// Reports a fault, and ends the steps.
    fn failed<T>(&mut self, check: &'static str, subject: &str, fault: &Fault) -> Option<T> {
        (self.report)(Checked::found(check, fault.code(), subject, fault.to_string(), fault.hint()));
        None
    }
}
