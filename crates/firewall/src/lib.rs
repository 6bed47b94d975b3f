//! Bans in the kernel's packet filter: the program `portreeve-firewall`.
//!
//! It keeps one table of its own, of the family `inet`, as the monitor says over descriptor 3, with
//! the right to change the packet filter (`CAP_NET_ADMIN`) and no other. It writes nf_tables' messages
//! itself and runs no program. The monitor alone decides who is in the table; the door shuts out
//! whether this program runs or not.
//!
//! It reads no byte that a peer has sent, opens no file, touches no table but its own, and keeps
//! nothing: after its death the table stays as it is, the kernel ends the bans in it at their time,
//! and the next one is told everything anew.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::panic,
        clippy::expect_used
    )
)]

mod answer;
mod desk;
mod kernel;
#[cfg(test)]
mod live;
mod message;
mod notices;
mod post;
mod rebuild;
mod rules;
mod sets;
mod start;
mod table;
mod wide;

pub use start::main;
