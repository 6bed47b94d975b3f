//! The files a service needs: its program, directories and banners.

use super::Wants;
use super::host::{Host, Node, NodeKind};
use super::ids::Found;
use portreeve_model::{BannerBytes, BannerFile, Banners, Ids, Program, Syslog};
use std::io;

/// Bytes of a banner.
const BANNER: usize = 1 << 20;
/// The execute bit, which of a directory means to search it.
const EXECUTE: u32 = 1;

/// Checks a program's files as the program will see them, inside its root directory.
pub(super) fn program(
    wants: &mut Wants,
    program: &Program,
    found: &Found,
    as_root: bool,
    host: &mut dyn Host,
) {
    let ids = match found {
        Found::Ids(ids) => Some(ids),
        Found::Own | Found::Nobody => None,
    };
    let root = program.chroot.as_deref().unwrap_or("").trim_end_matches('/');
    if program.syslog == Syslog::Private {
        private_log(wants, program, as_root, host);
    }
    if program.chroot.is_some() && !as_root {
        wants.add("chroot", "only root can change a program's root directory".into());
    }
    if let Some(chroot) = &program.chroot
        && let Err(reason) = directory(if root.is_empty() { chroot } else { root }, ids, host)
    {
        wants.add("chroot", reason);
        return; // everything else is inside
    }
    if let Some(wanted) = &program.directory
        && let Err(reason) = directory(&format!("{root}{wanted}"), ids, host)
    {
        wants.add("directory", reason);
    }
    if let Err(reason) = executable(&format!("{root}{}", program.path), ids, host) {
        wants.add("server", reason);
    }
}

fn directory(path: &str, ids: Option<&Ids>, host: &mut dyn Host) -> Result<(), String> {
    let node = look(path, host)?;
    if node.kind != NodeKind::Directory {
        return Err(format!("`{path}` is no directory"));
    }
    way(path, ids, host)?;
    permitted(path, node, ids, "enter")
}

fn executable(path: &str, ids: Option<&Ids>, host: &mut dyn Host) -> Result<(), String> {
    let node = look(path, host)?;
    if node.kind != NodeKind::File {
        return Err(format!("`{path}` is no regular file"));
    }
    if node.mode & 0o111 == 0 {
        return Err(format!("`{path}` is not executable by anybody"));
    }
    way(path, ids, host)?;
    permitted(path, node, ids, "run")
}

fn look(path: &str, host: &mut dyn Host) -> Result<Node, String> {
    host.node(path).map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            return format!("`{path}` does not exist");
        }
        format!("`{path}` cannot be looked at: {error}")
    })
}

/// Every directory on the way must let the program pass.
fn way(path: &str, ids: Option<&Ids>, host: &mut dyn Host) -> Result<(), String> {
    for (at, _) in path.match_indices('/').skip(1) {
        let parent = path.get(..at).unwrap_or("/");
        permitted(parent, look(parent, host)?, ids, "pass")?;
    }
    Ok(())
}

/// Whether the mode bits permit it, as far as they tell: access lists of the file system, and
/// whatever else a kernel module thinks, show only when it is done.
fn permitted(path: &str, node: Node, ids: Option<&Ids>, deed: &str) -> Result<(), String> {
    let Some(ids) = ids.filter(|ids| ids.uid != 0) else { return Ok(()) };
    let bits = if node.uid == ids.uid {
        node.mode >> 6
    } else if node.gid == ids.gid || ids.groups.contains(&node.gid) {
        node.mode >> 3
    } else {
        node.mode
    };
    if bits & EXECUTE != 0 {
        return Ok(());
    }
    let (uid, mode) = (ids.uid, node.mode);
    Err(format!("uid {uid} may not {deed} `{path}` (its mode is {mode:04o})"))
}

/// The bytes of a service's banners.
pub(super) fn banners(wants: &mut Wants, banners: &Banners, host: &mut dyn Host) -> BannerBytes {
    let mut bytes = |banner: &Option<BannerFile>| {
        let Some(banner) = banner else { return Vec::new() };
        host.read(&banner.path, BANNER).unwrap_or_else(|error| {
            wants.add_at("banner", unreadable(&banner.path, &error), banner.origin);
            Vec::new()
        })
    };
    BannerBytes {
        always: bytes(&banners.always),
        success: bytes(&banners.success),
        failure: bytes(&banners.failure),
    }
}

fn unreadable(path: &str, error: &io::Error) -> String {
    let is = |kind| error.kind() == kind;
    if is(io::ErrorKind::NotFound) {
        format!("banner `{path}` does not exist")
    } else if is(io::ErrorKind::FileTooLarge) {
        format!("banner `{path}` is over {} MiB", BANNER >> 20)
    } else if is(io::ErrorKind::InvalidInput) {
        format!("banner `{path}` is no regular file")
    } else {
        format!("banner `{path}` cannot be read: {error}")
    }
}

/// Where programs look for the log.
const LOG: &str = "/dev/log";

/// Whether the service's sessions can have log sockets of their own.
fn private_log(wants: &mut Wants, program: &Program, as_root: bool, host: &mut dyn Host) {
    let mut there = || host.node(LOG).is_ok_and(|node| node.kind == NodeKind::Other);
    let why = match &program.chroot {
        _ if !as_root => "only root can mount a log socket of a session's own".to_owned(),
        Some(root) => format!("below `{root}` the program does not see the host's `{LOG}`"),
        None if !there() => {
            format!("there is no `{LOG}` to take the place of: no log daemon runs here")
        }
        None => return,
    };
    wants.add("syslog", why);
}
