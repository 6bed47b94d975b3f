//! The command people type.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    portreeve::main()
}
