//! TCP Wrappers: the ancestor's commands and ours, by one script.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a test, which writes rules and reads answers")]

#[path = "wrappers/asked.rs"]
mod asked;
#[path = "wrappers/checked.rs"]
mod checked;
#[path = "wrappers/dry.rs"]
mod dry;
#[path = "wrappers/live.rs"]
mod live;
#[path = "wrappers/table.rs"]
mod table;
#[path = "wrappers/texts.rs"]
mod texts;
