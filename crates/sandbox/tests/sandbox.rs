//! The sandbox, from inside: this test starts itself as a leaf that enters it and tries one thing.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a leaf that cannot go on fails, and does what the sandbox is to deny"
)]

use std::{
    ffi::CString,
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket},
    os::{
        fd::{AsFd, OwnedFd},
        unix::{ffi::OsStrExt, fs::PermissionsExt, net::UnixStream, process::CommandExt},
    },
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    sync::Arc,
    thread,
    time::Duration,
};

use portreeve_sandbox::{Profile, Sandbox};
use portreeve_sys::{
    Pid, Resource, Status, clock, limits, privileges, socket,
    spawn::{Connection, Ids, Plan, Spawner, Started},
    user,
};
use rustix::{
    net::sockopt,
    process::{Pid as RawPid, WaitOptions, waitpid},
};

/// `argv[0]` of a leaf.
const LEAF: &str = "leaf";
/// A user that owns nothing here.
const NOBODY: u32 = 54_321;
/// What a leaf exits with when all was as it should be.
const AS_IT_SHOULD: i32 = 42;
const SIGSYS: i32 = 31;

/// A thing to try inside: profile, name, what it does, how the leaf ends.
type Case = (Profile, &'static str, fn(&Path) -> io::Result<()>, Status);

const FINE: Status = Status::Code(AS_IT_SHOULD);
const DEATH: Status = Status::Signal(SIGSYS);

const CASES: &[Case] = &[
    (Profile::Clerk, "files", files, FINE),
    (Profile::Clerk, "strange files", strange_files, FINE),
    (Profile::Clerk, "threads", threads, FINE),
    (Profile::Clerk, "pairs", pairs, FINE),
    (Profile::Clerk, "unprivileged", unprivileged, FINE),
    (Profile::Clerk, "no sockets", no_sockets, FINE),
    (Profile::Clerk, "no processes", no_processes, FINE),
    (Profile::Clerk, "no limits", no_limits, FINE),
    (Profile::Clerk, "no lingering", no_lingering, FINE),
    (Profile::Clerk, "execute", execute, DEATH),
    (Profile::Clerk, "setns", setns, DEATH),
    (Profile::Clerk, "abort", abort, Status::Signal(6)),
    (Profile::Clerk, "chroot", chroot, DEATH),
    (Profile::Firewall, "unprivileged", unprivileged, FINE),
    (Profile::Firewall, "no sockets", no_sockets, FINE),
    (Profile::Firewall, "no processes", no_processes, FINE),
    (Profile::Firewall, "no limits", no_limits, FINE),
    (Profile::Firewall, "execute", execute, DEATH),
    (Profile::Firewall, "setns", setns, DEATH),
    (Profile::Relay, "connect", connect, FINE),
    (Profile::Relay, "unprivileged", unprivileged, FINE),
    (Profile::Relay, "only reads", only_reads, FINE),
    (Profile::Relay, "no UNIX sockets", no_unix_sockets, FINE),
    (Profile::Relay, "no lingering", no_lingering, FINE),
    (Profile::Relay, "execute", execute, DEATH),
    (Profile::Relay, "bind", bind, DEATH),
    (Profile::Relay, "bind datagrams", bind_datagrams, DEATH),
    (Profile::Compile, "names", names, FINE),
    (Profile::Compile, "only reads", only_reads, FINE),
    (Profile::Compile, "no processes", no_processes, FINE),
    (Profile::Compile, "execute", execute, DEATH),
    (Profile::Compile, "listen", listen, DEATH),
    (Profile::HostsDeny, "files", files, FINE),
    (Profile::HostsDeny, "strange files", strange_files, FINE),
    (Profile::HostsDeny, "no sockets", no_sockets, FINE),
    (Profile::HostsDeny, "no processes", no_processes, FINE),
    (Profile::HostsDeny, "execute", execute, DEATH),
    (Profile::Mail, "names", names, FINE),
    (Profile::Mail, "unprivileged", unprivileged, FINE),
    (Profile::Mail, "only reads", only_reads, FINE),
    (Profile::Mail, "no processes", no_processes, FINE),
    (Profile::Mail, "execute", execute, DEATH),
    (Profile::Mail, "listen", listen, DEATH),
];

fn main() -> ExitCode {
    let mut args = std::env::args_os();
    if args.next().is_some_and(|name| name == LEAF) {
        let case = args.next().and_then(|text| text.to_str()?.parse().ok());
        return leaf(case.unwrap_or(usize::MAX), &PathBuf::from(args.next().unwrap_or_default()));
    }
    let directory = std::env::temp_dir().join(format!("portreeve-sandbox-{}", std::process::id()));
    fs::create_dir(&directory).unwrap();
    let mode = if privileges::is_root() { 0o777 } else { 0o700 };
    fs::set_permissions(&directory, fs::Permissions::from_mode(mode)).unwrap();
    let mut failed = 0;
    for (index, (profile, name, _, wanted)) in CASES.iter().enumerate() {
        let found = run(index, &directory);
        let verdict = if found == *wanted { "ok" } else { "FAILED" };
        println!("sandbox: {profile:?}: {name}: {verdict} ({found:?})");
        failed += usize::from(found != *wanted);
    }
    fs::remove_dir_all(&directory).unwrap();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Starts a leaf, as nobody if we can, and waits for its end.
fn run(case: usize, directory: &Path) -> Status {
    let mut plan = Plan::new(c"/proc/self/exe".into());
    let directory = CString::new(directory.as_os_str().as_bytes()).unwrap();
    plan.argv = vec![LEAF.to_owned(), case.to_string()]
        .into_iter()
        .map(|text| CString::new(text).unwrap())
        .chain([directory])
        .collect();
    if privileges::is_root() {
        plan.ids = Some(Ids { uid: NOBODY, gid: NOBODY, groups: Vec::new() });
    }
    plan.no_new_privs = true;
    let mut spawner = Spawner::new(1).unwrap();
    let stderr = rustix::io::fcntl_dupfd_cloexec(io::stderr(), 3).unwrap();
    let null: OwnedFd =
        fs::File::options().read(true).write(true).open("/dev/null").unwrap().into();
    let connection = Connection::new().give(null, &[0, 1]).give(stderr, &[2]);
    let pid = spawner.spawn(&Arc::new(plan.prepare().unwrap()), connection).unwrap();
    let status = wait(pid);
    assert_eq!(spawner.collect(clock::monotonic())[0].result, Started::Executed);
    status
}

fn wait(pid: Pid) -> Status {
    let raw = RawPid::from_raw(pid.as_raw()).unwrap();
    let (_, status) = waitpid(Some(raw), WaitOptions::empty()).unwrap().unwrap();
    let code = status.exit_status().map(Status::Code);
    code.or(status.terminating_signal().map(Status::Signal)).unwrap()
}

fn leaf(case: usize, directory: &Path) -> ExitCode {
    let Some((profile, name, deed, _)) = CASES.get(case) else { return ExitCode::from(1) };
    let (read_paths, write_dirs) = match profile {
        Profile::Clerk | Profile::HostsDeny => {
            (vec!["/etc/hostname".into()], vec![directory.to_path_buf()])
        }
        Profile::Relay => (vec!["/etc".into(), "/no/such/path".into()], Vec::new()),
        Profile::Firewall => (Vec::new(), Vec::new()),
        Profile::Compile | Profile::Mail => (vec!["/".into()], Vec::new()),
    };
    let sandbox = Sandbox { read_paths, write_dirs, seccomp: *profile };
    let confinement = sandbox.enter().unwrap();
    assert!(confinement.seccomp);
    if confinement.landlock.is_none() {
        eprintln!("{name}: no Landlock here");
    }
    match deed(directory) {
        Ok(()) => ExitCode::from(42),
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::from(1)
        }
    }
}

/// Was it refused with one of these errors? Anything else is a failure.
fn refused<T>(result: io::Result<T>, errors: &[i32]) -> io::Result<()> {
    match result {
        Ok(_) => Err(io::Error::other("it was allowed")),
        Err(error) if error.raw_os_error().is_some_and(|errno| errors.contains(&errno)) => Ok(()),
        Err(error) => Err(error),
    }
}

const EPERM: i32 = 1;
const EACCES: i32 = 13;

fn files(directory: &Path) -> io::Result<()> {
    let (log, old) = (directory.join("log"), directory.join("log.1"));
    let mut file = fs::File::create(&log)?;
    file.write_all(b"line\n")?;
    file.sync_all()?;
    file.set_len(2)?;
    fs::rename(&log, &old)?;
    assert_eq!(fs::read(&old)?, b"li");
    fs::create_dir(directory.join("sub"))?;
    assert_eq!(fs::read_dir(directory)?.count(), 2);
    fs::rename(&old, directory.join("sub/log"))?;
    fs::remove_dir_all(directory.join("sub"))
}

fn strange_files(directory: &Path) -> io::Result<()> {
    refused(fs::read("/etc/passwd"), &[EACCES])?;
    refused(fs::read_dir("/"), &[EACCES])?;
    refused(fs::write("/tmp/portreeve-strange", b"x"), &[EACCES])?;
    refused(std::os::unix::fs::symlink("/etc/passwd", directory.join("link")), &[EPERM])?;
    refused(fs::hard_link("/etc/hostname", directory.join("hard")), &[EPERM])?;
    refused(std::os::unix::net::UnixListener::bind(directory.join("socket")), &[EPERM])
}

fn threads(_: &Path) -> io::Result<()> {
    let thread = thread::Builder::new().name("worker".into()).spawn(|| {
        thread::sleep(Duration::from_millis(1));
        vec![7_u8; 4 << 20].len()
    })?;
    assert_eq!(thread.join().unwrap(), 4 << 20);
    Ok(())
}

fn pairs(_: &Path) -> io::Result<()> {
    let (a, b) = portreeve_sys::channel::pair()?;
    a.send(b"x", &[])?;
    assert_eq!(b.recv(&mut [0; 8])?.unwrap().0, 1);
    let mut poller = portreeve_sys::poll::Poller::new()?;
    poller.add(&b, 1, portreeve_sys::poll::Interest::READ)?;
    poller.wait(&mut Vec::new(), Some(Duration::from_millis(1)))?;
    let (mut one, _other) = UnixStream::pair()?;
    one.write_all(b"x")
}

fn unprivileged(_: &Path) -> io::Result<()> {
    privileges::assert_unprivileged().map_err(io::Error::other)
}

fn no_sockets(_: &Path) -> io::Result<()> {
    refused(UdpSocket::bind("127.0.0.1:0"), &[EPERM])?;
    refused(TcpStream::connect("127.0.0.1:1"), &[EPERM])
}

fn no_processes(_: &Path) -> io::Result<()> {
    refused(Command::new("/bin/true").status(), &[EPERM])
}

/// A connection goes back to root, whose close would wait for as long as was set here.
fn no_lingering(_: &Path) -> io::Result<()> {
    let (ours, _other) = UnixStream::pair()?;
    for linger in [None, Some(Duration::ZERO), Some(Duration::from_secs(8))] {
        let set = sockopt::set_socket_linger(&ours, linger).map_err(io::Error::from);
        refused(set, &[EPERM])?;
    }
    assert_eq!(sockopt::socket_linger(&ours)?, None);
    // Every other option is as it was.
    sockopt::set_socket_keepalive(&ours, true)?;
    ours.set_read_timeout(Some(Duration::from_millis(1)))
}

fn no_limits(_: &Path) -> io::Result<()> {
    let limit = limits::get(Resource::OpenFiles);
    refused(limits::set(Resource::OpenFiles, limit), &[EPERM])
}

fn execute(_: &Path) -> io::Result<()> {
    Err(Command::new("/bin/true").exec())
}

fn setns(_: &Path) -> io::Result<()> {
    let any = io::stderr();
    let any = any.as_fd();
    Ok(rustix::thread::move_into_link_name_space(any, None)?)
}

/// What a panic in a `panic = "abort"` library, or the C library itself, ends with.
fn abort(_: &Path) -> io::Result<()> {
    std::process::abort()
}

fn chroot(_: &Path) -> io::Result<()> {
    Ok(rustix::process::chroot("/")?)
}

fn connect(_: &Path) -> io::Result<()> {
    // Nobody listens at port 1; the connection is refused by the host, not by the filter.
    refused(TcpStream::connect("127.0.0.1:1"), &[111])?;
    let to: SocketAddr = "127.0.0.1:9".parse().unwrap();
    let datagrams = UdpSocket::from(socket::datagrams_to(to)?);
    datagrams.set_read_timeout(Some(Duration::from_millis(1)))?;
    let _nobody_is_there = datagrams.send(b"x");
    assert!(!fs::read("/etc/passwd")?.is_empty());
    refused(fs::read("/proc/self/status"), &[EACCES])
}

fn only_reads(directory: &Path) -> io::Result<()> {
    refused(fs::write(directory.join("file"), b"x"), &[EACCES])?;
    refused(fs::create_dir(directory.join("sub")), &[EPERM])?;
    refused(fs::remove_dir(directory), &[EPERM])
}

fn no_unix_sockets(_: &Path) -> io::Result<()> {
    refused(UnixStream::connect("/run/portreeve"), &[EPERM])
}

fn bind(_: &Path) -> io::Result<()> {
    TcpListener::bind("127.0.0.1:0").map(drop)
}

/// Without a bind: the kernel would choose a port.
fn listen(_: &Path) -> io::Result<()> {
    use rustix::net::{AddressFamily, SocketType};
    let fd = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
    Ok(rustix::net::listen(fd, 1)?)
}

fn bind_datagrams(_: &Path) -> io::Result<()> {
    UdpSocket::bind("127.0.0.1:0").map(drop)
}

fn names(_: &Path) -> io::Result<()> {
    assert_eq!(user::lookup_user("root")?.map(|user| user.uid), Some(0));
    assert_eq!(user::lookup_user("no-such-user-here")?, None);
    assert!(!user::group_list("root", 0)?.is_empty());
    let loopback = ("localhost", 80).to_socket_addrs()?.any(|address| address.ip().is_loopback());
    assert!(loopback);
    assert!(!socket::local_addresses()?.is_empty());
    let mut text = String::new();
    fs::File::open("/etc/services").and_then(|mut file| file.read_to_string(&mut text))?;
    Ok(())
}
