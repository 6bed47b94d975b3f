//! Giving up what is not needed, before a byte of a configuration is read.

use crate::args::Door;
use portreeve_sandbox::{Profile, Sandbox};
use portreeve_sys::limits::{self, Limit, Resource};
use portreeve_sys::{Capability, privileges};
use portreeve_wire::compile::MAX_IMAGES;
use std::time::Duration;

/// Wall-clock seconds until a run that hangs on a directory server ends itself.
const DEADLINE: Duration = Duration::from_secs(50);
/// Seconds of processor time.
const CPU: u64 = 30;
/// Bytes of memory.
const MEMORY: u64 = 3 << 30;

/// Confines this process; what could not be had is told in words.
///
/// # Errors
/// Why it must not go on.
pub(crate) fn enter(door: Door) -> Result<Vec<String>, String> {
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::Cpu, CPU),
        (Resource::AddressSpace, MEMORY),
        (Resource::OpenFiles, 256),
        (Resource::FileSize, MAX_IMAGES),
    ] {
        limit(resource, most)?;
    }
    let everywhere = vec!["/".into()]; // an operator keeps files wherever it pleases
    let sandbox =
        Sandbox { read_paths: everywhere, write_dirs: Vec::new(), seccomp: Profile::Compile };
    let confined = sandbox.enter().map_err(|error| format!("cannot be confined: {error}"))?;
    if door == Door::Root {
        let proof = privileges::assert_only(&[Capability::DacReadSearch]);
        proof.map_err(|power| power.to_string())?;
    }
    // After the filter is in place: a new thread has its creator's.
    let watch = std::thread::Builder::new().stack_size(64 << 10).spawn(end_in_time);
    watch.map_err(|error| format!("no deadline can be kept: {error}"))?;
    let missing = confined.landlock.is_none();
    let notice = "this kernel has no Landlock: files could be written where modes permit it";
    Ok(missing.then(|| notice.to_owned()).into_iter().collect())
}

/// Lowers a limit; one that is lower already stays.
fn limit(resource: Resource, most: u64) -> Result<(), String> {
    let now = limits::get(resource);
    let least = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
    let limit = Limit { soft: least(now.soft), hard: least(now.hard) };
    limits::set(resource, limit).map_err(|error| format!("no limit on {resource:?}: {error}"))
}

#[expect(clippy::exit, reason = "NSS may hang where nothing else can reach it")]
fn end_in_time() {
    std::thread::sleep(DEADLINE);
    crate::run::complain(&format!("no answer within {} s", DEADLINE.as_secs()));
    std::process::exit(crate::run::SYSTEM.into());
}
