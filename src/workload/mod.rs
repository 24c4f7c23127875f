//! What is put on the list, when, and how long it takes to work: values, without clock or chance of their own.

pub mod pace;
pub mod payload;
pub mod work;

pub use pace::{Pace, Rate};
pub use payload::Payload;
pub use work::Work;
