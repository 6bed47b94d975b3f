//! Starting programs, without waiting for them and without copying this process.
//!
//! A [`Plan`] says what to run and as whom; [`Plan::prepare`] turns it into a [`Program`], checked
//! and laid out for the child once per configuration. A [`Connection`] adds what differs from one
//! start to the next: descriptors and environment. A [`Spawner`] starts them and reports later.
//!
//! # Why this is sound
//!
//! A child is made by `clone3(CLONE_VM | CLONE_CLEAR_SIGHAND | CLONE_CHILD_CLEARTID)`:
//! it runs *beside* us, in our memory. Nobody waits for it, since its own user could stop it
//! between the change of uid and `execve`, and a hung file system could keep it for ever.
//!
//! **Memory.** The child has a stack of its own with a guard page below. It reads one order, the
//! program it points to (kept by an `Arc`) and strings (kept by the slot's connection), and writes
//! only its stack and the order's atomics. A slot makes an exclusive reference to the order, fills
//! the string arrays or drops any of these only when the kernel has zeroed the order's `alive` word.
//! The kernel does so when the child releases our memory, in `execve` or in its exit: it will never
//! run in it again (`mm_release` in kernel/fork.c). We set that word ourselves before the clone, so
//! that a child that has not yet begun does not look like one that has ended. A pool dropped
//! earlier leaves all of it behind.
//!
//! **Code.** The child makes raw system calls. It touches neither `errno` nor any other
//! thread-local (they are ours), takes no lock, allocates nothing, has no panic in it, and calls
//! nothing of libc but what the compiler itself puts in (`memcpy`; programs are linked so that this
//! needs no binding at run time).
//!
//! **Descriptors.** While this process has few of them open, a child is made with a copy of its
//! table, and what was given away is closed here as soon as the clone has returned. With many, that
//! copy would be what a start costs: then parent and child share one table until the child's first
//! call, `close_range(low, ~0, CLOSE_RANGE_UNSHARE)`, which gives it a copy of the numbers below
//! `low` (one above the highest it needs) and leaves our table as it is; if it fails, the child exits
//! without touching any. Then it says so in the order. Until it has said so, or has left our memory,
//! we neither close nor reuse the numbers it needs: the slot owns them. So a start costs the same
//! with 10 000 descriptors open, as long as those given away are low. Whatever else the child got in
//! its copy it closes before it changes its user, so that a child stopped by that user holds nothing
//! but its own.
//!
//! **Siblings.** A child may be our parent's (`CLONE_PARENT`): one that keeps services outlives us, who
//! start them. Whoever may die at any time must not leave a process that nobody has noted: so such a
//! child first waits at a gate, a pipe whose other end is ours alone (the child has closed what it had
//! of it), and goes no further if that ends. Meanwhile it dies with its parent (`PR_SET_PDEATHSIG`).
//!
//! **Signals.** There are no handlers in the child from its first instruction on
//! (`CLONE_CLEAR_SIGHAND`), so nothing needs to be blocked around the clone: a signal can only end
//! the child, as it would a moment later. Where `clone3` is not allowed, `clone` is used with
//! everything blocked, and the child resets each disposition first.
//!
//! **Tracing.** A process that changes its uid takes `fs.suid_dumpable` as its new dumpable flag,
//! *before* the new uid is seen (`commit_creds`), and the flag belongs to the memory: ours. With 0
//! or 2 nobody but root may trace the child, and this process is not dumpable from then on. With 1
//! the service's user could trace it into our memory: then the exec helper is used.

mod child;
mod connection;
mod helper;
mod here;
mod order;
mod outcome;
mod program;
mod raw;
mod slot;
mod spawner;
mod stack;

pub use connection::{BadConnection, Connection};
pub use helper::{HELPER_NAME, exec_helper_main};
pub use here::Here;
pub use outcome::{Outcome, Room, SpawnError, Started, Step};
pub use program::{BadPlan, Ids, Plan, Program};
pub use spawner::Spawner;

#[cfg(test)]
mod tests;
