//! A look at all names: what is new is taken over, what has no name any more is noted.

use super::folders::{Folder, Identity, Origin, Role, Unit};
use super::roots::{Found, is_link, look};
use super::units::{open_log, origin};
use super::{TROUBLE, Worker};
use crate::say;
use crate::service::{Stay, because};
use crate::trouble::Trouble;
use portreeve_supervise::holder::Slot;
use portreeve_supervise::native::PLAN;
use portreeve_sys::Resource;
use portreeve_sys::clock::{monotonic, wall};
use portreeve_sys::descriptor::duplicate;
use portreeve_sys::limits;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// A folder that is made in its place, file by file, is left alone until nothing has changed in it
/// for so long.
const WHOLE: Duration = Duration::from_millis(200);

/// Descriptors that the holder, who has more of them, takes for a unit at most (its four files, its
/// process, one end of a pipe), and those for anything else.
const EACH: u64 = 6;
const OTHERS: u64 = 300;

/// What came of one name.
enum Seen {
    /// All is well, or it is none of ours.
    Well,
    /// Another look is due.
    Trouble,
    /// It is new, and not whole before then.
    Later(Duration),
}

impl Worker {
    /// Looks at all names.
    pub(super) fn scan(&mut self) {
        let began = monotonic();
        self.scan_at = None;
        let (found, mut fine) = self.roots.scan();
        self.folders.values_mut().for_each(|folder| folder.named = false);
        let mut later: Option<Duration> = None;
        for name in &found {
            match self.see(name) {
                Seen::Well => {}
                Seen::Trouble => fine = false,
                Seen::Later(at) => later = Some(later.map_or(at, |it| it.min(at))),
            }
        }
        self.roots.mark_scanned();
        self.retire();
        let now = monotonic();
        self.scan_took = now.saturating_sub(began).min(Duration::from_secs(1));
        let trouble = (!fine).then(|| now.saturating_add(TROUBLE));
        let next = [self.scan_at, trouble, later].into_iter().flatten().min();
        self.scan_at = next.map(|at| at.max(now.saturating_add(self.scan_took)));
        let about = self.units.len().saturating_mul(5);
        self.starts.descriptors_open(about);
    }

