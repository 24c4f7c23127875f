//! Items to push, when, and how long they take: values, without a clock or unseeded randomness.

mod continued;
pub mod lateness;
pub mod load;
mod normal;
pub mod pace;
pub mod pattern;
pub mod payload;
pub mod rate_limit;
pub mod schedule;
mod series;
pub mod stamp;
pub mod work;

pub use lateness::{LATE, Lateness};
pub use load::{Load, Timing, USUAL_BATCH};
pub use pace::{Pace, Rate, RateError};
pub use pattern::{Arrival, Pattern, RecordedCounts};
pub use payload::{Payload, PayloadError};
pub use rate_limit::RateLimit;
pub use schedule::Schedule;
pub use series::{TriggerSeries, TriggerValue};
pub use stamp::made_at;
pub use work::{FieldError, Work, WorkError};
