//! Giving up what is not needed, before a byte of a question is read.

use portreeve_sandbox::{Profile, Sandbox};
use portreeve_sys::limits::{self, Limit, Resource};
use portreeve_sys::{Capability, privileges};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Wall-clock seconds until one that hangs ends itself.
const DEADLINE: Duration = Duration::from_secs(120);
/// Seconds of processor time.
const CPU: u64 = 30;
/// Bytes of memory.
const MEMORY: u64 = 2 << 30;
/// Bytes of a file.
const FILE: u64 = 512 << 20;

/// What local times are made with.
const ZONES: [&str; 4] =
    ["/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo", "/usr/lib/zoneinfo"];

/// Confines this process to one folder.
///
/// # Errors
/// Why it must not go on.
pub(crate) fn to_folder(folder: &Path) -> Result<Option<String>, String> {
    if privileges::is_root() {
        // to give a new file the old one's owner; all else that root may do, root's files allow
        privileges::keep_capabilities(&[Capability::Chown])
            .map_err(|why| format!("capabilities cannot be given up: {why}"))?;
    }
    let sandbox = Sandbox {
        read_paths: ZONES.iter().map(PathBuf::from).collect(),
        write_dirs: vec![folder.to_owned()],
        seccomp: Profile::HostsDeny,
    };
    enter(sandbox)
}

/// Confines this process to reading, and to asking servers.
///
/// # Errors
/// Why it must not go on.
pub(crate) fn to_mail() -> Result<Option<String>, String> {
    if privileges::is_root() {
        privileges::keep_capabilities(&[])
            .map_err(|why| format!("capabilities cannot be given up: {why}"))?;
    }
    enter(Sandbox {
        read_paths: vec!["/".into()], // name services are wherever the host has them
        write_dirs: Vec::new(),
        seccomp: Profile::Mail,
    })
}

fn enter(sandbox: Sandbox) -> Result<Option<String>, String> {
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::Cpu, CPU),
        (Resource::AddressSpace, MEMORY),
        (Resource::OpenFiles, 64),
        (Resource::FileSize, FILE),
    ] {
        let now = limits::get(resource);
        let least = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
        let limit = Limit { soft: least(now.soft), hard: least(now.hard) };
        limits::set(resource, limit).map_err(|why| format!("no limit on {resource:?}: {why}"))?;
    }
    let confined = sandbox.enter().map_err(|why| format!("cannot be confined: {why}"))?;
    // After the filter is in place: a new thread has its creator's.
    let watch = std::thread::Builder::new().stack_size(64 << 10).spawn(end_in_time);
    watch.map_err(|why| format!("no deadline can be kept: {why}"))?;
    let missing = confined.landlock.is_none();
    Ok(missing.then(|| "this kernel has no Landlock".to_owned()))
}

#[expect(
    clippy::exit,
    reason = "a file system or a server may hang where nothing else can reach it"
)]
fn end_in_time() {
    std::thread::sleep(DEADLINE);
    crate::run::complain(&format!("not done within {} s", DEADLINE.as_secs()));
    std::process::exit(crate::run::SYSTEM.into());
}
