//! A host that systemd runs, and sessions on it.

use portreeve_testkit::{Root, poll_for, wait_for};
use portreeve_tests::{SOON, figures, packaged};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

/// The address of the session service.
pub(crate) const CAT: &str = "127.0.0.1:700";

/// What is there when the unit is started.
pub(crate) const CONFIGURATION: &str = "[service.cat]\nlisten = [\"127.0.0.1:700\"]\n\
    run = [\"/bin/cat\"]\nuser = \"thisuser\"\n";

/// A host with the shipped units, none started; or nothing, where the machine can have none.
pub(crate) fn host(units: &[&str]) -> Option<Root> {
    let texts: Vec<String> =
        units.iter().map(|unit| packaged(&format!("systemd/{unit}"))).collect();
    let units: Vec<(&str, &str)> =
        units.iter().copied().zip(texts.iter().map(|it| &**it)).collect();
    let root = Root::systemd(&units, &[]);
    let why = root.as_ref().err();
    why.inspect(|why| figures(&format!("no systemd can be shown here: {why}")));
    let root = root.ok()?;
    root.write("/etc/portreeve/portreeve.toml", CONFIGURATION, 0o644);
    Some(root)
}

/// `systemctl` with these words, which must succeed.
#[track_caller]
pub(crate) fn systemctl(root: &Root, words: &str) -> String {
    let told = root.run(&["bash", "-c", &format!("systemctl {words}")]);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        told.status.success(),
        "systemctl {words}: {} {}\n{}",
        text(&told.stderr),
        text(&root.run(&["systemctl", "status", "--all", "--no-pager"]).stdout),
        root.read("/var/log/portreeve/events.jsonl"),
    );
    text(&told.stdout)
}

/// A property of a unit.
pub(crate) fn property(root: &Root, unit: &str, name: &str) -> String {
    systemctl(root, &format!("show --value -p {name} {unit}")).trim_end().to_owned()
}

/// Waits until a unit runs, with another main process than this one; its number.
pub(crate) fn runs(root: &Root, unit: &str, not: &str) -> String {
    poll_for(SOON, format!("{unit} to run"), || {
        let pid = property(root, unit, "MainPID");
        let state = property(root, unit, "ActiveState");
        (state == "active" && pid != not && pid != "0").then_some(pid)
    })
}

/// Numbers of the processes of this name, as they know themselves, in order.
pub(crate) fn processes(root: &Root, name: &str) -> Vec<String> {
    let told = root.run(&["pgrep", "-x", name]).stdout;
    String::from_utf8_lossy(&told).lines().map(str::to_owned).collect()
}

/// A session with `cat`.
pub(crate) struct Session {
    stream: BufReader<TcpStream>,
}

impl Session {
    /// Connects, and hears the first word back.
    pub(crate) fn begin(root: &Root) -> Self {
        let stream = poll_for(SOON, "a connection", || {
            let stream = root.within(|| TcpStream::connect(CAT)).ok()?;
            stream.set_read_timeout(Some(SOON)).ok()?;
            Some(stream)
        });
        let mut session = Self { stream: BufReader::new(stream) };
        session.lives("first");
        session
    }

    /// A word comes back.
    #[track_caller]
    pub(crate) fn lives(&mut self, word: &str) {
        writeln!(self.stream.get_mut(), "{word}").expect("say it");
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("hear it");
        assert_eq!(line, format!("{word}\n"));
    }

    /// The connection has ended.
    pub(crate) fn over(mut self) {
        let mut line = String::new();
        assert_eq!(self.stream.read_line(&mut line).unwrap_or(0), 0, "{line}");
    }
}

/// Waits until a command of a shell succeeds inside.
pub(crate) fn waits(root: &Root, script: &str) {
    wait_for(SOON, script, || root.run(&["bash", "-c", script]).status.success());
}
