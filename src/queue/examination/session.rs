//! Steps within a connection: password, database, and what the server says of itself.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::super::error::Fault;
use super::super::password::password_text;
use super::Examination;
use super::reach::millis;
use super::wire::{Answer, Wire};
use crate::diagnosis::{Checked, FaultCode, ServerInfo, of_database, of_server};
use crate::endpoint::Mode;

/// Number of round trips that are measured, unless they take longer together than this.
const ROUND_TRIPS: usize = 20;
const MEASURED_FOR: Duration = Duration::from_secs(1);

/// Round trip from which consumers that take one item per call are slowed down a lot.
const SLOW: Duration = Duration::from_millis(20);

/// A connection that commands are sent on.
pub(super) struct Session {
    pub(super) wire: Wire,
    /// Address of the server, as it is shown.
    pub(super) server: String,
    pub(super) user: String,
    pub(super) list: String,
}

impl Session {
    /// Sends a command; an error of the server about `key` is a fault.
    pub(super) async fn ask<W: AsRef<[u8]>>(&mut self, words: &[W], key: &str) -> Result<Answer, Fault> {
        let answer = self.wire.call(words).await?;
        match answer.error() {
            Some(text) => Err(Fault::of_text(text, &self.user, key)),
            None => Ok(answer),
        }
    }
}

