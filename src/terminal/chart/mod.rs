//! Charts: panels over one time axis, drawn with characters or as SVG.

mod elapsed;
mod html;
mod panels;
#[cfg(feature = "png")]
mod png;
mod svg;
mod text;

pub(crate) use elapsed::{Elapsed, when};
pub(crate) use html::html;
pub(crate) use panels::{AxisScale, Chart, Mark, Panel, Tone, tick_step};
