//! svscanboot: svscan as a host starts it.

use super::name::HOLDER;
use crate::applet::Call;
use crate::service::svc;
use crate::trouble::Trouble;
use portreeve_sys::pipe::pipe;
use portreeve_sys::program::{Forked, Given, fork, leave};
use portreeve_sys::signals::expect_children;
use rustix::fs::{Mode, OFlags, open};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use std::ffi::{CString, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

/// Where services are, unless another folder is named: the first that is there, else the first.
const FOLDERS: [&str; 2] = ["/etc/service", "/service"];

/// All there is of an environment.
const PATH: &str = "PATH=/command:/usr/local/bin:/usr/local/sbin:/bin:/sbin:/usr/bin:/usr/sbin:\
    /usr/X11R6/bin";

/// How much of what is said stays to be seen.
const SHOWN: usize = 400;

/// This very program.
const OURSELVES: &std::ffi::CStr = c"/proc/self/exe";

/// `svscanboot [DIR]`: ends what supervisors have left, then becomes svscan, whose messages go to
/// readproctitle. Services that run without a supervisor are left: svscan adopts them.
pub(crate) fn svscanboot(call: &Call) -> Result<ExitCode, Trouble> {
    let folder = match call.arguments.as_slice() {
        [] => {
            let found = FOLDERS.into_iter().find(|folder| Path::new(folder).is_dir());
            OsString::from(found.unwrap_or(FOLDERS[0]))
        }
        [folder] => folder.clone(),
        _ => return Err(Trouble::Usage),
    };
    let begun = begin(&folder);
    begun.map_err(|error| Trouble::system("unable to begin", &error))
}

fn begin(folder: &OsString) -> io::Result<ExitCode> {
    let null = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    end_leftovers(folder);
    expect_children();
    let (read, write) = pipe()?;
    let path = || CString::new(PATH);
    let title: Vec<CString> = ["readproctitle", "service", "errors:", &".".repeat(SHOWN)]
        .into_iter()
        .map(CString::new)
        .collect::<Result<_, _>>()?;
    let title = Given::new(title, vec![path()?]);
    let scan = vec![CString::new(HOLDER)?, CString::new(folder.as_bytes())?];
    let scan = Given::new(scan, vec![path()?]);
    if fork()? == Forked::Child {
        let _ = dup2_stdin(&read); // then it shows nothing
        drop((read, write));
        let _ = title.execute(OURSELVES);
        leave(111)
    }
    dup2_stdout(&write)?;
    dup2_stderr(&write)?;
    drop((read, write));
    Err(scan.execute(OURSELVES))
}

/// Tells all supervisors that are there to end, services and logs. Trouble is nobody's to hear.
fn end_leftovers(folder: &OsString) {
    let mut arguments: Vec<OsString> = vec!["-dx".into(), "--".into()];
    for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        if !entry.file_name().as_bytes().starts_with(b".") {
            arguments.push(entry.path().into());
            arguments.push(entry.path().join("log").into());
        }
    }
    let _ = svc(&Call { name: "svc", called: "svc".into(), arguments });
}
