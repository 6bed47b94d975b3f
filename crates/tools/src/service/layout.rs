//! A service's plan as a process can carry it out.

use crate::chain::{inherited, variable};
use crate::reason::reason;
use portreeve_model::{Limit, Resource};
use portreeve_supervise::end::End;
use portreeve_supervise::plan::{Base, Command, Environment, MOST_WORDS, Plan, Task};
use portreeve_sys::limits::Limit as SysLimit;
use portreeve_sys::spawn::{Ids, Plan as Layout};
use portreeve_sys::{Pid, Resource as SysResource};
use rustix::fs::{Dir, Mode, OFlags, openat};
use std::ffi::{CString, OsStr};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;

/// This very program, whatever has become of its file.
const OURSELVES: &str = "/proc/self/exe";

/// Bytes of an environment directory's variables, at most: more than the kernel passes on.
const MOST_BYTES: usize = 4 << 20;

/// Why a plan cannot be carried out, as it is to be said.
type Laid<T> = Result<T, String>;

/// The service itself.
pub(super) fn service(plan: &Plan, folder: BorrowedFd<'_>) -> Laid<Layout> {
    let command = match &plan.task {
        Task::Command(command) => command.clone(),
        Task::Log(log) => Command { file: OURSELVES.into(), arguments: log.arguments() },
    };
    lay_out(plan, &command, folder)
}

/// Its finish, after it has ended so as this process: as the same user, in the same surroundings.
pub(super) fn finish(
    plan: &Plan,
    folder: BorrowedFd<'_>,
    (name, pid, end): (&str, Option<Pid>, End),
) -> Laid<Layout> {
    let finish = plan.finish.as_ref().ok_or("there is no finish")?;
    let mut command = finish.command.clone();
    let (code, signal) = match end {
        End::Code(code) => (u32::from(code), 0),
        End::Signal(signal) => (256, signal),
        End::Unknown => (256, 0),
    };
    let words = [code.to_string(), signal.to_string(), name.to_owned()];
    command.arguments.extend(words.map(String::into_bytes));
    // only a group of its own: a script may signal it
    if let (Some(pid), true) = (pid, plan.new_session) {
        command.arguments.push(pid.to_string().into_bytes());
    }
    lay_out(plan, &command, folder)
}

fn lay_out(plan: &Plan, command: &Command, folder: BorrowedFd<'_>) -> Laid<Layout> {
    let mut layout = Layout::new(text(&command.file)?);
    layout.argv = command.arguments.iter().map(|word| text(word)).collect::<Laid<_>>()?;
    layout.env = environment(&plan.environment)?;
    if let Some(path) = &plan.environment_directory {
        read_variables(&mut layout.env, folder, path)?;
    }
    layout.new_session = plan.new_session;
    let limit = |limit: &portreeve_model::ResourceLimit| {
        let bounds = SysLimit { soft: bound(limit.soft), hard: bound(limit.hard) };
        (resource(limit.resource), bounds)
    };
    layout.limits = plan.limits.iter().map(limit).collect();
    (layout.nice, layout.umask) = (plan.nice, plan.umask);
    layout.chroot = plan.chroot.as_deref().map(text).transpose()?;
    layout.directory = plan.directory.as_deref().map(text).transpose()?;
    layout.ids = plan.user.as_ref().map(|user| Ids {
        uid: user.uid,
        gid: user.gid,
        groups: user.groups.clone(),
    });
    layout.no_new_privs = plan.no_new_privs;
    Ok(layout)
}

fn environment(environment: &Environment) -> Laid<Vec<CString>> {
    let mut list = inherited();
    if let Base::Pass(names) = &environment.base {
        list.retain(|entry| names.iter().any(|known| known == name(entry.as_bytes())));
    }
    for (name, value) in &environment.set {
        put(&mut list, text(&[name, &b"="[..], value].concat())?);
    }
    Ok(list)
}

