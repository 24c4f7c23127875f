//! Files and pipes: input, output folders, the heartbeat file.

pub(crate) mod counts;
pub(crate) mod descriptors;
pub(crate) mod folder;
pub(crate) mod heartbeat;
pub(crate) mod input;
pub(crate) mod whole;
