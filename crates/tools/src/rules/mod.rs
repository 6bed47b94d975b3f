//! tcprules and tcprulescheck.

mod check;
mod make;

pub(crate) use check::check;
pub(crate) use make::make;
