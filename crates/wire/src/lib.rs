//! Messages among monitor, clerk, relay, compiler and the command.
#![forbid(unsafe_code)]
