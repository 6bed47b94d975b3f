//! The child, from its first instruction to `execve`.
//!
//! It runs in the parent's memory, beside the parent, on a stack of its own, and for a while with
//! the parent's descriptor table. So everything here
//! - makes raw system calls only: libc's would write the parent's `errno` and, for ids, signal the
//!   parent's threads;
//! - neither allocates, locks nor panics: no indexing, no arithmetic that can overflow;
//! - writes nothing but its own stack and the order's atomics;
//! - leaves every descriptor alone until the table is its own, and if it cannot have one, exits.

use std::{convert::Infallible, ffi::CStr, sync::atomic::Ordering};

use super::{
    Step,
    connection::Way,
    order::{Become, Descriptors, Order, Table},
    program::{Ids, Program},
    raw::{self, Answer},
};
use crate::log_socket::LogPlace;

/// The exit code of a child that could not execute its program, where no other is asked for.
pub(super) const FAILED: i32 = 127;
/// `CAP_SETUID` as a bit.
const SETUID: u64 = 1 << 7;

/// Where a cloned child begins.
///
/// # Safety
/// `order` is complete, and stays so and unwritten (but for its atomics) until its `alive` word is
/// zeroed.
pub(super) unsafe extern "C" fn enter(order: *const Order) -> ! {
    // SAFETY: the caller's promise.
    let order = unsafe { &*order };
    let errno = match own_descriptors(order).and_then(|()| wait_for_leave(order)) {
        Ok(()) => {
            // SAFETY: the caller's promise.
            let Err(errno) = unsafe { execute(order) };
            errno
        }
        Err(errno) => errno,
    };
    order.report.fail(errno);
    raw::exit(order.failed)
}

/// First of all: a table of our own, with only what is passed, under the numbers asked for.
fn own_descriptors(order: &Order) -> Answer {
    order.report.begin(Step::Descriptors);
    let descriptors = &order.descriptors;
    if order.table == Table::Shared {
        // Copies the numbers below `low`, so its cost does not grow with the parent's descriptors.
        // What it leaves out is left out of the copy; the parent's table is not touched.
        raw::unshare_below(descriptors.low)?;
        order.report.set_unshared();
    }
    place(descriptors)
}

/// Waits at the gate, if there is one: for a byte, or for the end of whoever was to write it. Should
/// the parent end meanwhile, who would not hear of this process's end, it ends too.
fn wait_for_leave(order: &Order) -> Answer {
    let Some(gate) = order.descriptors.gate else { return Ok(()) };
    order.report.begin(Step::Gate);
    if let Some(parent) = order.parent {
        let kill = libc::SIGKILL.cast_unsigned() as usize;
        raw::prctl(libc::PR_SET_PDEATHSIG, kill, 0)?;
        if raw::getppid() != Ok(parent) {
            return Err(libc::ESRCH);
        }
    }
    while !raw::read_one(gate)? {}
    raw::close(gate);
    match order.parent {
        Some(_) => raw::prctl(libc::PR_SET_PDEATHSIG, 0, 0),
        None => Ok(()),
    }
}

/// Puts the sources at the targets and closes everything else.
fn place(descriptors: &Descriptors) -> Answer {
    // Out of the way first: a source may have the number of a target it is not meant for.
    for source in descriptors.sources() {
        let in_the_way = u32::try_from(source.number).is_ok_and(|it| it < descriptors.room);
        let moved = if in_the_way {
            raw::duplicate(source.number, descriptors.room)?
        } else {
            source.number
        };
        source.moved.store(moved, Ordering::Relaxed);
    }
    for target in descriptors.targets() {
        let source = descriptors.sources().nth(target.source).ok_or(libc::EBADF)?;
        raw::duplicate_to(source.moved.load(Ordering::Relaxed), target.number)?;
    }
    for number in 0..descriptors.room {
        let wanted = |number| move |it: i32| u32::try_from(it).is_ok_and(|it| it == number);
        if !descriptors.targets().any(|target| wanted(number)(target.number)) {
            raw::close(number);
        }
    }
    raw::close_from(descriptors.room)
}

/// Everything after the descriptors. Gives the errno of the step begun last.
///
/// # Safety
/// The pointers of `order` are good: a program, a place for the log, and two null-terminated arrays of strings.
pub(super) unsafe fn execute(order: &Order) -> Result<Infallible, i32> {
    // SAFETY: the caller's promise.
    let program = unsafe { &*order.program };
    if let (Some((place, way)), Some(fd)) = (order.log, order.descriptors.log) {
        order.report.begin(Step::Log);
        // SAFETY: the caller's promise.
        let place = unsafe { &*place };
        match way {
            Way::Enter => enter_log(fd, place)?,
            Way::Leave => {
                leave_log(fd, place)?;
                order.report.begin(Step::Exec);
                raw::exit(0)
            }
        }
    }
    attributes(order, program)?;
    identity(order, program)?;
    order.report.begin(Step::Exec);
    // SAFETY: the caller's promise.
    Err(unsafe { raw::execve(program.path(), order.argv, order.envp) })
}

