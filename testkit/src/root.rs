//! A temporary host with a root of its own: `/service`, `/var/service` and all of `/usr` can be
//! changed as a manual says, and a real systemd can be its process 1.
//!
//! Where a [`crate::World`] is the host with some folders made private, here nothing of the host's
//! but its programs is there. It has a network of its own with loopback alone.

use std::fs::{self, File, Permissions};
use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::Signal;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::dir::Dir;
use crate::must::Must;
use crate::running::{kill, text};
use crate::ssh::SshKeys;
use crate::wait::{poll, wait_for};
use crate::world;

const SCRIPT: &str = include_str!("root.sh");

/// How long setting up, or the end, may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Seconds after which everything in it ends whatever happens to the test.
const LONGEST: &str = "900";

/// What process 1 of an idle one becomes: it reaps nobody, and ends with its input.
const IDLE: [&str; 3] = ["/bin/sh", "-c", "trap '' CHLD; exec cat >/dev/null"];

/// A real service manager, with its own units alone.
const SYSTEMD: [&str; 4] =
    ["/lib/systemd/systemd", "--system", "--unit=temporary.target", "--show-status=no"];

/// A temporary host. Everything in it ends when it is dropped.
#[derive(Debug)]
pub struct Root {
    unshare: Child,
    /// Process 1, as the host numbers it.
    pid: u32,
    cgroup: Option<PathBuf>,
    keys: SshKeys,
    dir: Dir,
}

impl Root {
    /// One in which nothing runs.
    ///
    /// # Panics
    /// When something that it needs is missing, naming what to install; or when setting up fails.
    #[must_use]
    pub fn new() -> Self {
        crate::requirements::check();
        Self::boot(prepared(), None, &IDLE)
    }

    /// One with systemd as its process 1 and these units, by name and text, those named in `wanted`
    /// started. It takes commands when this comes back.
    ///
    /// # Errors
    /// Why no control group of the unified hierarchy can be had on this machine.
    ///
    /// # Panics
    /// As [`Root::new`].
    pub fn systemd(units: &[(&str, &str)], wanted: &[&str]) -> Result<Self, String> {
        crate::requirements::check();
        let cgroup = own_cgroup()?;
        let dir = prepared();
        let folder = dir.path().join("etc/systemd/system");
        let _ = fs::remove_file(dir.path().join("etc/systemd"));
        fs::create_dir_all(&folder).must(folder.display());
        let target = format!(
            "[Unit]\nDescription=What a test wants\nRequires=basic.target\nWants={}\n\
             AllowIsolate=yes\n",
            wanted.join(" ")
        );
        for (name, text) in units.iter().copied().chain([("temporary.target", &*target)]) {
            fs::write(folder.join(name), text).must(name);
        }
        fs::write(dir.path().join("etc/machine-id"), "0123456789abcdef0123456789abcdef\n")
            .must("a machine id");
        let root = Self::boot(dir, Some(cgroup), &SYSTEMD);
        wait_for(PATIENCE, "systemd to take commands", || {
            let told = root.run(&["systemctl", "is-system-running"]);
            matches!(String::from_utf8_lossy(&told.stdout).trim(), "running" | "degraded")
        });
        Ok(root)
    }

