//! The only unsafe code: spawning, sockets, descriptors.
//!
//! Every public function here is safe, speaks `OwnedFd`/`BorrowedFd` and newtypes, and either does
//! one deed of the operating system or says which one failed. Nothing here decides who may come in,
//! reads a configuration, or touches a byte a peer has sent (refused bytes are discarded unread).
//!
//! Linux 6.1 or newer, `x86_64` and `aarch64`.
#![expect(unsafe_code, reason = "the one crate in which system calls are made")]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::panic,
        clippy::expect_used
    )
)]

pub mod adopted;
pub mod capability;
pub mod channel;
pub mod clock;
pub mod descriptor;
pub mod diag;
pub mod file;
pub mod gateways;
pub mod inheritance;
pub mod limits;
pub mod log_socket;
pub mod netfilter;
pub mod notice;
pub mod notify;
pub mod pipe;
pub mod poll;
pub mod privileges;
pub mod process;
pub mod program;
pub mod question;
pub mod resolver;
pub mod signals;
pub mod socket;
pub mod spawn;
pub mod syslog;
pub mod together;
pub mod unwinding;
pub mod user;
pub mod watch;

pub use capability::Capability;
pub use limits::Resource;
pub use process::{Exit, Pid, Signal, Status};
