//! Commands sent before the replies to earlier ones have arrived.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use fred::prelude::ClientLike;
use fred::types::{ClusterHash, CustomCommand, FromValue, Value};

use super::connection::Connection;

/// Reply to a command that has been sent.
pub(super) type Reply<T> = Pin<Box<dyn Future<Output = Result<T, fred::error::Error>> + Send>>;

impl Connection {
    /// Sends a command now, and returns the future of its reply. Commands sent in a row travel together.
    pub(super) fn send<T: FromValue + Send + 'static>(&self, name: &'static str, arguments: Vec<Value>) -> Reply<T> {
        let client = self.client().clone();
        // Through `custom`, because the library's scripts and blocking commands wait for the reply before the next is sent.
        let command = CustomCommand::new_static(name, ClusterHash::FirstKey, false);
        let mut reply: Reply<T> = Box::pin(async move { client.custom(command, arguments).await });
        // The first poll sends the command; polling here keeps the order of the calls.
        match reply.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => reply,
            Poll::Ready(result) => Box::pin(std::future::ready(result)),
        }
    }
}
