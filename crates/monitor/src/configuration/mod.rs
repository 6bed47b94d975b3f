//! A configuration: read by the compiler, put in force, and taken back.

pub(crate) mod compiler;
pub(crate) mod reload;
pub(crate) mod trial;
