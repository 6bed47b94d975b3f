//! The exec helper: the way to a program with a user of its own where `fs.suid_dumpable` is 1.
//!
//! With that setting a process that has changed its user may be traced by that user at once. A child
//! that still shares our memory would hand it over. So there the child executes this very program
//! again, as `portreeve-exec`, still as root; that one, in memory of its own, reads the plan, carries
//! it out by the same code as a child, and executes the program.

mod encoding;

use std::{
    convert::Infallible,
    ffi::CStr,
    fs::File,
    io::{self, Read},
    os::fd::OwnedFd,
    process::ExitCode,
    sync::Arc,
};

use rustix::io::Errno;

use super::{Connection, Plan, Program, SpawnError, Started, Step, here::Here, order::Become, raw};
use crate::{descriptor, file, pipe};

use encoding::Job;

/// What the helper is called: `argv[0]`.
pub const HELPER_NAME: &str = "portreeve-exec";
const HELPER_ARGUMENT: &CStr = c"portreeve-exec";
/// The helper's descriptors, above all targets: the job, and the pipe for a failure.
const JOB_FD: i32 = 32;
const REPLY_FD: i32 = 33;
/// The largest job: what `execve` takes of strings on Linux (2 MiB), twice.
const MOST_BYTES: usize = 4 << 20;
/// This very program, even when its file has been replaced.
const OURSELVES: &CStr = c"/proc/self/exe";
/// The helper's own exit code when it has no job.
const NO_JOB: u8 = 127;

/// Must children that change their user go through the helper?
pub(super) fn needed() -> bool {
    let mut text = String::new();
    let read = File::open("/proc/sys/fs/suid_dumpable")
        .and_then(|file| file.take(16).read_to_string(&mut text));
    // Not known is as bad as 1.
    read.is_err() || !matches!(text.trim_ascii_end(), "0" | "2")
}

/// The helper's answer: end of file when it has executed the program, else step and errno.
#[derive(Debug)]
pub(super) struct Reply(OwnedFd);

impl Reply {
    /// `None` while it is at work.
    pub(super) fn read(&mut self) -> Option<Started> {
        let mut words = [0_u8; 8];
        match rustix::io::read(&self.0, &mut words) {
            Ok(0) => Some(Started::Executed),
            Ok(_) => {
                let [a, b, c, d, e, f, g, h] = words;
                let step = Step::from_number(u32::from_ne_bytes([a, b, c, d]));
                let errno = i32::from_ne_bytes([e, f, g, h]);
                Some(Started::Failed { step: step.unwrap_or(Step::Helper), errno })
            }
            Err(Errno::AGAIN | Errno::INTR) => None,
            Err(error) => Some(Started::Failed { step: Step::Helper, errno: error.raw_os_error() }),
        }
    }
}

/// The helper's program and connection, for starting `program` with `connection`.
pub(super) fn wrap(
    program: &Program,
    mut connection: Connection,
    reset_signals: u64,
) -> Result<(Arc<Program>, Connection, Reply), SpawnError> {
    let job = Job {
        plan: Plan {
            argv: connection.argv.take().unwrap_or_else(|| program.plan().argv.clone()),
            env: connection.environment(program.plan()).cloned().collect(),
            ..program.plan().clone()
        },
        reset_signals,
        targets: connection.target_bits(),
    };
    let job = file::memfd(HELPER_NAME, &job.encode()).map_err(SpawnError::Os)?;
    let (read, write) = pipe::pipe().map_err(SpawnError::Os)?;
    pipe::set_nonblocking(&read, true).map_err(SpawnError::Os)?;
    let mut plan = Plan::new(OURSELVES.into());
    plan.argv = vec![HELPER_ARGUMENT.into()];
    let helper = plan.prepare().map_err(|_| SpawnError::Os(io::ErrorKind::InvalidInput.into()))?;
    connection.env.clear();
    let connection = connection.give_helper(job, JOB_FD).give_helper(write, REPLY_FD);
    Ok((Arc::new(helper), connection, Reply(read)))
}

/// The whole helper: call it first thing in `main` when `argv[0]` is [`HELPER_NAME`], and leave
/// with what it gives. It comes back only when the program was not executed, having told why.
#[must_use]
pub fn exec_helper_main() -> ExitCode {
    let (Ok(job), Ok(reply)) = (descriptor::inherited(JOB_FD), descriptor::inherited(REPLY_FD))
    else {
        return ExitCode::from(NO_JOB);
    };
    let Err((step, errno)) = carry_out(job);
    let words = [step.number().to_ne_bytes(), errno.to_ne_bytes()].concat();
    let _nobody_listens = rustix::io::write(&reply, &words);
    ExitCode::from(NO_JOB)
}

fn carry_out(job: OwnedFd) -> Result<Infallible, (Step, i32)> {
    let helper = |errno| (Step::Helper, errno);
    let bytes = file::read_memfd(&job, MOST_BYTES)
        .map_err(|error| helper(error.raw_os_error().unwrap_or(libc::EINVAL)))?;
    drop(job);
    let Job { plan, reset_signals, targets } = Job::decode(&bytes).ok_or(helper(libc::EINVAL))?;
    // The runtime opens /dev/null where 0, 1 or 2 was not open; the program is to find it closed.
    (0..3_u32).filter(|number| targets.wrapping_shr(*number) & 1 == 0).for_each(raw::close);
    let program = plan.prepare().map_err(|_| helper(libc::EINVAL))?;
    Err(Here::by(&program, Become::Ids, reset_signals).carry_out())
}
