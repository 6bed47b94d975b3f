//! A million networks and names in one frozen block of bytes.
//!
//! [`Builder`] takes networks, ranges and host names, each with a number (the line it was written
//! in), and makes an *image*: bytes that can be kept in a file or in shared memory and asked as
//! they are. [`Set`] asks them. Where entries overlap the smallest number answers, which is the
//! one that was written first.
//!
//! An image needs no alignment and is never parsed: [`Set::new`] looks at its header alone, and
//! each question reads a few bytes, each inside the image or not at all. Whatever the bytes are,
//! nothing here panics, reads outside of them, or takes more steps than they have places; a damaged
//! image may answer wrongly, so it is for whoever made it to keep others from changing it. The same
//! entries and the same seed give the same image.
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

mod builder;
mod flatten;
mod hash;
mod header;
mod key;
mod leaves;
mod names;
mod set;

pub use builder::{Builder, TooLarge};
pub use header::Damaged;
pub use set::Set;

#[cfg(test)]
mod tests;
