//! tcprules text, CDB files, the order in which rules are looked up, the variables of tcpserver, and what
//! rblsmtpd decides.
//!
//! The formats are those of ucspi-tcp 0.88 (both Debian builds, IPv4 and IPv6) and of cdb: the same
//! rules become the same bytes, and the same database answers with the same rule. All of it works
//! on bytes that somebody else has read: nothing here touches a file, and no input makes it panic
//! or look outside of what it was given.
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

pub mod cdb;
pub mod environment;
pub mod image;
pub mod rbl;
pub mod rules;
