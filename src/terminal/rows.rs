//! Rows of CSV on stdout.

use color_eyre::eyre::Result;
use serde::Serialize;
use serde_json::{Map, Value};

use super::printer::Printer;
use crate::units::visible_lines;

impl Printer {
    /// Writes rows as CSV with a header (RFC 4180): byte for byte, except on a terminal, where characters that control it are
    /// escaped.
    ///
    /// # Errors
    ///
    /// Fails when stdout cannot be written to.
    pub(crate) fn rows<T: Serialize>(&self, rows: impl IntoIterator<Item = T>) -> Result<()> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        rows.into_iter().try_for_each(|row| writer.serialize(row))?;
        self.csv(writer)
    }

    /// Writes records, all with the keys of the first, as [`rows`](Self::rows) does.
    ///
    /// # Errors
    ///
    /// Fails when stdout cannot be written to.
    pub(crate) fn records(&self, records: impl IntoIterator<Item = Map<String, Value>>) -> Result<()> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for (index, record) in records.into_iter().enumerate() {
            if index == 0 {
                writer.write_record(record.keys())?;
            }
            writer.write_record(record.values().map(|value| match value {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                value => value.to_string(),
            }))?;
        }
        self.csv(writer)
    }

    fn csv(&self, writer: csv::Writer<Vec<u8>>) -> Result<()> {
        let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
        if !self.is_on_terminal() {
            return self.raw(&bytes);
        }
        self.raw(visible_lines(&String::from_utf8_lossy(&bytes)).as_bytes())
    }
}
