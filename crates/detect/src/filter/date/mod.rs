//! When a line was written, found by a filter's date patterns and cut out of the line.

mod detector;
mod field;
mod stamp;
mod stock;
mod template;
mod zone;

pub(super) use detector::Dates;
pub(super) use stamp::Stamp;
