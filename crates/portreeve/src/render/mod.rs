//! Values as text for people, at 80 columns: no file, clock or socket here.

pub(crate) mod bans;
pub(crate) mod check;
mod enforcers;
pub(crate) mod explain;
pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod offences;
mod palette;
mod places;
pub(crate) mod reload;
pub(crate) mod services;
pub(crate) mod sessions;
pub(crate) mod status;
pub(crate) mod table;
pub(crate) mod text;
mod watches;
pub(crate) mod who;

pub(crate) use palette::{Ink, ink};

/// Columns of a line.
pub(crate) const WIDTH: usize = 80;
