//! svc: tells supervisors what to do.

use super::folder::{Home, because, open};
use crate::applet::Call;
use crate::options::{Options, shown};
use crate::say;
use crate::trouble::Trouble;
use rustix::fs::OFlags;
use rustix::io::{Errno, retry_on_intr, write};
use std::process::ExitCode;

/// Letters that are sent, at most.
const MOST: usize = 20;

const OPTIONS: &str = "svc options: u up, d down, o once, x exit, p pause, c continue, h hup, a alarm, \
    i interrupt, t term, k kill\n";

/// `svc -LETTERS DIR…`: to each directory's supervisor, in one write. A directory that cannot be told
/// is warned about, and no more.
pub(crate) fn svc(call: &Call) -> Result<ExitCode, Trouble> {
    let mut options = Options::of(call, "udopchaitkx");
    let mut letters = Vec::new();
    loop {
        match options.take() {
            Ok(Some(chosen)) if letters.contains(&chosen.letter) || letters.len() >= MOST => {}
            Ok(Some(chosen)) => letters.push(chosen.letter),
            Ok(None) => break,
            Err(_) => {
                say(OPTIONS);
                return Ok(ExitCode::from(100));
            }
        }
    }
    let home = Home::open()?;
    for folder in options.operands() {
        let warn = |what: &str, why: &str| {
            say(format!("svc: warning: {what} {}: {why}\n", shown(folder)));
        };
        home.visit(folder, |entered| match entered {
            Err(error) => warn("unable to chdir to", because(error)),
            Ok(()) => match open("supervise/control", OFlags::WRONLY) {
                Err(Errno::NXIO) => warn("unable to control", "supervise not running"),
                Err(error) => warn("unable to control", because(error)),
                Ok(control) => {
                    if let Err(error) = retry_on_intr(|| write(&control, &letters)) {
                        warn("error writing commands to", because(error));
                    }
                }
            },
        })?;
    }
    Ok(ExitCode::SUCCESS)
}
