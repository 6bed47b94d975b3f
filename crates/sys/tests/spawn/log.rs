//! A log socket of a session's own.

use std::{
    fs,
    io::ErrorKind,
    os::fd::OwnedFd,
    os::unix::net::UnixDatagram,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread::sleep,
    time::Duration,
};

use portreeve_sys::{
    Pid, Status,
    log_socket::{self, LogPlace, LogSocket, Message},
    spawn::{Connection, Ids, Plan, Spawner, Started, Step},
};

use crate::support::{NOBODY, outcome, plan, wait};

/// Sends its arguments to the socket at `$0`, one a message; then says what it sees mounted there.
const SAY: &str = r#"
import socket, sys
where, words = sys.argv[1], sys.argv[2:]
to = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for word in words:
    to.sendto(word.encode(), where)
"#;

/// A host's log socket and a directory, gone with it.
struct Host {
    folder: PathBuf,
    log: UnixDatagram,
}

impl Host {
    /// `None` where nothing may be mounted.
    fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if !log_socket::may_mount() {
            println!("may not mount: nothing to see");
            return None;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("portreeve-log-{}-{number}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let log = UnixDatagram::bind(folder.join("host")).unwrap();
        log.set_nonblocking(true).unwrap();
        std::os::unix::fs::symlink("host", folder.join("log")).unwrap();
        Some(Self { folder, log })
    }

    fn place(&self) -> Arc<LogPlace> {
        Arc::new(LogPlace::at(&self.folder.join("log")).unwrap())
    }

    fn socket(&self) -> LogSocket {
        LogSocket::new(&self.folder.join("7")).unwrap()
    }

    fn say(&self, words: &[&str]) -> Plan {
        let path = self.folder.join("log");
        let start = ["/usr/bin/python3", "-c", SAY, path.to_str().unwrap()];
        plan(&[&start, words].concat())
    }

    /// The socket's own name goes.
    fn forget(&self) {
        fs::remove_file(self.folder.join("7")).unwrap();
    }

    /// What the host itself got.
    fn heard(&self) -> Option<String> {
        let mut buffer = [0; 100];
        let length = self.log.recv(&mut buffer).ok()?;
        Some(String::from_utf8(buffer[..length].to_vec()).unwrap())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn hear(socket: &OwnedFd) -> Option<(String, Message)> {
    let mut buffer = [0; 10];
    let message = log_socket::receive(socket, &mut buffer).ok()?;
    Some((String::from_utf8(buffer[..message.length].to_vec()).unwrap(), message))
}

fn start(spawner: &mut Spawner, plan: Plan, connection: Connection) -> (Pid, Started) {
    let program = Arc::new(plan.prepare().unwrap());
    let pid = spawner.spawn(&program, connection).unwrap();
    (pid, outcome(spawner, pid))
}

#[test]
fn what_a_session_logs_comes_through_its_own_socket_with_who_sent_it() {
    let Some(host) = Host::new() else { return };
    for (open, ids) in [(10, None), (10_000, Some(NOBODY))] {
        let mut spawner = Spawner::new(4).unwrap();
        spawner.descriptors_open(open);
        let LogSocket { socket, mount } = host.socket();
        let ids = ids.map(|uid| Ids { uid, gid: uid, groups: Vec::new() });
        let uid = ids.as_ref().map_or(0, |ids| ids.uid);
        let say = Plan { ids, ..host.say(&["one", "a longer one"]) };
        let connection = Connection::new().private_log(mount, &host.place());
        let (pid, started) = start(&mut spawner, say, connection);
        host.forget();
        assert_eq!((started, wait(pid)), (Started::Executed, Status::Code(0)));
        let (text, message) = hear(&socket).unwrap();
        assert_eq!((text.as_str(), message.cut), ("one", false));
        let sender = message.sender.unwrap();
        assert_eq!((sender.pid, sender.uid, sender.gid), (pid.as_raw(), uid, uid));
        let (text, message) = hear(&socket).unwrap();
        assert_eq!((text.as_str(), message.cut), ("a longer o", true));
        assert_eq!((hear(&socket).is_none(), host.heard()), (true, None));
        assert!(!fs::read_to_string("/proc/self/mountinfo").unwrap().contains("portreeve-log-"));
        assert!(log_socket::is_log_socket(&socket).unwrap());
    }
}

#[test]
fn what_a_session_leaves_behind_finds_the_hosts_socket_again() {
    let Some(host) = Host::new() else { return };
    let mut spawner = Spawner::new(4).unwrap();
    let LogSocket { socket, mount } = host.socket();
    let path = host.folder.join("log");
    // It says one word, waits until it is told to go on, and says another.
    let go = host.folder.join("go");
    let script = format!(
        "import os, socket, time\nto = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n\
         to.sendto(b'before', {path:?})\nwhile not os.path.exists({go:?}): time.sleep(0.01)\n\
         to.sendto(b'after', {path:?})\n",
    );
    let connection = Connection::new().private_log(mount, &host.place());
    let (pid, _) = start(&mut spawner, plan(&["/usr/bin/python3", "-c", &script]), connection);
    host.forget();
    let namespace = log_socket::namespace(pid).unwrap();
    let said = (0..60_000).find_map(|_| {
        sleep(Duration::from_millis(1));
        hear(&socket)
    });
    assert_eq!(said.unwrap().0, "before");
    let leaving = Connection::leaving_log(namespace, &host.place());
    let (leaver, started) = start(&mut spawner, plan(&["/nothing"]), leaving);
    assert_eq!((started, wait(leaver)), (Started::Executed, Status::Code(0)));
    fs::write(&go, "").unwrap();
    assert_eq!(wait(pid), Status::Code(0));
    assert_eq!((hear(&socket).is_none(), host.heard().as_deref()), (true, Some("after")));
}

#[test]
fn after_the_end_senders_learn_that_nobody_listens_and_nothing_is_lost() {
    let Some(host) = Host::new() else { return };
    let LogSocket { socket, mount } = host.socket();
    let to = UnixDatagram::unbound().unwrap();
    // Reached without a namespace here: by the mount's own descriptor.
    use std::os::fd::AsRawFd;
    let path = format!("/proc/self/fd/{}", mount.as_raw_fd());
    to.connect(&path).unwrap();
    to.send(b"first").unwrap();
    log_socket::refuse_more(&socket).unwrap();
    assert_eq!(to.send(b"second").unwrap_err().kind(), ErrorKind::BrokenPipe);
    assert_eq!(hear(&socket).unwrap().0, "first");
    assert!(!matches!(hear(&socket), Some((text, _)) if !text.is_empty()));
}

#[test]
fn a_host_without_a_log_socket_has_no_place_for_one() {
    let folder = std::env::temp_dir();
    let missing = LogPlace::at(&folder.join("portreeve-no-such-log")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    assert_eq!(LogPlace::at(&folder).unwrap_err().kind(), ErrorKind::NotFound, "no socket");
}

#[test]
fn a_place_that_is_gone_fails_the_start_and_says_so() {
    let Some(host) = Host::new() else { return };
    let mut spawner = Spawner::new(4).unwrap();
    let place = host.place();
    let LogSocket { mount, .. } = host.socket();
    fs::remove_file(host.folder.join("host")).unwrap();
    let connection = Connection::new().private_log(mount, &place);
    let (pid, started) = start(&mut spawner, host.say(&["x"]), connection);
    assert_eq!(started, Started::Failed { step: Step::Log, errno: libc_enoent() });
    wait(pid);
}

fn libc_enoent() -> i32 {
    std::io::Error::from(rustix::io::Errno::NOENT).raw_os_error().unwrap()
}

#[test]
#[expect(unsafe_code, reason = "the thread gets a mount namespace of its own")]
fn a_mount_of_the_hosts_stays_where_the_sessions_own_is_gone_already() {
    let Some(host) = Host::new() else { return };
    let folder = host.folder.clone();
    // a namespace of this thread's, in which the log's place is a mount of the host's own, as in a
    // container that was given its host's socket
    let thread = std::thread::spawn(move || {
        use rustix::mount::{MountPropagationFlags as How, mount_bind, mount_change};
        // SAFETY: descriptors stay shared; only what this thread sees mounted is its own.
        unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNS) }.unwrap();
        mount_change("/", How::PRIVATE | How::REC).unwrap();
        mount_bind(&folder, &folder).unwrap();
        mount_change(&folder, How::SHARED).unwrap();
        let _outer = UnixDatagram::bind(folder.join("outer")).unwrap();
        mount_bind(folder.join("outer"), folder.join("host")).unwrap();
        let place = Arc::new(LogPlace::at(&folder.join("host")).unwrap());
        let LogSocket { mount, .. } = LogSocket::new(&folder.join("7")).unwrap();
        let mut spawner = Spawner::new(4).unwrap();
        let connection = Connection::new().private_log(mount, &place);
        let (pid, started) = start(&mut spawner, plan(&["/bin/sleep", "60"]), connection);
        assert_eq!(started, Started::Executed);
        let namespace = log_socket::namespace(pid).unwrap();
        // its daemon makes its socket anew: what lay over the old one is gone
        fs::remove_file(folder.join("outer")).unwrap();
        let is_mount =
            || fs::read_to_string("/proc/thread-self/mountinfo").unwrap().contains("/host ");
        assert!(is_mount());
        let leaving = Connection::leaving_log(namespace, &place);
        let (leaver, started) = start(&mut spawner, plan(&["/nothing"]), leaving);
        assert_eq!((started, wait(leaver)), (Started::Executed, Status::Code(0)));
        portreeve_sys::process::kill(pid, portreeve_sys::Signal::Kill).unwrap();
        wait(pid);
        assert!(is_mount(), "the host's own mount was taken away");
    });
    thread.join().unwrap();
}