/// `NAME=VALUE` sets, `NAME` alone takes the variable away.
fn put(list: &mut Vec<CString>, entry: CString) {
    list.retain(|have| name(have.as_bytes()) != name(entry.as_bytes()));
    if entry.as_bytes().contains(&b'=') {
        list.push(entry);
    }
}

fn name(entry: &[u8]) -> &[u8] {
    entry.split(|byte| *byte == b'=').next().unwrap_or_default()
}

/// As envdir does, within bounds.
fn read_variables(list: &mut Vec<CString>, folder: BorrowedFd<'_>, path: &[u8]) -> Laid<()> {
    let shown = String::from_utf8_lossy(path);
    let unread = |error: rustix::io::Errno| {
        format!("unable to read directory {shown}: {}", reason(&error.into()))
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = openat(folder, OsStr::from_bytes(path), flags, Mode::empty()).map_err(unread)?;
    let (mut count, mut bytes) = (0_usize, 0_usize);
    for entry in Dir::read_from(&opened).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        let file = entry.file_name().to_bytes();
        if file.first() == Some(&b'.') {
            continue;
        }
        let entry = variable(&opened, file).map_err(|error| {
            let file = String::from_utf8_lossy(file);
            format!("unable to read {shown}/{file}: {}", reason(&error))
        })?;
        count = count.saturating_add(1);
        bytes = bytes.saturating_add(entry.len());
        if count > MOST_WORDS || bytes > MOST_BYTES {
            return Err(format!("unable to read directory {shown}: argument list too long"));
        }
        put(list, text(&entry)?);
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Laid<CString> {
    CString::new(bytes).map_err(|_| "a word holds a NUL byte".into())
}

fn bound(limit: Limit) -> Option<u64> {
    match limit {
        Limit::Unlimited => None,
        Limit::At(value) => Some(value),
    }
}

fn resource(resource: Resource) -> SysResource {
    match resource {
        Resource::AddressSpace => SysResource::AddressSpace,
        Resource::CoreSize => SysResource::Core,
        Resource::CpuTime => SysResource::Cpu,
        Resource::Data => SysResource::Data,
        Resource::FileSize => SysResource::FileSize,
        Resource::LockedMemory => SysResource::MemLock,
        Resource::OpenFiles => SysResource::OpenFiles,
        Resource::Processes => SysResource::Processes,
        Resource::ResidentSet => SysResource::ResidentSet,
        Resource::Stack => SysResource::Stack,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    fn words(list: &[CString]) -> Vec<&str> {
        list.iter().map(|text| text.to_str().unwrap()).collect()
    }

    #[test]
    fn a_finish_hears_how_it_ended() {
        let root = std::fs::File::open("/").unwrap();
        let finish_of = |new_session, end| {
            let command = Command::alone("./finish");
            let after = portreeve_supervise::plan::Finish { command, within: None };
            let plan = Plan { finish: Some(after), new_session, ..Plan::of_run() };
            let layout = finish(&plan, root.as_fd(), ("s", Pid::from_raw(7), end)).unwrap();
            words(&layout.argv).join(" ")
        };
        assert_eq!(finish_of(false, End::Code(3)), "./finish 3 0 s");
        assert_eq!(finish_of(true, End::Signal(15)), "./finish 256 15 s 7");
        assert_eq!(finish_of(false, End::Unknown), "./finish 256 0 s");
        assert!(finish(&Plan::of_run(), root.as_fd(), ("s", None, End::Unknown)).is_err());
    }

    #[test]
    fn an_environment_is_passed_set_and_taken_away() {
        let pass = Base::Pass(vec![b"PATH".to_vec(), b"NOT_THERE".to_vec()]);
        let set = vec![(b"A".to_vec(), b"1".to_vec()), (b"A".to_vec(), b"2=3".to_vec())];
        let mut list = environment(&Environment { base: pass, set }).unwrap();
        assert!(words(&list).iter().all(|entry| entry.starts_with("PATH=") || *entry == "A=2=3"));
        assert!(words(&list).contains(&"A=2=3"));
        put(&mut list, c"A".into());
        assert!(!words(&list).iter().any(|entry| entry.starts_with("A=")));
    }
}
