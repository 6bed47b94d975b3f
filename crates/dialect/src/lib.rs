//! Foreign configuration languages, read into the model.
//!
//! Each language is a module: [`xinetd`] reads xinetd.conf(5), [`fail2ban`] reads jail.conf(5) with
//! its filters, [`denyhosts`] reads denyhosts.cfg and what DenyHosts keeps, [`wrappers`] finds the rules of
//! hosts.allow and hosts.deny that would concern a service, [`services`] reads services(5). All
//! of it is text in, values and diagnostics out: whoever calls brings the files ([`Files`]) and
//! what must be known of the host ([`Host`]). Nothing here opens, resolves or looks at a clock.
#![forbid(unsafe_code)]

pub mod denyhosts;
pub mod fail2ban;
mod outside;
pub mod services;
mod suggest;
pub mod wrappers;
pub mod xinetd;

pub use outside::{DirectoryEntry, EntryKind, Files, Host, ReadFailure};
