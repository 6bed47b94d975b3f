//! The program `portreeve-firewall`; what it is and refuses to do stands in the library.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    portreeve_firewall::main()
}
