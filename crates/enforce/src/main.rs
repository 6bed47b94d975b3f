//! The one-shots that carry bans out of the door.
//!
//! `portreeve-enforce hosts-deny PATH` makes the part of PATH that is ours what descriptor 0 says, by a
//! new file under its name; `portreeve-enforce mail` hands the message on descriptor 0 to a mail server.
//! Either writes one frame (`portreeve_wire::enforce`) into the memory file on descriptor 3, and ends.
//! portreeved starts them; neither starts a program, binds or listens.
#![forbid(unsafe_code)]

mod confine;
mod hosts_deny;
mod mail;
mod run;

fn main() -> std::process::ExitCode {
    run::main()
}
