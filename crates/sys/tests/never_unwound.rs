//! A program without an unwinder: this test executes itself.
#![expect(
    unsafe_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test that cannot go on fails, and says what it did"
)]

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};

portreeve_sys::never_unwound!();

/// Asks for the panic.
const WORD: &str = "panic";

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|word| word == WORD) {
        // in another thread than the first, where one that is unwound would not end the program
        let _ = std::thread::spawn(|| panic!("a word about it")).join();
        return ExitCode::SUCCESS;
    }
    let ended = Command::new(std::env::current_exe().unwrap())
        .arg(WORD)
        .env("RUST_BACKTRACE", "full")
        .output()
        .unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("a word about it"), "{said}");
    assert_eq!(ended.status.signal(), Some(libc::SIGABRT), "{said}");
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert!(!maps.contains("libgcc_s"), "the unwinder was loaded all the same:\n{maps}");
    for name in [c"_Unwind_Backtrace", c"_Unwind_RaiseException", c"_Unwind_Resume"] {
        // SAFETY: a NUL-terminated name; what is found is not called.
        let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
        assert!(found.is_null(), "a library would take ours for its own {name:?}");
    }
    println!("never_unwound: ok");
    ExitCode::SUCCESS
}
