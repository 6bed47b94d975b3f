//! hosts.allow and hosts.deny in front of real services: who comes in, beside xinetd with libwrap and
//! tcpd by the same files; and what rules have done, with hostile names, floods, and upgrades.
#![forbid(unsafe_code)]

#[path = "hosts_access/ancestors.rs"]
mod ancestors;
#[path = "hosts_access/asked.rs"]
mod asked;
#[path = "hosts_access/bounds.rs"]
mod bounds;
#[path = "hosts_access/effects.rs"]
mod effects;
#[path = "hosts_access/hostile.rs"]
mod hostile;
#[path = "hosts_access/kit.rs"]
mod kit;
