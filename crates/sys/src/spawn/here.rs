//! A program in the place of this process, by the same code as in a child of a [`super::Spawner`]:
//! for a process of one thread that was made for it.

use std::{
    convert::Infallible,
    ffi::{CString, c_char},
    io, ptr,
};

use super::{
    Connection, Program, Step, child,
    order::{Become, Order, Table},
    program::Ids,
    slot::{How, Make},
};

/// A program, laid out so that becoming it takes no memory.
#[derive(Debug)]
pub struct Here<'a> {
    _program: &'a Program,
    _argv: Vec<*const c_char>,
    _envp: Vec<*const c_char>,
    order: Box<Order>,
}

impl<'a> Here<'a> {
    /// With the program's own arguments and environment, and the descriptors of this process.
    #[must_use]
    pub fn new(program: &'a Program) -> Self {
        let own = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        // what Rust's programs ignore is as it usually is
        let pipe = 1_u64.wrapping_shl(libc::SIGPIPE.cast_unsigned().wrapping_sub(1));
        Self::by(program, identity(program.plan().ids.as_ref(), own), pipe)
    }

    pub(super) fn by(program: &'a Program, become_: Become, reset_signals: u64) -> Self {
        let argv = null_terminated(&program.plan().argv);
        let envp = null_terminated(&program.plan().env);
        let mut order = Box::new(Order::empty());
        // how this process was made is no matter of the order any more
        let (make, table, parent, failed) = (Make::Clone3, Table::Copied, None, child::FAILED);
        let how = How { make, become_, table, parent, failed, reset_signals };
        let strings = (argv.as_ptr(), envp.as_ptr());
        order.write(&Connection::new(), ptr::from_ref(program), how, strings);
        Self { _program: program, _argv: argv, _envp: envp, order }
    }

    /// Carries the plan out in this process, all of it but descriptors and folder. Comes back only
    /// when a step of it failed: which, and why. What was done before stays done.
    #[must_use]
    pub fn execute(&self) -> (Step, io::Error) {
        let (step, errno) = self.carry_out();
        (step, io::Error::from_raw_os_error(errno))
    }

    pub(super) fn carry_out(&self) -> (Step, i32) {
        // SAFETY: the program and both arrays, with the strings they point to, live as long as
        // `self`: the arrays are its own, the rest is borrowed for its life.
        let answer: Result<Infallible, i32> = unsafe { child::execute(&self.order) };
        let Err(errno) = answer;
        (self.order.report.step(), errno)
    }
}

/// Who a process of this user and group is to become, and may it?
pub(super) fn identity(ids: Option<&Ids>, (uid, gid): (u32, u32)) -> Become {
    match ids {
        None => Become::Same,
        Some(_) if uid == 0 => Become::Ids,
        Some(ids) if (ids.uid, ids.gid) == (uid, gid) => Become::Same,
        Some(_) => Become::Forbidden,
    }
}

fn null_terminated(texts: &[CString]) -> Vec<*const c_char> {
    texts.iter().map(|text| text.as_ptr()).chain([ptr::null()]).collect()
}
