//! What daemontools' files and commands mean, as functions of bytes.
//!
//! Nothing here touches a file, a clock or a process: the commands of `portreeve-tools` do.
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

pub mod end;
pub mod extras;
pub mod holder;
pub mod label;
pub mod machine;
pub mod native;
pub mod plan;
pub mod record;
pub mod script;
pub mod state;
pub mod status;