    fn boot(dir: Dir, cgroup: Option<PathBuf>, init: &[&str]) -> Self {
        let keys = SshKeys::make(dir.path());
        let errors = dir.path().join("root.err");
        let join = "[ -z \"$1\" ] || echo $$ >\"$1/cgroup.procs\"; shift; exec \"$@\"";
        let mut unshare = Command::new("sh")
            .args(["-c", join, "join"])
            .arg(cgroup.clone().unwrap_or_default())
            .args(["timeout", "-s", "KILL", LONGEST, "unshare"])
            .args(["--net", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--fork"])
            .args(["--kill-child", "--propagation", "private", "sh", "-c", SCRIPT, "temporary"])
            .args([dir.path(), &crate::bin_dir()])
            .args(init)
            .env_clear()
            .env("PATH", world::PATH)
            .env("container", "portreeve-test")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&errors).must(errors.display()))
            .spawn()
            .must("start unshare");
        let output = unshare.stdout.take().must("unshare's output");
        let mut root = Self { unshare, pid: 0, cgroup, keys, dir };
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || send.send(BufReader::new(output).lines().next()));
        match receive.recv_timeout(PATIENCE) {
            Ok(Some(Ok(line))) => root.pid = line.parse().must("process 1 tells its pid"),
            other => panic!("setting up a root failed: {other:?}\n{}", text(&errors)),
        }
        root
    }

    /// Process 1, as the host numbers it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The folder at the same place outside and inside, which holds `etc`, `home` and `bin`.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Keys of the users who may log in; `root` and `thisuser` are such.
    #[must_use]
    pub fn keys(&self) -> &SshKeys {
        &self.keys
    }

    /// A path of its own as seen from outside. Absolute symbolic links on the way lead elsewhere.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.pid))
    }

    /// Writes a file, making the folders above it.
    ///
    /// # Panics
    /// When it cannot be written.
    #[track_caller]
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>, mode: u32) {
        let path = self.path(path);
        let folder = path.parent().must("a folder");
        fs::create_dir_all(folder).must(folder.display());
        fs::write(&path, content).must(path.display());
        fs::set_permissions(&path, Permissions::from_mode(mode)).must(path.display());
    }

    /// A file's text, or nothing where there is none.
    #[must_use]
    pub fn read(&self, path: &str) -> String {
        let bytes = fs::read(self.path(path)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A command that runs inside, as root in `/`, with a `PATH` and no other environment.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--target={}", self.pid));
        command.args(["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--", program]);
        command.env_clear().env("PATH", world::PATH).stdin(Stdio::null());
        command
    }

    /// Runs words to their end, which comes within two minutes.
    ///
    /// # Panics
    /// When they cannot be run.
    #[track_caller]
    #[must_use]
    pub fn run(&self, words: &[&str]) -> Output {
        let mut command = self.command("timeout");
        command.args(["-k", "5", "120"]).args(words).output().must(words.join(" "))
    }

    /// Runs lines of bash that must succeed, and returns what they wrote.
    ///
    /// # Panics
    /// When they fail.
    #[track_caller]
    pub fn bash(&self, script: &str) -> String {
        let output = self.run(&["bash", "-euc", script]);
        assert!(output.status.success(), "{script}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The pids, as the host numbers them, of everything that runs in it.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        crate::process::of_namespace(self.pid)
    }

    /// A connection within its network, from an address of its own.
    ///
    /// # Errors
    /// What the kernel says, such as that nobody listens.
    ///
    /// # Panics
    /// When `to` is no address and port.
    #[track_caller]
    pub fn connect_from(&self, from: IpAddr, to: &str) -> io::Result<TcpStream> {
        self.within(|| world::connect_to(Some(SocketAddr::new(from, 0)), to))
    }

    /// Runs a closure in a thread that lives in its network. Sockets made there stay there.
    ///
    /// # Panics
    /// When the closure panics.
    #[track_caller]
    pub fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let link = File::open(format!("/proc/{}/ns/net", self.pid)).must("its network");
        let inside = move || {
            move_into_link_name_space(link.as_fd(), Some(LinkNameSpaceType::Network))
                .must("enter a network");
            work()
        };
        let result = std::thread::scope(|scope| scope.spawn(inside).join());
        result.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

impl Default for Root {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        // the kernel kills everything in the namespace with process 1
        let killed = self.pid != 0 && kill(self.pid, Signal::KILL).is_ok();
        if !killed {
            let _ = self.unshare.kill();
        }
        let ended = poll(PATIENCE, &mut || self.unshare.try_wait().ok().flatten());
        if let Some(cgroup) = &self.cgroup {
            let _ = poll(PATIENCE, &mut || empty(cgroup).then_some(()));
        }
        if ended.is_none() && !std::thread::panicking() {
            panic!("a root is still there {PATIENCE:?} after its process 1 was killed");
        }
    }
}

/// Its folder, with users, their homes, and an `etc` of its own.
fn prepared() -> Dir {
    let dir = Dir::new();
    world::prepare(dir.path());
    dir
}

/// A control group of the unified hierarchy for one root, below the test's own.
fn own_cgroup() -> Result<PathBuf, String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let unified = mounts.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        after.starts_with("cgroup2 ").then(|| before.split(' ').nth(4))?
    });
    let unified = unified.ok_or("no unified control groups are mounted")?;
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = own.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
    let name =
        format!("portreeve-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let path = Path::new(unified).join(own).join(name);
    match fs::create_dir(&path) {
        Ok(()) => Ok(path),
        Err(error) => Err(format!("no control group can be made: {}: {error}", path.display())),
    }
}

/// Takes a control group away with all below it; whether it is gone.
fn empty(group: &Path) -> bool {
    let below = fs::read_dir(group).into_iter().flatten().flatten();
    for entry in below.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        empty(&entry.path());
    }
    fs::remove_dir(group).is_ok()
}
