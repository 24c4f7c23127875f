//! Log entries as text and as JSON, both through the filter.

use std::fmt::{self, Debug};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use anstyle::Style;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

use super::filter::OutputFilter;
use crate::units::rfc_3339_millis;

/// Fields of every JSON entry of a run. Cheap to clone, and all clones hold the same.
#[derive(Debug, Clone, Default)]
pub(super) struct RunFields(Arc<OnceLock<Map<String, Value>>>);

impl RunFields {
    /// Sets the fields, once in a run.
    pub(super) fn set<const N: usize>(&self, fields: [(&str, &str); N]) {
        let fields = fields.map(|(name, value)| (name.to_owned(), value.into()));
        // A second call would be about another run in the same process.
        let _ = self.0.set(Map::from_iter(fields));
    }

    /// Adds the fields to an entry that does not have them.
    pub(super) fn add_to(&self, entry: &mut Map<String, Value>) {
        for (name, value) in self.0.get().into_iter().flatten() {
            entry.entry(name).or_insert_with(|| value.clone());
        }
    }
}

/// Returns the beginning of a JSON entry: time and level.
pub(super) fn begin_entry(level: &str) -> Map<String, Value> {
    let timestamp = rfc_3339_millis(SystemTime::now()).to_string();
    Map::from_iter([("timestamp".to_owned(), timestamp.into()), ("level".to_owned(), level.into())])
}

/// Message and fields in text: one line, whatever is in them.
pub(super) struct TextFields(pub(super) OutputFilter);

impl<'writer> FormatFields<'writer> for TextFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut recorder = TextRecorder { filter: &self.0, writer, is_first: true, result: Ok(()) };
        fields.record(&mut recorder);
        recorder.result
    }
}

struct TextRecorder<'a, 'writer> {
    filter: &'a OutputFilter,
    writer: Writer<'writer>,
    is_first: bool,
    result: fmt::Result,
}

impl TextRecorder<'_, '_> {
    /// Writes a field, unless the message says it in words.
    fn add(&mut self, field: &Field, value: &str) {
        if field.name() != "event" {
            self.result = self.result.and_then(|()| self.write(field, value));
        }
    }

    fn write(&mut self, field: &Field, value: &str) -> fmt::Result {
        let space = if std::mem::take(&mut self.is_first) { "" } else { " " };
        let value = self.filter.line(value);
        if field.name() == "message" {
            return write!(self.writer, "{space}{value}");
        }
        let (name, sign) = if self.writer.has_ansi_escapes() {
            (Style::new().italic(), Style::new().dimmed())
        } else {
            (Style::new(), Style::new())
        };
        write!(self.writer, "{space}{name}{field}{name:#}{sign}={sign:#}{value}")
    }
}

impl Visit for TextRecorder<'_, '_> {
    /// Written out: `0.000005`, not `5e-6`.
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, &value.to_string());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, &format!("{value:?}"));
    }
}

/// JSON entries: time, level and message, the fields of the event, and those of the run.
pub(super) struct JsonEntry {
    pub(super) filter: OutputFilter,
    pub(super) run: RunFields,
}

impl<S, N> FormatEvent<S, N> for JsonEntry
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut entry = JsonRecorder(begin_entry(event.metadata().level().as_str()));
        event.record(&mut entry);
        let JsonRecorder(mut entry) = entry;
        self.run.add_to(&mut entry);
        writeln!(writer, "{}", self.filter.json(entry.into()))
    }
}

struct JsonRecorder(Map<String, Value>);

impl JsonRecorder {
    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for JsonRecorder {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, format!("{value:?}"));
    }
}
