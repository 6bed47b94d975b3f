//! A service that tells what it was given.

#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    portreeve_testkit::probe::main()
}