impl Examination<'_> {
    /// Authenticates, and selects the database.
    pub(super) async fn sign_on(&mut self, session: &mut Session) -> Option<()> {
        let server = session.server.clone();
        let user = session.user.clone();
        if let Some(password) = &self.endpoint.password {
            let text = match password_text(&password.value).await {
                Ok(text) => text,
                Err(fault) => return self.failed("authentication", &server, &fault),
            };
            let text = text.expose_secret();
            let words = match &self.endpoint.username {
                Some(user) => vec!["AUTH", &user.value, text],
                None => vec!["AUTH", text],
            };
            match session.ask(&words, "").await {
                Ok(_) => {
                    let got = format!("as user `{}`, with the password from {}", self.shown_user(), password.origin);
                    self.passed("authentication", &server, got);
                }
                Err(Fault::WrongPassword { user }) => {
                    let padded = text.trim() != text;
                    let fault = Fault::WrongPassword { user };
                    let hint = if padded {
                        format!("the password from {} begins or ends with a blank: remove it", password.origin)
                    } else {
                        fault.hint()
                    };
                    let check = Checked::found("authentication", fault.code(), server, fault.to_string(), hint);
                    (self.report)(check);
                    return None;
                }
                Err(Fault::Rejected(text)) => {
                    let hint =
                        "remove the password (REDIS_PASSWORD, --password-file, the URL), or set one on the server";
                    let code = FaultCode::RedisCredentialsRejected;
                    (self.report)(Checked::found("authentication", code, server, text, hint));
                    return None;
                }
                Err(fault) => return self.failed("authentication", &server, &fault),
            }
        }
        match session.ask(&["PING"], "").await {
            // In the protocol of Redis, and not as Redis does.
            Ok(answer) if answer != Answer::Status("PONG".to_owned()) => {
                return self.failed("protocol", &server, &Fault::UnlikeRedis(format!("`{answer}` to a PING")));
            }
            Ok(_) | Err(Fault::NotPermitted { .. } | Fault::UnknownCommand(_)) => {
                if self.endpoint.password.is_none() {
                    let got = format!("no password is set, and none is needed (`{user}`)");
                    self.passed("authentication", &server, got);
                }
            }
            Err(fault) => return self.failed("authentication", &server, &fault),
        }
        let db = self.endpoint.db.value;
        if db != 0
            && let Err(fault) = session.ask(&["SELECT", &db.to_string()], "").await
        {
            let out_of_range = matches!(&fault, Fault::Rejected(text) if text.contains("DB index"));
            let fault = if out_of_range { Fault::NoSuchDatabase(db) } else { fault };
            return self.failed("database", &format!("db{db}"), &fault);
        }
        Some(())
    }

    fn shown_user(&self) -> String {
        let user = &self.endpoint.username;
        user.as_ref().map_or("default", |_| self.endpoint.shown_user().unwrap_or("(hidden)")).to_owned()
    }

    /// Checks what the server says of itself, if it says anything.
    pub(super) async fn server_info(&mut self, session: &mut Session) -> Option<()> {
        let server = session.server.clone();
        let info = match session.ask(&["INFO"], "").await {
            Ok(Answer::Text(text)) => ServerInfo::parse(&text),
            Ok(answer) => {
                return self.failed("protocol", &server, &Fault::UnlikeRedis(format!("`{answer}` to INFO")));
            }
            Err(fault @ Fault::NotPermitted { .. }) => {
                let got = format!("mode, version, memory, persistence, replication and clients: {fault}");
                (self.report)(Checked::not_checked("info", server, got, fault.hint()));
                return self.latency(session).await;
            }
            Err(fault @ Fault::UnknownCommand(_)) => {
                let got = format!("a proxy is in front of the server: {fault}");
                (self.report)(Checked::found("info", FaultCode::RedisProxy, server, got, fault.hint()));
                return self.latency(session).await;
            }
            Err(fault) => return self.failed("info", &server, &fault),
        };
        (self.report)(of_database(&info, self.endpoint.db.value));
        self.check_mode(session, &info).await?;
        for check in of_server(&info, &server) {
            (self.report)(check);
        }
        self.latency(session).await
    }

    /// Checks that the server is of the mode that the settings say.
    async fn check_mode(&mut self, session: &mut Session, info: &ServerInfo) -> Option<()> {
        let server = session.server.clone();
        let mode = self.mode();
        // Valkey has a field of its own.
        let told = info.get("redis_mode").or_else(|| info.get("server_mode"));
        match (told.unwrap_or("?"), mode) {
            ("sentinel", _) => {
                let got = "the server is a Sentinel, which holds no lists";
                let masters = session.ask(&["SENTINEL", "MASTERS"], "").await.ok();
                let names = masters.iter().flat_map(Answer::values).filter_map(|master| master.values().get(1)?.text());
                let name = names.map(str::to_owned).next().unwrap_or_else(|| "NAME".to_owned());
                let hint = format!("use --mode sentinel --addresses {server} --sentinel-master {name}");
                (self.report)(Checked::found("mode", FaultCode::RedisMode, server, got, hint));
                return None;
            }
            ("cluster", Mode::Single) => {
                // A cluster of one node answers all the same.
                let fault = match session.ask(&["TYPE", &session.list.clone()], "").await {
                    Err(Fault::Moved) => Fault::ClusterNode,
                    Err(fault @ Fault::ClusterDown) => {
                        let got = format!("{fault}; the server is a node of it, and the mode is single");
                        let hint = format!("{}; and {}", fault.hint(), Fault::ClusterNode.hint());
                        (self.report)(Checked::found("mode", fault.code(), server, got, hint));
                        return None;
                    }
                    _ => {
                        let got =
                            "the server is a node of a cluster, which happens to hold the list; the mode is single";
                        let hint = Fault::ClusterNode.hint();
                        (self.report)(Checked::found("mode", FaultCode::RedisMode, server, got, hint));
                        return Some(());
                    }
                };
                return self.failed("mode", &server, &fault);
            }
            ("standalone", Mode::Cluster) => return self.failed("mode", &server, &Fault::NotACluster),
            ("cluster", _) => {
                let state = session.ask(&["CLUSTER", "INFO"], "").await.ok();
                let state = ServerInfo::parse(state.as_ref().and_then(Answer::text).unwrap_or_default());
                if state.get("cluster_state").is_some_and(|state| state != "ok") {
                    return self.failed("mode", &server, &Fault::ClusterDown);
                }
                let size = state.get("cluster_size").map(|size| format!(" of {size} primaries")).unwrap_or_default();
                self.passed("mode", &server, format!("cluster{size}"));
            }
            (_, mode) => self.passed("mode", &server, mode.to_string()),
        }
        Some(())
    }

    /// Measures round trips.
    async fn latency(&mut self, session: &mut Session) -> Option<()> {
        let mut times = Vec::with_capacity(ROUND_TRIPS);
        while times.len() < ROUND_TRIPS && times.iter().sum::<Duration>() < MEASURED_FOR {
            match session.wire.timed(&["PING"]).await {
                Ok((_, time)) => times.push(time),
                Err(fault) => return self.failed("latency", &session.server, &fault),
            }
        }
        times.sort_unstable();
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        let got = format!("{} per round trip, {} at most", millis(median), millis(longest));
        if median >= SLOW {
            let hint = "run consumers near Redis, or with more --concurrency: each claim is one round trip";
            (self.report)(Checked::found("latency", FaultCode::RedisSlow, &session.server, got, hint));
        } else {
            self.passed("latency", &session.server, got);
        }
        Some(())
    }
}
