//! What the ancestors' manuals and sources promise, each line driven: the words, the exit code, the
//! bytes. A case says what is expected, and both houses must give it.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a test, which runs programs and reads their files")]

#[path = "documented/addresses.rs"]
mod addresses;
#[path = "documented/chain.rs"]
mod chain;
#[path = "documented/commands.rs"]
mod commands;
#[path = "documented/kit.rs"]
mod kit;
#[path = "documented/logs.rs"]
mod logs;
#[path = "documented/service.rs"]
mod service;
#[path = "documented/shown.rs"]
mod shown;
