//! The one-shot that reads the configuration on the monitor's behalf, without its rights.
//!
//! `portreeve-compile load --native PATH|--xinetd PATH [--as-root]` reads a configuration, checks
//! it with everything its access lists are read from, and asks the host what it needs;
//! `portreeve-compile resolve [--as-root]` asks again for the configuration it finds on descriptor
//! 0, and `portreeve-compile sources [--as-root]` reads again what it is told there. Images of what
//! access lists are read from go into the file on descriptor 4, then one frame
//! (`portreeve_wire::compile::Answer`) to descriptor 3, and the process ends. `portreeve-compile files`
//! opens the log files that are watched, as the clerk's user, and gives them away over the channel on
//! descriptor 3. It is here, and not in root's process, that texts
//! are parsed, names are looked up and libraries of others are loaded; it writes no file, starts
//! no program and binds nothing.
#![forbid(unsafe_code)]

mod args;
mod confine;
mod images;
mod job;
mod run;
mod watched;

fn main() -> std::process::ExitCode {
    run::main()
}
