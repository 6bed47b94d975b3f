//! The command that a full file passes through.

use super::{insist, pause};
use crate::chain::given;
use crate::say;
use portreeve_sys::process::{Status, wait_for};
use portreeve_sys::program::{Forked, Given, fork, leave, place};
use portreeve_sys::signals::normalise;
use rustix::fs::{Mode, OFlags, fchmod, fsync, openat};
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// The exit code of a copy that could not become the shell.
const NO_SHELL: i32 = 111;

/// Runs it until it succeeds: from `previous` to `processed`, from `state` to `newstate`. Both results
/// are on the disk then, and `processed` is marked as whole.
pub(super) fn run(command: &[u8], folder: &OwnedFd, name: &str) {
    loop {
        let status = attempt(command, folder, name);
        if status == Some(Status::Code(0)) {
            break;
        }
        if !matches!(status, Some(Status::Code(_))) {
            say(format!("multilog: warning: processor crashed in {name}, pausing\n"));
        } else {
            say(format!("multilog: warning: processor failed in {name}, pausing\n"));
        }
        std::thread::sleep(super::PAUSE);
    }
    for (file, mode) in [("processed", Some(0o744)), ("newstate", None)] {
        let open = || openat(folder, file, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty());
        let opened = insist(|| format!("unable to open {name}/{file}"), || Ok(open()?));
        insist(|| format!("unable to write {name}/{file} to disk"), || Ok(fsync(&opened)?));
        if let Some(mode) = mode {
            insist(
                || format!("unable to set mode of {name}/{file}"),
                || Ok(fchmod(&opened, Mode::from_raw_mode(mode))?),
            );
        }
    }
}

fn attempt(command: &[u8], folder: &OwnedFd, name: &str) -> Option<Status> {
    let fresh = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC;
    let files = [
        ("previous", OFlags::RDONLY, 0),
        ("processed", fresh, 1),
        ("state", OFlags::RDONLY | OFlags::CREATE, 4),
        ("newstate", fresh, 5),
    ];
    let opened: Vec<(File, i32)> = files
        .into_iter()
        .map(|(file, flags, number)| {
            let open = || {
                let mode = Mode::from_raw_mode(0o644);
                Ok(File::from(openat(folder, file, flags | OFlags::CLOEXEC, mode)?))
            };
            (insist(|| format!("unable to open {name}/{file}"), open), number)
        })
        .collect();
    // an argument holds no NUL
    let command = CString::new(command).unwrap_or_default();
    let given = given(vec![c"sh".to_owned(), c"-c".to_owned(), command]);
    match insist(|| format!("unable to fork for processor in {name}"), fork) {
        Forked::Child => {
            let error = become_shell(folder, &opened, &given);
            say(format!(
                "multilog: fatal: unable to run /bin/sh: {}\n",
                crate::reason::reason(&error)
            ));
            leave(NO_SHELL)
        }
        Forked::Parent(child) => match wait_for(child) {
            Ok(exit) => exit.map(|exit| exit.status),
            Err(error) => {
                pause(&format!("wait failed for processor in {name}"), &error);
                None
            }
        },
    }
}

fn become_shell(folder: &OwnedFd, opened: &[(File, i32)], given: &Given) -> io::Error {
    let placed: Vec<_> = opened.iter().map(|(file, number)| (file.as_fd(), *number)).collect();
    let prepared = rustix::process::fchdir(folder)
        .map_err(io::Error::from)
        .and_then(|()| place(&placed))
        .and_then(|()| normalise());
    match prepared {
        Ok(()) => given.execute(c"/bin/sh"),
        Err(error) => error,
    }
}
