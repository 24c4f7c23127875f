//! What is put on the list, when, and how long it takes to work: values, without clock or chance of their own.

pub mod pace;
pub mod payload;
pub mod stamp;
pub mod work;

pub use pace::{Pace, Rate};
pub use payload::Payload;
pub use stamp::made_at;
pub use work::Work;
