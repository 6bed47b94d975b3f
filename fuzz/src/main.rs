//! `portreeve-fuzz`: see the library.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    portreeve_fuzz::cli::main(&std::env::args().skip(1).collect::<Vec<_>>())
}
