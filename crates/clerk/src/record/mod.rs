//! A service's own records in xinetd's words. Pure.

pub(crate) mod syslog;
pub(crate) mod xinetd;