/// A log socket of its own, where nobody outside sees it.
fn enter_log(mount: u32, place: &LogPlace) -> Answer {
    raw::unshare_mounts()?;
    // The mount above it first: as a peer of the host's it would have what is mounted in it there too.
    raw::receive_mounts_only(&place.mount)?;
    raw::move_mount(mount, &place.socket)?;
    raw::close(mount);
    Ok(())
}

/// Takes it away again. Where a log daemon has made its own socket anew, it is gone already: what is
/// there then may be a mount of the host's, which would be taken away there too.
fn leave_log(namespace: u32, place: &LogPlace) -> Answer {
    let hosts = raw::file_at(&place.socket);
    raw::enter_mounts(namespace)?;
    if hosts.is_err() || raw::file_at(&place.socket) == hosts {
        return Ok(());
    }
    match raw::unmount(&place.socket) {
        Ok(()) | Err(libc::EINVAL | libc::ENOENT) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// What does not depend on the user, or needs the old one.
fn attributes(order: &Order, program: &Program) -> Answer {
    let plan = program.plan();
    if let Some(folder) = order.descriptors.folder {
        order.report.begin(Step::Directory);
        raw::fchdir(folder)?;
        raw::close(folder);
    }
    if plan.new_session {
        order.report.begin(Step::Session);
        raw::setsid()?;
    }
    order.report.begin(Step::Limits);
    for limit in program.raw_limits() {
        raw::set_limit(limit.resource, &limit.values)?;
    }
    if let Some(more) = plan.nice {
        order.report.begin(Step::Nice);
        raw::add_nice(more)?;
    }
    if let Some(mask) = plan.umask {
        raw::umask(mask);
    }
    if let Some(root) = &plan.chroot {
        order.report.begin(Step::Chroot);
        raw::chroot(root)?;
        order.report.begin(Step::Directory);
        raw::chdir(ROOT)?;
    }
    if let Some(directory) = &plan.directory {
        order.report.begin(Step::Directory);
        raw::chdir(directory)?;
    }
    order.report.begin(Step::Signals);
    for signal in 1..=64_u32 {
        if order.reset_signals.wrapping_shr(signal.wrapping_sub(1)) & 1 == 1 {
            // SIGKILL and SIGSTOP have no disposition to reset.
            match raw::default_action(signal) {
                Ok(()) | Err(libc::EINVAL) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
    raw::unblock_all()?;
    if plan.no_new_privs {
        order.report.begin(Step::NoNewPrivs);
        raw::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0)?;
    }
    Ok(())
}

/// Where a new root begins.
const ROOT: &CStr = c"/";

/// The user, last of all: from here on the service's user can stop this process, so that little is
/// left to do.
fn identity(order: &Order, program: &Program) -> Answer {
    match (order.become_, &program.plan().ids) {
        (Become::Same, _) | (Become::Ids, None) => Ok(()),
        (Become::Forbidden, _) => {
            order.report.begin(Step::User);
            Err(libc::EPERM)
        }
        (Become::Ids, Some(ids)) => {
            order.report.begin(Step::Groups);
            raw::setgroups(&ids.groups)?;
            raw::setresgid(ids.gid)?;
            order.report.begin(Step::User);
            change_user(order, ids, program.keep())
        }
    }
}

fn change_user(order: &Order, ids: &Ids, keep: u64) -> Answer {
    if ids.uid == 0 {
        return raw::setresuid(0);
    }
    if keep == 0 {
        // Everything but the right to the next call goes first, the inheritable set too, which a
        // change of uid leaves alone.
        raw::capset(SETUID, 0)?;
        raw::setresuid(ids.uid)?;
    } else {
        raw::prctl(libc::PR_SET_KEEPCAPS, 1, 0)?;
        raw::setresuid(ids.uid)?;
        order.report.begin(Step::Capabilities);
        raw::capset(keep, keep)?;
        for bit in 0..64_u32 {
            if keep.wrapping_shr(bit) & 1 == 1 {
                let raise = libc::PR_CAP_AMBIENT_RAISE.cast_unsigned() as usize;
                raw::prctl(libc::PR_CAP_AMBIENT, raise, bit as usize)?;
            }
        }
        order.report.begin(Step::User);
    }
    // The proof. One that kept the right to change users may regain root; that was asked for.
    if raw::geteuid()? != ids.uid || (keep & SETUID == 0 && raw::regain_root().is_ok()) {
        return Err(libc::EPERM);
    }
    Ok(())
}
