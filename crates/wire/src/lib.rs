//! Messages among monitor, clerk, relay, compiler and the command: framing, bounds, and who may
//! say what when.
//!
//! Helpers talk to the monitor over a socketpair of their own, one message a packet. They name
//! sessions by number, never a path, a uid or a command; the monitor judges each message again and
//! ends a helper that says what its phase does not permit. The command talks over the control
//! socket in length-prefixed frames. Nothing here does I/O.
#![forbid(unsafe_code)]

pub mod asked;
pub mod clerk;
pub mod compile;
pub mod control;
pub mod enforce;
pub mod event;
pub mod firewall;
mod frame;
pub mod hosts;
pub mod import;
pub mod relay;
pub mod watched;

pub use frame::{FrameError, MAX_PACKET, decode, encode, frame, split_frame};

use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// One session, from accept to exit; never reused while a monitor lives, nor after an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub u64);

/// One question to a helper, echoed in its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QuestionId(pub u64);

/// An end of a connection as the kernel gave it, IPv4-mapped addresses as IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct End {
    /// Address.
    pub address: IpAddr,
    /// Port.
    pub port: u16,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::net::SocketAddr::new(self.address, self.port).fmt(f)
    }
}

/// A helper's phase: what it may say depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Started, has not said `Ready`.
    Starting,
    /// At work.
    Working,
}
