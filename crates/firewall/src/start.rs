//! From a fresh process to a confined one at work.

use crate::desk::{self, Ending};
use crate::kernel::Kernel;
use crate::table::Table;
use portreeve_sandbox::leaf::{self, Stop, system};
use portreeve_sandbox::{Profile, Sandbox};
use portreeve_sys::limits::{self, Limit};
use portreeve_sys::{Capability, Resource, clock, privileges};
use std::ffi::OsString;
use std::process::ExitCode;

/// What it keeps of root's rights.
const RIGHTS: [Capability; 1] = [Capability::NetAdmin];

/// What it may use, in the units of each: it opens three descriptors, and holds some ten thousand
/// networks and a batch of as many.
const LIMITS: [(Resource, u64); 4] = [
    (Resource::OpenFiles, 16),
    (Resource::Core, 0),
    (Resource::MemLock, 0),
    (Resource::Data, 256 << 20),
];

/// Runs the program: 0 when the monitor has gone, or the table was removed as asked.
#[must_use]
pub fn main() -> ExitCode {
    leaf::main("portreeve-firewall", run)
}

/// What the arguments ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Deed {
    /// To work for the monitor.
    Work,
    /// `--remove [TABLE]`: to remove a table that a door has left.
    Remove(String),
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Deed, Stop> {
    let mut arguments = arguments.into_iter().map(|argument| argument.into_string());
    let usage = || Stop(64, "usage: portreeve-firewall --remove [TABLE]".to_owned());
    match (arguments.next(), arguments.next(), arguments.next()) {
        (None, ..) => Ok(Deed::Work),
        (Some(Ok(word)), name, None) if word == "--remove" => match name {
            None => Ok(Deed::Remove("portreeve".to_owned())),
            Some(Ok(name)) if !name.is_empty() && !name.starts_with('-') => Ok(Deed::Remove(name)),
            Some(_) => Err(usage()),
        },
        _ => Err(usage()),
    }
}

fn run() -> Result<(), Stop> {
    let deed = parse(std::env::args_os().skip(1))?;
    let open = || Kernel::open().map_err(system("reach the packet filter"));
    if let Deed::Remove(name) = deed {
        let removed = Table::remove(&mut open()?, &name);
        return removed.map_err(|why| Stop(71, format!("table inet {name}: {why}")));
    }
    let channel = leaf::channel()?;
    let kernel = open()?;
    // Its first reading finds out where the kernel keeps the time, from a file out of reach later.
    let _ = clock::monotonic();
    for (resource, most) in LIMITS {
        let limit = Limit { soft: Some(most), hard: Some(most) };
        limits::set(resource, limit).map_err(system("set a limit"))?;
    }
    privileges::keep_capabilities(&RIGHTS)
        .map_err(|why| Stop(77, format!("has no right to change the packet filter: {why}")))?;
    let sandbox =
        Sandbox { read_paths: Vec::new(), write_dirs: Vec::new(), seccomp: Profile::Firewall };
    let confinement = leaf::confine_with(sandbox, &RIGHTS)?;
    match desk::work(&channel, kernel, confinement.landlock).map_err(system("wait"))? {
        Ending::Closed => Ok(()),
        Ending::Nonsense => Err(Stop(70, "the monitor's message makes no sense".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_removal_can_be_asked_for() {
        let read = |words: &[&str]| parse(words.iter().map(OsString::from)).map_err(|stop| stop.0);
        assert_eq!(read(&[]), Ok(Deed::Work));
        assert_eq!(read(&["--remove"]), Ok(Deed::Remove("portreeve".into())));
        assert_eq!(read(&["--remove", "bans"]), Ok(Deed::Remove("bans".into())));
        for bad in [&["x"][..], &["--remove", ""], &["--remove", "--x"], &["--remove", "a", "b"]] {
            assert_eq!(read(bad), Err(64), "{bad:?}");
        }
    }
}
