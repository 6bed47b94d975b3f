//! supervise: keeps one service.

use super::folder::{because, stand};
use super::fork::Forking;
use super::kept::{Kept, Source, Stay, not_at_once, now};
use crate::applet::Call;
use crate::options::shown;
use crate::trouble::Trouble;
use portreeve_sys::clock::monotonic;
use portreeve_sys::signals::expect_children;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::process::ExitCode;
use std::time::Duration;

/// `supervise DIR`: starts `DIR/run`, starts it again when it ends, and does what its control pipe
/// says. A supervisor that comes back takes over the service that still runs.
pub(crate) fn supervise(call: &Call) -> Result<ExitCode, Trouble> {
    let [folder] = call.arguments.as_slice() else { return Err(Trouble::Usage) };
    expect_children(); // whatever our parent ignores
    let name = shown(folder);
    let folder = stand(folder)
        .map_err(|error| Trouble::because(&format!("unable to chdir to {name}"), because(error)))?;
    let mut kept = Kept::open(&name, folder, now())?;
    let mut parent = Forking;
    let mut done = now();
    let mut stay = kept.due(done, &mut parent);
    while stay == Stay::On {
        stay = match wait(&kept, done.clock)? {
            Some(source) => kept.wake(source, now(), &mut parent),
            None => Stay::On,
        };
        if stay == Stay::On {
            done = now();
            stay = kept.due(done, &mut parent);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Until there is something to do for it: the most pressing of what there is. An end comes first: a
/// command that follows it means the next process. All that was due by `done` is done.
fn wait(kept: &Kept, done: Duration) -> Result<Option<Source>, Trouble> {
    let (sources, mut fds): (Vec<_>, Vec<_>) = kept
        .polled()
        .map(|(source, fd)| (source, PollFd::from_borrowed_fd(fd, PollFlags::IN)))
        .unzip();
    let due = kept.next_due().map(|due| not_at_once(due, done).saturating_sub(monotonic()));
    let due = due.map(timespec);
    match poll(&mut fds, due.as_ref()) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(Trouble::system("unable to wait", &error.into())),
    }
    let ready = sources.into_iter().zip(fds).filter(|(_, fd)| !fd.revents().is_empty());
    Ok(ready.map(|(source, _)| source).max())
}

/// A time to wait: a nanosecond more, so that it is over when the wait is.
fn timespec(time: Duration) -> Timespec {
    let time = time.saturating_add(Duration::from_nanos(1));
    Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(time.subsec_nanos()),
    }
}
