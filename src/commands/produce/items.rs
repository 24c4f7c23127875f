//! Items: from a template, or read from an input.

use std::time::SystemTime;

use bytes::Bytes;
use color_eyre::eyre::{Result, WrapErr as _};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::plan::Content;
use crate::exit::UsageError;
use crate::files::input::Input;
use crate::queue::MAX_BATCH_BYTES;
use crate::workload::Payload;

/// Generates or reads items.
pub(super) enum Items {
    Template { payload: Payload, rng: Box<StdRng> },
    Input(Box<Input>),
}

impl Items {
    pub(super) async fn open(content: &Content) -> Result<Self> {
        Ok(match content {
            Content::Template { payload, seed } => Self::Template {
                payload: payload.clone(),
                rng: Box::new(match seed {
                    Some(seed) => StdRng::seed_from_u64(*seed),
                    None => StdRng::from_rng(&mut rand::rng()),
                }),
            },
            Content::Input { path, separator } => {
                let input = Input::open(path, *separator)
                    .await
                    .map_err(|error| UsageError(format!("--input: cannot read `{}`: {error}", path.display())))?;
                Self::Input(Box::new(input))
            }
        })
    }

    /// Returns the part of an input file that was read, from 0 to 1.
    pub(super) fn share(&self) -> Option<f64> {
        match self {
            Self::Template { .. } => None,
            Self::Input(input) => input.share(),
        }
    }

    /// Returns the items after the first `sent`, at most `most`; none at the end.
    pub(super) async fn next(&mut self, sent: u64, most: usize) -> Result<Vec<Bytes>> {
        match self {
            Self::Template { payload, rng } => {
                let now = SystemTime::now();
                // One allocation for the whole batch.
                let mut text = String::new();
                let mut ends = Vec::with_capacity(most);
                while ends.len() < most && text.len() < MAX_BATCH_BYTES {
                    payload.write(&mut text, sent + ends.len() as u64 + 1, now, rng);
                    ends.push(text.len());
                }
                let text = Bytes::from(text);
                let starts = std::iter::once(0).chain(ends.iter().copied());
                Ok(starts.zip(&ends).map(|(start, end)| text.slice(start..*end)).collect())
            }
            Self::Input(input) => input.next(most, MAX_BATCH_BYTES).await.wrap_err("cannot read the input"),
        }
    }
}
