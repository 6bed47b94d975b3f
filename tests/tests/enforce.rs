//! What becomes of bans beyond the door: a hosts.deny that a real libwrap reads, plug-ins.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "enforce/commands.rs"]
mod commands;
#[path = "enforce/hosts_deny.rs"]
mod hosts_deny;
#[path = "enforce/kit.rs"]
mod kit;
#[path = "enforce/mail.rs"]
mod mail;
