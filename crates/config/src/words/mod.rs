//! Single words of the native language: read, and written so that they read the same again.

pub(crate) mod address;
pub(crate) mod clock;
pub(crate) mod duration;
pub(crate) mod pattern;
pub(crate) mod quote;
pub(crate) mod size;
pub(crate) mod startups;
