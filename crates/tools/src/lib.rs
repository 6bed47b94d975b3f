//! The small commands of daemontools, ucspi-tcp, cdb and TCP Wrappers, in one program.
//!
//! Each is called by the name of a link to this program, or as its first argument. Arguments, exit
//! codes, messages and files are the ancestors'; `docs/ucspi.md` and
//! `docs/wrappers.md` say where one of them was mended.
//! Nothing here is asynchronous, and nothing here runs as root unless its caller does.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::panic,
        clippy::expect_used
    )
)]

mod applet;
mod cdb;
mod chain;
mod filter;
mod fresh;
mod install;
mod keeper;
mod multilog;
mod options;
mod reason;
mod rules;
mod service;
mod tcp;
mod trouble;
mod wrappers;

use applet::{APPLETS, Call};
use portreeve_sys::spawn::{HELPER_NAME, exec_helper_main};
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// This program, when it is not called by the name of a command.
const OWN_NAME: &str = "portreeve-tools";

/// Runs the command that these words, the program's own name first, ask for.
#[must_use]
pub fn main(words: Vec<OsString>) -> ExitCode {
    let mut words = words.into_iter();
    let mut called = words.next().unwrap_or_default();
    // how a service with a user of its own is started where a child may not share memory
    if called == HELPER_NAME {
        return exec_helper_main();
    }
    let mut name = base_name(&called);
    // a super-server calls tcpd by the name of a daemon: there the link says which command it is
    let link = base_name(&portreeve_sys::process::started_as().into_os_string());
    if link == "tcpd" {
        name = link;
    }
    if name == OWN_NAME {
        let Some(first) = words.next() else { return usage() };
        match first.to_str() {
            Some("--help" | "-h") => return help(),
            Some("--version" | "-V") => {
                return print(format!("{OWN_NAME} {}\n", env!("CARGO_PKG_VERSION")));
            }
            _ => name = base_name(&first),
        }
        called = first;
    }
    let Some(applet) = APPLETS.iter().find(|applet| applet.name == name) else {
        say(format!("{OWN_NAME}: there is no command `{name}`; --help lists them\n"));
        return ExitCode::from(100);
    };
    let arguments = words.collect();
    let call = Call { name: applet.name, called: called.clone(), arguments };
    match (applet.run)(&call) {
        Ok(code) => code,
        Err(trouble) => {
            say(trouble.message(applet, &called.to_string_lossy()));
            ExitCode::from(trouble.code())
        }
    }
}

fn base_name(word: &OsString) -> String {
    Path::new(word).file_name().unwrap_or(word).to_string_lossy().into_owned()
}

fn help() -> ExitCode {
    // what no link is made for is called by name; only one of ours calls the worker
    let shown = APPLETS.iter().filter(|applet| applet.name != keeper::WORKER);
    let lines = shown.map(|applet| format!("  {} {}\n", applet.name, applet.arguments));
    print(format!(
        "usage: {OWN_NAME} COMMAND [ARGUMENT...]\n\
         or, by a link of its name: COMMAND [ARGUMENT...]\n\n{}",
        lines.collect::<String>()
    ))
}

fn usage() -> ExitCode {
    say(format!("{OWN_NAME}: usage: {OWN_NAME} command [argument ...]; --help lists them\n"));
    ExitCode::from(100)
}

/// To standard error; where that is closed, nobody reads it.
fn say(text: impl AsRef<[u8]>) {
    let _ = std::io::stderr().write_all(text.as_ref());
}

fn print(text: String) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format!("{OWN_NAME}: fatal: unable to write output: {}\n", reason::reason(&error)));
            ExitCode::from(111)
        }
    }
}
