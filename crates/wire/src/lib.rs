//! Messages among monitor, clerk, relay, compiler and the command.
