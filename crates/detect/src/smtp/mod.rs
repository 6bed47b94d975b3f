//! Mail servers.

pub(crate) mod exim;
pub(crate) mod postfix;
