//! Units that all modules share: durations, numbers, settings with their origin.

mod duration;
mod encoding;
mod environment;
mod excerpt;
mod not_built_in;
mod number;
pub(crate) mod pattern;
mod rows;
mod setting;
pub(crate) mod snippet;
pub(crate) mod synonym;
mod system_error;
mod text;
mod timestamp;
mod visible;

pub use self::duration::{DurationError, DurationRange, HumanDuration, is_within_limit};
pub use self::encoding::{EncodingError, decode};
pub use self::environment::Environment;
pub use self::excerpt::shortened;
pub use self::not_built_in::NotBuiltIn;
pub use self::number::{
    counted, float, millis, saturating_seconds, saturating_u32, seeds, signed_float, signed_whole, thousandths, whole,
};
pub use self::rows::{CsvError, CsvRow, CsvRows, other_separator};
pub use self::setting::{Origin, Setting, SettingError};
pub use self::system_error::without_path;
pub use self::text::{MIB, read_bytes, read_text, text_within};
pub use self::timestamp::{
    RowTime, TimeColumn, is_before_1970, redis_time, rfc_3339, rfc_3339_millis, rfc_3339_seconds, since_1970,
};
pub use self::visible::{is_hidden, visible, visible_bytes, visible_lines, visible_output};
