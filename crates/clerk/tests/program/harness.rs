//! A clerk under test and its two directories.

use portreeve_model::{
    EventTargets, EvidenceBounds, Ident, LogRotation, LogTarget, Records, ServiceLog, Watcher,
};
use portreeve_sys::channel::{self, Channel};
use portreeve_sys::privileges;
use portreeve_wire::clerk::{
    BanEnd, BanKey, BanRecord, Form, FromClerk, Item, ServiceEntry, ToClerk,
};
use portreeve_wire::event::{Event, SessionRef, What};
use portreeve_wire::{End, MAX_PACKET, SessionId, decode, encode};
use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The user of the clerk when root runs the tests: in nobody's passwd.
pub(crate) const CLERK_UID: u32 = 64_321;

/// Held while a program is copied and while one is started: a child that is between fork and exec
/// has the copy open for writing, and then nobody can execute it.
pub(crate) static STARTING: Mutex<()> = Mutex::new(());

/// Longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// 2026-11-21 23:32:15.123 UTC.
pub(crate) const AT: u64 = 1_795_303_935_123;

/// A folder with the clerk's directories, gone with this value.
#[derive(Debug)]
pub(crate) struct Home(PathBuf);

impl Home {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("portreeve-clerk-program-{}-{number}", std::process::id());
        let home = Self(std::env::temp_dir().join(name));
        for path in [home.0.clone(), home.state(), home.log()] {
            std::fs::create_dir(&path).unwrap();
            own(&path);
        }
        home
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.0.join("state")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    /// The program, where every user can start it: the build's folder may be closed to others.
    fn program(&self) -> PathBuf {
        let copy = self.0.join("portreeve-clerk");
        if !copy.exists() {
            std::fs::copy(env!("CARGO_BIN_EXE_portreeve-clerk"), &copy).unwrap();
        }
        copy
    }

    /// The event log so far, in whole lines: it may be looked at while it is written.
    pub(crate) fn events(&self) -> String {
        let text = std::fs::read_to_string(self.log().join("events.jsonl")).unwrap_or_default();
        text.rfind('\n').map(|end| text[..=end].to_owned()).unwrap_or_default()
    }

    /// Waits until the event log satisfies.
    #[track_caller]
    pub(crate) fn wait_for_events(&self, what: &str, enough: impl Fn(&str) -> bool) -> String {
        wait_for(what, || Some(self.events()).filter(|events| enough(events)))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Gives a path to the clerk's user.
pub(crate) fn own(path: &Path) {
    if privileges::is_root() {
        std::os::unix::fs::chown(path, Some(CLERK_UID), Some(CLERK_UID)).unwrap();
    }
}

/// Waits until something is there.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A running clerk and the monitor's end of its channel. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Clerk {
    child: Child,
    pub(crate) channel: Channel,
    stderr: PathBuf,
}

impl Clerk {
    /// Starts one, as its user.
    pub(crate) fn start(home: &Home) -> Self {
        Self::start_after(home, "", &drop_rights())
    }

    /// As [`Clerk::start`], but with all the rights of the test.
    pub(crate) fn start_with_roots_rights(home: &Home) -> Self {
        Self::start_after(home, "", "")
    }

    /// As [`Clerk::start`], in a mount namespace of its own after these shell commands.
    pub(crate) fn start_apart(home: &Home, commands: &str) -> Self {
        Self::start_after(home, commands, &drop_rights())
    }

    fn start_after(home: &Home, commands: &str, drop_rights: &str) -> Self {
        let (ours, theirs) = channel::pair().unwrap();
        let starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut words: Vec<OsString> = Vec::new();
        if !commands.is_empty() {
            words.extend(["unshare", "-m", "--propagation", "private"].map(Into::into));
        }
        // The channel comes as standard input and becomes descriptor 3.
        let script = format!("{commands}\nexec {drop_rights} \"$@\" 3<&0 </dev/null");
        words.extend(["sh", "-c", &script, "sh"].map(Into::into));
        words.extend([home.program().into(), "--state".into(), home.state().into()]);
        words.extend(["--log".into(), home.log().into()]);
        let stderr = home.path().join("stderr");
        let to = std::fs::OpenOptions::new().append(true).create(true).open(&stderr).unwrap();
        let child = Command::new(&words[0])
            .args(&words[1..])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::from(theirs.into_fd()))
            .stdout(Stdio::null())
            .stderr(to)
            .spawn()
            .unwrap();
        drop(starting);
        Self { child, channel: ours, stderr }
    }

    /// Starts one and waits until it is at work; gives the bans it kept.
    pub(crate) fn at_work(home: &Home) -> (Self, Vec<BanRecord>) {
        let clerk = Self::start(home);
        let bans = clerk.until_at_work();
        (clerk, bans)
    }

