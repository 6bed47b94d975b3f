//! What access lists are read from apart from the configuration: images of it, and their changes.

pub(crate) mod images;
