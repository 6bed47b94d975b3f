//! fail2ban's configuration: what is read, and every finding.
#![forbid(unsafe_code)]

mod book;
mod findings;
mod hostile;
mod jails;
mod support;
