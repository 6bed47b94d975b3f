//! Loops that do nothing but accept and serve, or accept and close.

use portreeve_testkit::Running;

use crate::Failure;
use crate::contestant::Recipe;
use crate::host::Host;

/// The reference: as many processes as the aim's machine has cores, sharing one listener.
pub(crate) const VFORK_TWO: Recipe =
    Recipe { name: "bare vfork+exec, two processes", start: |host, port, _| vfork(host, port, 2) };

/// One of them.
pub(crate) const VFORK_ONE: Recipe =
    Recipe { name: "bare vfork+exec, one process", start: |host, port, _| vfork(host, port, 1) };

/// The standard library's way.
pub(crate) const SPAWN_TWO: Recipe = Recipe {
    name: "bare posix_spawn, two processes",
    start: |host, port, _| own_loop(host, port, "posix-spawn", 2),
};

/// One of them.
pub(crate) const SPAWN_ONE: Recipe = Recipe {
    name: "bare posix_spawn, one process",
    start: |host, port, _| own_loop(host, port, "posix-spawn", 1),
};

/// Our way to start programs, and nothing else of us.
pub(crate) const CLONE_ONE: Recipe = Recipe {
    name: "bare clone(CLONE_VM), one process",
    start: |host, port, _| own_loop(host, port, "clone", 1),
};

/// As where thousands of descriptors are open: the child begins with a shared table.
pub(crate) const CLONE_SHARED: Recipe = Recipe {
    name: "bare clone(CLONE_VM), shared table",
    start: |host, port, _| own_loop(host, port, "clone-shared", 1),
};

/// Two of them: what a second loop could gain.
pub(crate) const CLONE_TWO: Recipe = Recipe {
    name: "bare clone(CLONE_VM), two processes",
    start: |host, port, _| own_loop(host, port, "clone", 2),
};

/// The reference of refusals.
pub(crate) const CLOSE_ONE: Recipe =
    Recipe { name: "bare accept+close, one process", start: |host, port, _| close(host, port, 1) };

/// Two of them.
pub(crate) const CLOSE_TWO: Recipe = Recipe {
    name: "bare accept+close, two processes",
    start: |host, port, _| close(host, port, 2),
};

fn vfork(host: &Host, port: u16, processes: u32) -> Result<Running, Failure> {
    let mut command = host.world.door(host.path("bare"));
    command.arg("serve").args([port.to_string(), processes.to_string()]).arg(host.path("service"));
    Ok(host.world.start("bare-vfork", command))
}

fn close(host: &Host, port: u16, processes: u32) -> Result<Running, Failure> {
    let mut command = host.world.door(host.path("bare"));
    command.arg("close").args([port.to_string(), processes.to_string()]);
    Ok(host.world.start("bare-close", command))
}

fn own_loop(host: &Host, port: u16, kind: &str, processes: u32) -> Result<Running, Failure> {
    let mut command = host.world.door(host.world.bin("portreeve-benches"));
    command.args(["loop", kind, &port.to_string(), &processes.to_string()]);
    command.arg(host.path("service"));
    Ok(host.world.start(kind, command))
}
