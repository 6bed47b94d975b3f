//! The small commands, by the name they are called by.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    portreeve_tools::main(std::env::args_os().collect())
}
