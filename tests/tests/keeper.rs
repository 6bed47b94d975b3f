//! svscan: the ancestor's and ours, on the same folders; and what no ancestor does: services that
//! outlive each of the keeper's processes, and are found again.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test, which runs programs and reads their files"
)]

#[path = "keeper/ancestor.rs"]
mod ancestor;
#[path = "keeper/beyond.rs"]
mod beyond;
#[path = "keeper/boot.rs"]
mod boot;
#[path = "keeper/clocks.rs"]
mod clocks;
#[path = "keeper/deaths.rs"]
mod deaths;
#[path = "keeper/folders.rs"]
mod folders;
#[path = "keeper/kit.rs"]
mod kit;
#[path = "keeper/limits.rs"]
mod limits;
#[path = "keeper/native.rs"]
mod native;
#[path = "keeper/upgrade.rs"]
mod upgrade;