    fn see(&mut self, found: &Found) -> Seen {
        let Some(root) = self.roots.folder(found.root) else { return Seen::Well };
        let stat = match look(root, &found.name) {
            Ok(stat) => stat,
            Err(error) => {
                let (shown, why) = (&found.shown, because(error));
                say(format!("svscan: warning: unable to stat {shown}: {why}\n"));
                return Seen::Trouble;
            }
        };
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            return Seen::Well;
        }
        let of = Identity::of(&stat);
        match self.folders.get_mut(&of) {
            Some(folder) if found.removed => {
                folder.removed = Some((found.root, found.name.clone()));
                self.take_again(of, found)
            }
            Some(folder) => {
                folder.named = true;
                // one that comes back is taken over again when it has ended
                (folder.removed, folder.retired) = (None, false);
                self.take_again(of, found)
            }
            None => self.take_new(of, &stat, found),
        }
    }

    /// Units that were left, or could not be taken over, and whose time has come.
    fn take_again(&mut self, of: Identity, found: &Found) -> Seen {
        let Some(folder) = self.folders.get(&of) else { return Seen::Well };
        let clock = monotonic();
        let due = |slot: &Slot| {
            let unit = self.unit(*slot);
            let due = |at: Option<Duration>| at.is_none_or(|at| at <= clock);
            let unit = unit.filter(|it| it.kept.is_none() && due(it.again));
            // one that is to be ended, and was left, is over
            unit.is_some_and(|it| !found.removed || !it.delay.is_zero())
        };
        let slots = [Some(folder.service), folder.log];
        let slots: Vec<Slot> = slots.into_iter().flatten().filter(due).collect();
        if slots.is_empty() {
            return Seen::Well;
        }
        let opened = self.roots.folder(found.root).map(|root| open(root, &found.name));
        let Some(Ok(folder)) = opened else { return Seen::Trouble };
        if fstat(&folder).map(|stat| Identity::of(&stat)) != Ok(of) {
            return Seen::Trouble; // it is another one by now
        }
        self.take(of, &slots, folder.as_fd());
        Seen::Well
    }

    fn take_new(&mut self, of: Identity, stat: &Stat, found: &Found) -> Seen {
        let Some(root) = self.roots.folder(found.root) else { return Seen::Well };
        let linked = is_link(root, &found.name);
        if !linked
            && self.roots.scanned(found.root)
            && let Some(at) = whole_at(stat)
            && !is_native(root, &found.name)
        {
            return Seen::Later(at);
        }
        let shown = &found.shown;
        let warn = |what: &str, why: &str| {
            say(format!("svscan: warning: unable to {what}: {why}\n"));
            Seen::Trouble
        };
        if self.is_full() {
            return warn(&format!("start {shown}"), "running too many services");
        }
        let folder = match open(root, &found.name) {
            Ok(folder) => folder,
            Err(error) => return warn(&format!("chdir to {shown}"), because(error)),
        };
        let origin = origin(&folder);
        let logged = match statat(&folder, "log", AtFlags::empty()) {
            Ok(_) => origin == Origin::Foreign || open_log(folder.as_fd()).is_some(),
            Err(Errno::NOENT) => false,
            Err(error) => return warn(&format!("stat {shown}/log"), because(error)),
        };
        let name = match found.removed {
            true => found.name.to_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default(),
            false => found.name.to_bytes(),
        };
        let Ok(name) = CString::new(name) else { return Seen::Well };
        let alive = |other: &Folder| other.origin == Origin::Native && other.name == name;
        if origin == Origin::Native && self.folders.values().any(|it| !it.named && alive(it)) {
            return Seen::Well; // the one that had its name must be over first; then it is looked at
        }
        let service = self.place(Unit::new(of, Role::Service));
        let log = logged.then(|| self.place(Unit::new(of, Role::Log)));
        let watch = if linked { self.roots.watch_itself(folder.as_fd()) } else { None };
        let new = Folder {
            shown: shown.as_str().into(),
            name,
            origin,
            named: !found.removed,
            service,
            log,
            pipe: None,
            watch,
            removed: found.removed.then(|| (found.root, found.name.clone())),
            log_ends: false,
            retired: found.removed,
        };
        self.folders.insert(of, new);
        let slots: Vec<Slot> = [Some(service), log].into_iter().flatten().collect();
        self.take(of, &slots, folder.as_fd());
        Seen::Well
    }

    /// Takes units over, connects them, and starts what is to be started.
    fn take(&mut self, of: Identity, slots: &[Slot], folder: BorrowedFd<'_>) {
        let Some(shown) = self.folders.get(&of).map(|folder| folder.shown.clone()) else { return };
        for slot in slots {
            let Some(role) = self.unit(*slot).map(|unit| unit.role) else { continue };
            let (shown, opened) = match role {
                Role::Service => (shown.to_string(), duplicate(folder).map_err(|_| Errno::MFILE)),
                Role::Log => (format!("{shown}/log"), open(folder, c"log")),
            };
            match opened {
                Ok(opened) => self.take_over(*slot, &shown, opened),
                Err(error) => {
                    let deed = format!("unable to chdir to {shown}");
                    let trouble = Trouble::because(&deed, because(error));
                    self.not_taken_over(*slot, &trouble, monotonic());
                }
            }
        }
        self.connect(of);
        let ends = self.folders.get(&of).is_some_and(|folder| folder.removed.is_some());
        for slot in slots {
            let Some(role) = self.unit(*slot).map(|unit| unit.role) else { continue };
            self.with(*slot, |kept, now, parent| match role {
                // a log that runs reads what is left; see `left`
                Role::Log if ends && kept.child().is_some() => Stay::On,
                Role::Service | Role::Log if ends => match kept.command(b'd', now, parent) {
                    Stay::On => kept.command(b'x', now, parent),
                    Stay::Over => Stay::Over,
                },
                Role::Service | Role::Log => Stay::On,
            });
        }
        // what could not be taken over has nothing to be ended
        self.forget_if_over(of);
    }

    /// What has no name any more: a native service ends, others stay as long as they are kept. One
    /// whose folder itself is gone can be told nothing any more, nor started: it leaves with its process.
    fn retire(&mut self) {
        let unnamed = self.folders.iter().filter(|(_, folder)| !folder.named);
        let unnamed: Vec<Identity> = unnamed.map(|(of, _)| *of).collect();
        for of in unnamed {
            let gone = self.is_gone(of);
            if let Some(folder) = self.folders.get_mut(&of)
                && (folder.origin == Origin::Native || gone)
                && !std::mem::replace(&mut folder.retired, true)
            {
                let letters: &[u8] = if folder.origin == Origin::Native { b"dx" } else { b"x" };
                let service = folder.service;
                self.command(service, letters);
            }
            self.forget_if_over(of);
        }
    }

    /// Whether a folder was removed from the disk.
    fn is_gone(&self, of: Identity) -> bool {
        let Some(folder) = self.folders.get(&of) else { return false };
        let slots = [Some(folder.service), folder.log].into_iter().flatten();
        let mut kept = slots.filter_map(|slot| self.unit(slot)?.kept.as_ref());
        kept.next().is_some_and(|it| fstat(&it.held().folder).is_ok_and(|stat| stat.st_nlink == 0))
    }

    /// Whether another one would take more descriptors than there may be.
    fn is_full(&self) -> bool {
        let most = limits::get(Resource::OpenFiles).soft.unwrap_or(u64::MAX);
        let most = most.saturating_sub(OTHERS).checked_div(EACH).unwrap_or(0);
        let taken = self.units.len().saturating_sub(self.free.len());
        u64::try_from(taken).unwrap_or(u64::MAX).saturating_add(2) > most
    }
}

/// Whether a folder is the door's, and so came whole.
fn is_native(root: BorrowedFd<'_>, name: &CStr) -> bool {
    let plan = [name.to_bytes(), b"/", PLAN.as_bytes()].concat();
    CString::new(plan).is_ok_and(|plan| look(root, &plan).is_ok())
}

/// When a folder that has just changed is taken for whole; nothing for one that is.
fn whole_at(stat: &Stat) -> Option<Duration> {
    let of = |seconds: i64, nanoseconds: u64| {
        Some(Duration::new(u64::try_from(seconds).ok()?, u32::try_from(nanoseconds).ok()?))
    };
    let changed = of(stat.st_ctime, stat.st_ctime_nsec)?;
    // one in the future is no reason to wait
    let age = wall().checked_sub(changed)?;
    let left = WHOLE.checked_sub(age)?;
    Some(monotonic().saturating_add(left))
}

/// A folder, to work in and no more.
pub(super) fn open(at: BorrowedFd<'_>, name: &std::ffi::CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = openat(at, name, flags, Mode::empty())?;
    // it must be one that can be entered
    statat(&opened, ".", AtFlags::empty())?;
    Ok(opened)
}
