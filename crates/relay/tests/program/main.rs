//! The real program over its channel, in a private network and with an `/etc` of the test's own.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test ends where something unforeseen happens"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "tests are all edge: they start programs and read clocks, files and environment"
)]

#[macro_use]
mod private;
mod dns;
mod echo;
mod ident;
mod life;
mod lists;
mod names;
mod relay;
mod write;
