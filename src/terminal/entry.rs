//! Log entries as text and as JSON, both through the filter.

use std::fmt::{self, Debug};

use anstyle::Style;
use tracing::field::Field;
use tracing::{Event, Subscriber};
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer, debug_fn};
use tracing_subscriber::registry::LookupSpan;

use super::filter::OutputFilter;

/// Returns the form of message and fields in text: one line, whatever is in them.
pub(super) fn text_fields(filter: OutputFilter) -> impl for<'writer> FormatFields<'writer> + 'static {
    let write = move |writer: &mut Writer<'_>, field: &Field, value: &dyn Debug| {
        let value = filter.line(&format!("{value:?}"));
        if field.name() == "message" {
            return writer.write_str(&value);
        }
        let (name, sign) = if writer.has_ansi_escapes() {
            (Style::new().italic(), Style::new().dimmed())
        } else {
            (Style::new(), Style::new())
        };
        write!(writer, "{name}{field}{name:#}{sign}={sign:#}{value}")
    };
    debug_fn(write).delimited(" ")
}

/// JSON entries, filtered.
pub(super) struct JsonEntry<F> {
    pub(super) format: F,
    pub(super) filter: OutputFilter,
}

impl<S, N, F> FormatEvent<S, N> for JsonEntry<F>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut entry = String::new();
        self.format.format_event(context, Writer::new(&mut entry), event)?;
        writer.write_str(&self.filter.output(&entry))
    }
}
