//! The small commands, by the name they are called by.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    portreeve_tools::main(std::env::args_os().collect())
}

// thousands may run: a tenth of the program, and 8 KiB of each process
#[cfg(not(any(test, debug_assertions)))]
portreeve_sys::never_unwound!();