    /// Waits for `Ready` and the bans, in this order.
    #[track_caller]
    pub(crate) fn until_at_work(&self) -> Vec<BanRecord> {
        let ready = self.hear();
        assert!(matches!(ready, FromClerk::Ready { ledger: None, .. }), "{ready:?}");
        let mut all = Vec::new();
        loop {
            match self.hear() {
                FromClerk::Bans { bans, last } => {
                    assert!(bans.len() <= 500);
                    all.extend(bans);
                    if last {
                        return all;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next thing it says.
    #[track_caller]
    pub(crate) fn hear(&self) -> FromClerk {
        let mut buffer = vec![0; MAX_PACKET];
        let until = Instant::now() + PATIENCE;
        loop {
            match self.channel.recv(&mut buffer) {
                Ok(Some((length, _))) => return decode(&buffer[..length]).unwrap(),
                Ok(None) => panic!("it has gone: {}", self.stderr()),
                Err(_) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
                Err(error) => panic!("it says nothing: {error}; {}", self.stderr()),
            }
        }
    }

    /// Whether it has said anything that was not heard.
    pub(crate) fn has_said_something(&self) -> bool {
        self.channel.recv(&mut vec![0; MAX_PACKET]).is_ok_and(|message| message.is_some())
    }

    pub(crate) fn tell(&self, message: &ToClerk) {
        self.tell_with(message, &[]);
    }

    #[track_caller]
    pub(crate) fn tell_with(&self, message: &ToClerk, fds: &[BorrowedFd<'_>]) {
        let bytes = encode(message, MAX_PACKET).unwrap();
        wait_for("room in the channel", || self.channel.send(&bytes, fds).ok());
    }

    /// Tells it what happened.
    pub(crate) fn events(&self, what: impl IntoIterator<Item = What>) {
        let events = what.into_iter().map(|what| Item::Event(Event { at: AT, level: None, what }));
        self.tell(&ToClerk::Batch(events.collect()));
    }

    /// Tells it where events go.
    pub(crate) fn targets(&self, log: EventTargets) {
        self.tell(&ToClerk::Configure { generation: 1, services: 0, log, evidence: BOUNDS });
    }

    /// Tells it of a configuration. Services with a file have its descriptor.
    pub(crate) fn configure(
        &self,
        rotation: LogRotation,
        evidence: EvidenceBounds,
        services: Vec<(ServiceEntry, Option<&OwnedFd>)>,
    ) {
        let count = u32::try_from(services.len()).unwrap();
        let log = EventTargets { file: Some(rotation), ..EventTargets::default() };
        self.tell(&ToClerk::Configure { generation: 1, services: count, log, evidence });
        for (entry, fd) in services {
            let fds: Vec<_> = fd.iter().map(|fd| fd.as_fd()).collect();
            self.tell_with(&ToClerk::Service(entry), &fds);
        }
    }

    /// Hands it the read end of a session's pipe.
    pub(crate) fn listen(&self, session: &SessionRef, resumed: bool, pipe: &OwnedFd) {
        self.hand_over(evidence(session, resumed, Form::Stream), pipe);
    }

    /// As above, of a pipe in packet mode.
    pub(crate) fn watch(&self, session: &SessionRef, resumed: bool, pipe: &OwnedFd) {
        self.hand_over(evidence(session, resumed, Form::Packets), pipe);
    }

    /// As above, of a session's own log socket.
    pub(crate) fn listen_log(&self, session: &SessionRef, resumed: bool, socket: &OwnedFd) {
        self.hand_over(evidence(session, resumed, Form::Log), socket);
    }

    fn hand_over(&self, item: Item, pipe: &OwnedFd) {
        self.tell_with(&ToClerk::Batch(vec![item]), &[pipe.as_fd()]);
    }

    /// Waits until it has looked after everything it was told: messages are taken in order.
    #[track_caller]
    pub(crate) fn settle(&self) {
        let network = "203.0.113.77".parse().unwrap();
        let ban = BanKey { network, only: String::new() };
        self.tell(&ToClerk::Unban { serial: u64::MAX, end: over(ban) });
        assert_eq!(self.hear(), FromClerk::Stored(u64::MAX));
    }

    /// Kills it, as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Tells it to finish; gives its exit code.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Option<i32> {
        self.tell(&ToClerk::Finish);
        self.exit_code()
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        let child = &mut self.child;
        wait_for("its end", || child.try_wait().unwrap()).code()
    }

    /// Waits for its end after the channel is closed.
    #[track_caller]
    pub(crate) fn exit_code_when_left(mut self) -> Option<i32> {
        let (other, _) = channel::pair().unwrap();
        drop(std::mem::replace(&mut self.channel, other));
        self.exit_code()
    }

    pub(crate) fn stderr(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap_or_default()
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn drop_rights() -> String {
    if privileges::is_root() {
        format!("setpriv --reuid {CLERK_UID} --regid {CLERK_UID} --clear-groups")
    } else {
        String::new()
    }
}

fn evidence(session: &SessionRef, resumed: bool, form: Form) -> Item {
    let (authenticated, over) = (false, false);
    Item::Evidence { session: session.clone(), resumed, form, authenticated, over }
}

/// That a ban is over.
pub(crate) fn over(ban: BanKey) -> BanEnd {
    BanEnd { ban, at: 1_800_000_000_000, how: "expired".into(), by: None }
}

pub(crate) fn end(address: &str, port: u16) -> End {
    End { address: address.parse().unwrap(), port }
}

pub(crate) fn session(number: u64) -> SessionRef {
    SessionRef {
        session: SessionId(number),
        service: 0,
        key: "ssh".into(),
        peer: end("192.0.2.7", 40_000),
        local: end("192.0.2.1", 22),
        pid: Some(1234),
    }
}

pub(crate) fn service(target: LogTarget, records: Records) -> ServiceEntry {
    ServiceEntry {
        index: 0,
        key: "ssh".into(),
        name: "sshd".into(),
        log: ServiceLog { target, records, ident: Ident::No },
        watch: Some(Watcher::Sshd),
        uid: Some(0),
    }
}

pub(crate) const ROTATION: LogRotation = LogRotation { size: 16 << 20, keep: 8 };
pub(crate) const BOUNDS: EvidenceBounds = EvidenceBounds { line: 100, lines_per_second: 100_000 };

/// Tells the clerk of one watched service without a log of its own.
pub(crate) fn configure_ssh(clerk: &Clerk, evidence: EvidenceBounds) {
    let ssh = service(LogTarget::None, Records::default());
    clerk.configure(ROTATION, evidence, vec![(ssh, None)]);
}
