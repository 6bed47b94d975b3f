//! `portreeve-soak`: a door under faults and traffic for as long as it is asked; see the library.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    portreeve_tests::soak::main(&std::env::args().skip(1).collect::<Vec<_>>())
}
