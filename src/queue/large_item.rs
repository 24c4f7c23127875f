//! Items that are larger than a reply, read part by part.

use bytes::{Bytes, BytesMut};

use super::claims::Claims;
use super::error::QueueError;
use super::exchange::{Claim, millis};
use super::reply_size::sized;
use crate::delivery::item::Item;

impl Claims {
    /// Reads the rest of an item of `size` bytes, part by part; returns false if the lease was lost meanwhile.
    pub(super) async fn complete(&mut self, claim: &mut Claim, size: usize) -> Result<bool, QueueError> {
        if claim.item.0.len() >= size {
            return Ok(true);
        }
        let (consumer, id) = (self.consumer(), Bytes::copy_from_slice(self.held.id(&claim.id).as_bytes()));
        let mut content = BytesMut::with_capacity(size);
        content.extend_from_slice(&claim.item.0);
        while content.len() < size {
            let arguments = |part: usize| {
                vec![
                    consumer.clone(),
                    millis(self.settings.lease),
                    id.clone(),
                    Bytes::from(content.len().to_string()),
                    Bytes::from(part.to_string()),
                ]
            };
            let keys = self.keys.claims(self.held.consumer());
            let (script, key, size) = (&self.read, &self.keys.list, &mut self.reply_size);
            let part: Option<Bytes> =
                sized(&mut self.connection, script, key, &keys, size, arguments, |part: &Option<Bytes>| {
                    part.as_ref().map_or(0, Bytes::len)
                })
                .await?;
            let Some(part) = part.filter(|part| !part.is_empty()) else {
                // Redis may hold the claim again when the consumer has signed on again.
                self.signed_on = None;
                return Ok(false);
            };
            content.extend_from_slice(&part);
        }
        claim.item = Item(content.freeze());
        Ok(true)
    }
}
