//! One call of `exchange.lua`: its arguments and its reply.

use std::time::Duration;

use bytes::Bytes;
use fred::types::{FromValue, Value};

use super::exchange::{Claim, Settlement, millis};
use super::reply_size::PAGE;
use crate::delivery::history::History;
use crate::delivery::item::Item;

/// Maximum number of items that one call claims or acknowledges: Lua passes at most about 8000 values to a command.
pub(super) const MAX_CLAIMS: usize = 1000;

/// Maximum number of items that one call settles in another way.
pub(super) const MAX_SETTLEMENTS: usize = 500;

/// Sequence of calls. Each has numbers of its own, so that a call of one may be under way while others run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Calls that settle and claim.
    Claims,
    /// Calls that claim the item for which a connection has waited.
    Waiter,
}

/// One call of `exchange.lua`.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExchangeCall<'a> {
    pub(super) consumer: &'a str,
    pub(super) lane: Lane,
    pub(super) number: u64,
    /// Maximum number of items to claim.
    pub(super) limit: usize,
    /// Lease duration, if the lease is to be renewed.
    pub(super) renew: Option<Duration>,
    /// Ids of acknowledged items without a history, at most [`MAX_CLAIMS`].
    pub(super) acknowledged: &'a [String],
    /// Other finished items, at most [`MAX_SETTLEMENTS`]; none unless the lease is renewed.
    pub(super) others: &'a [Settlement],
}

/// Reply of `exchange.lua` as it arrives; `None` if the consumer has to sign on again.
pub(super) type RawReply = Option<Vec<Value>>;

/// Reply of `exchange.lua`.
#[derive(Debug, Default)]
pub(super) struct ExchangeReply {
    /// Items claimed and their sizes. A content that is shorter than its size is the beginning of the item.
    pub(super) claims: Vec<(Claim, usize)>,
    /// Number of acknowledged items that were not in flight.
    pub(super) missing: usize,
    /// True when items were left because of their size or number.
    pub(super) more: bool,
    /// Ids of other finished items that were not in flight.
    pub(super) lost: Vec<String>,
    /// Number of other finished items that were settled.
    pub(super) settled: usize,
    /// True when the call has looked for delayed items.
    pub(super) looked: bool,
    /// Time until the next delayed item is due, if there is one.
    pub(super) due: Option<Duration>,
    /// Redis time (ms since 1970), if the call needed it.
    pub(super) now: Option<u64>,
    /// Time until the earliest lease of all consumers ends, if the lease was renewed.
    pub(super) ends: Option<Duration>,
}

impl Lane {
    /// Returns the name of the lane.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Claims => "c",
            Self::Waiter => "d",
        }
    }

    /// Returns the number of the call that made the claim with this `id`, if it was one of this lane.
    pub(super) fn number(self, id: &str) -> Option<u64> {
        id.strip_prefix(self.name())?.split_once(':')?.0.parse().ok()
    }
}

impl ExchangeCall<'_> {
    /// Returns ARGV for a reply of at most `size` bytes of contents.
    pub(super) fn arguments(&self, size: usize) -> Vec<Bytes> {
        let number = |number: usize| Bytes::from(number.to_string());
        let mut arguments = Vec::with_capacity(7 + self.acknowledged.len() + 4 * self.others.len());
        arguments.extend([
            Bytes::copy_from_slice(self.consumer.as_bytes()),
            Bytes::from_static(self.lane.name().as_bytes()),
            Bytes::from(self.number.to_string()),
            number(self.limit.min(MAX_CLAIMS)),
            number(size.min(PAGE)),
            millis(self.renew.unwrap_or_default()),
            number(self.acknowledged.len()),
        ]);
        arguments.extend(self.acknowledged.iter().map(|id| Bytes::copy_from_slice(id.as_bytes())));
        arguments.extend(self.others.iter().flatten().cloned());
        arguments
    }

    /// Reads the reply.
    pub(super) fn reply(&self, values: Vec<Value>) -> ExchangeReply {
        let looked = values.len() > 3;
        let mut values = values.into_iter();
        let contents: Vec<Bytes> = next(&mut values);
        let (missing, more) = (next(&mut values), next::<u8>(&mut values) == 1);
        let (sizes, histories): (Vec<usize>, Vec<Bytes>) = (next(&mut values), next(&mut values));
        let (lost, settled) = (next(&mut values), next(&mut values));
        let (due, now, ends) = (time(next(&mut values)), next::<u64>(&mut values), time(next(&mut values)));
        let claims = contents.into_iter().enumerate().map(|(index, content)| {
            let size = sizes.get(index).copied().unwrap_or(content.len());
            let id = format!("{}:{}{}:{}", self.consumer, self.lane.name(), self.number, index + 1);
            let history = histories.get(index).filter(|history| !history.is_empty()).map(|history| {
                // Even one that another client has damaged is stored next to the item, and has to be removed with it.
                let anew = || History { id: id.clone(), since: now, ..History::default() };
                serde_json::from_slice(history).unwrap_or_else(|_| anew())
            });
            (Claim { id, item: Item(content), history }, size)
        });
        let claims: Vec<(Claim, usize)> = claims.collect();
        ExchangeReply {
            missing,
            more: more || (self.limit > MAX_CLAIMS && claims.len() == MAX_CLAIMS),
            claims,
            lost,
            settled,
            looked,
            due,
            now: Some(now).filter(|now| *now > 0),
            ends,
        }
    }
}

/// Returns the size of all contents in a reply.
pub(super) fn size_of(reply: &RawReply) -> usize {
    let Some(Value::Array(contents)) = reply.as_ref().and_then(|values| values.first()) else { return 0 };
    contents.iter().filter_map(Value::as_bytes).map(<[u8]>::len).sum()
}

/// Reads the next value; values that the script left out are as they are when there is nothing to say.
fn next<T: FromValue + Default>(values: &mut impl Iterator<Item = Value>) -> T {
    values.next().and_then(|value| value.convert().ok()).unwrap_or_default()
}

/// Reads a time in ms; a negative one is none.
fn time(millis: Option<i64>) -> Option<Duration> {
    millis.and_then(|millis| u64::try_from(millis).ok()).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::Integer),
            any::<bool>().prop_map(Value::Boolean),
            any::<f64>().prop_map(Value::Double),
            "\\PC{0,8}".prop_map(|text| Value::String(text.into())),
            prop::collection::vec(any::<u8>(), 0..8).prop_map(|bytes| Value::Bytes(bytes.into())),
        ];
        leaf.prop_recursive(3, 24, 6, |value| prop::collection::vec(value, 0..6).prop_map(Value::Array))
    }

    proptest! {
        #[test]
        fn any_reply_is_read(values in prop::collection::vec(values(), 0..9), limit in 0..2_000_usize) {
            let raw = Some(values.clone());
            let size = size_of(&raw);
            let call = ExchangeCall { consumer: "c", lane: Lane::Claims, number: 1, limit, renew: None, acknowledged: &[], others: &[] };
            let claims = call.reply(values).claims;
            // Never shorter than what was read: such an item would be taken for a complete one.
            prop_assert!(claims.iter().map(|(claim, _)| claim.item.0.len()).sum::<usize>() >= size || claims.is_empty());
        }
    }
}
