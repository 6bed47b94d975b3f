//! The ancestor: a real xinetd in the door, and what it writes about it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::must::Must;
use crate::running::{Running, show, tail, text};
use crate::wait::poll;
use crate::{World, wait_for};

/// How long it may take to start or to read its configuration again. A bind that fails is tried
/// eleven times.
const SETTLING: Duration = Duration::from_secs(60);

/// A running xinetd. It ends when dropped; its log is printed when the test fails.
#[derive(Debug)]
pub struct Xinetd {
    running: Running,
    configuration: PathBuf,
    log: PathBuf,
}

impl Xinetd {
    /// Starts it with the text of a configuration, and waits until it works.
    ///
    /// # Panics
    /// When it ends or does not work in time; the message holds its log.
    #[must_use]
    #[track_caller]
    pub fn start(world: &World, configuration: &str) -> Self {
        Self::start_with(world, configuration, |_| ())
    }

    /// As [`Xinetd::start`], after a change to the command: environment, arguments.
    ///
    /// # Panics
    /// As [`Xinetd::start`].
    #[must_use]
    #[track_caller]
    pub fn start_with(
        world: &World,
        configuration: &str,
        change: impl FnOnce(&mut Command),
    ) -> Self {
        let base = world.dir().join("log").join(format!("xinetd-{}", world.number()));
        let path = |end: &str| base.with_extension(end);
        let (file, log) = (path("conf"), path("log"));
        std::fs::write(&file, configuration).must(file.display());
        let mut command = world.door("/usr/sbin/xinetd");
        command.args(["-dontfork", "-f"]).arg(&file).arg("-filelog").arg(&log);
        command.arg("-pidfile").arg(path("pid"));
        change(&mut command);
        let running = world.start("xinetd", command);
        let mut xinetd = Self { running, configuration: file, log };
        xinetd.settle("Started working: ", 0);
        xinetd
    }

    /// Replaces the configuration and sends SIGHUP, then waits until xinetd has read it.
    ///
    /// # Panics
    /// When it ends or is not done in time.
    #[track_caller]
    pub fn reload(&mut self, configuration: &str) {
        let before = self.count("Reconfigured: ");
        std::fs::write(&self.configuration, configuration).must(self.configuration.display());
        self.running.signal(Signal::HUP);
        self.settle("Reconfigured: ", before);
    }

    /// What it said about itself, in order.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        match self.log.exists() {
            true => text(&self.log).lines().map(Message::parse).collect(),
            false => Vec::new(),
        }
    }

    /// The process.
    pub fn running(&mut self) -> &mut Running {
        &mut self.running
    }

    #[track_caller]
    fn settle(&mut self, sign: &str, before: usize) {
        let done = poll(SETTLING, &mut || {
            let ended = self.running.try_wait().is_some();
            let done = self.count(sign) > before;
            (ended || done).then_some(done)
        });
        assert!(done == Some(true), "xinetd did not say `{sign}`:\n{}", self.said());
    }

    fn count(&self, sign: &str) -> usize {
        self.messages().iter().filter(|message| message.text.starts_with(sign)).count()
    }

    fn said(&self) -> String {
        match self.log.exists() {
            true => format!("---- log of xinetd\n{}", tail(&text(&self.log))),
            false => "---- xinetd wrote no log".to_owned(),
        }
    }
}

impl Drop for Xinetd {
    fn drop(&mut self) {
        if std::thread::panicking() {
            show(&self.said());
        }
    }
}

/// A line of xinetd's program log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `CRITICAL`, `ERROR`, `WARNING`, `NOTICE`, `INFO` or `DEBUG`; empty for a line of another
    /// form.
    pub level: String,
    /// The rest, without time and pid.
    pub text: String,
}

impl Message {
    /// `YY/M/D@HH:MM:SS xinetd[PID]: LEVEL: text`.
    fn parse(line: &str) -> Self {
        let parts = line.split_once("]: ").and_then(|(_, rest)| rest.split_once(": "));
        let (level, text) = parts.unwrap_or(("", line));
        // CRITICAL and DEBUG add the pid and the function's name.
        let level = level.split(' ').next().unwrap_or_default();
        Self { level: level.to_owned(), text: text.to_owned() }
    }
}

/// A record of a service log (`log_type = FILE …`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `START`, `EXIT`, `FAIL`, `USERID`, `NOID` or `TRAFFIC`.
    pub kind: String,
    /// Id of the service.
    pub id: String,
    /// What follows the id: words and `name=value` pairs, as written.
    pub rest: String,
}

impl Record {
    /// The records of a service log in order; lines of another form are left out.
    #[must_use]
    pub fn parse_all(log: &str) -> Vec<Self> {
        log.lines().filter_map(Self::parse).collect()
    }

    /// Reads a service log; a log that does not exist yet has no record.
    #[must_use]
    pub fn read_all(log: &Path) -> Vec<Self> {
        if log.exists() { Self::parse_all(&text(log)) } else { Vec::new() }
    }

    /// Waits for a record of this kind, whose rest contains the text, and returns it.
    ///
    /// # Panics
    /// When none has come in time.
    #[track_caller]
    pub fn expect(log: &Path, kind: &str, containing: &str, limit: Duration) -> Self {
        let mut found = None;
        wait_for(limit, format!("{kind} … {containing} in {}", log.display()), || {
            let fits = |record: &Self| record.kind == kind && record.rest.contains(containing);
            found = Self::read_all(log).into_iter().find(fits);
            found.is_some()
        });
        found.must("a record just found")
    }

    /// `YY/M/D@HH:MM:SS: KIND: ID REST`.
    fn parse(line: &str) -> Option<Self> {
        let (_, record) = line.split_once(": ")?;
        let (kind, rest) = record.split_once(": ")?;
        let (id, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        Some(Self { kind: kind.to_owned(), id: id.to_owned(), rest: rest.to_owned() })
    }

    /// The value of a `name=value` pair, such as `from` or `pid`.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        let words = self.rest.split(' ').filter_map(|word| word.split_once('='));
        words.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_apart() {
        let parse = |line| {
            let Message { level, text } = Message::parse(line);
            (level, text)
        };
        let own = |level: &str, text: &str| (level.to_owned(), text.to_owned());
        assert_eq!(
            parse("26/11/21@21:04:34 xinetd[18]: NOTICE: 2.3.15.3 started with: nothing"),
            own("NOTICE", "2.3.15.3 started with: nothing")
        );
        assert_eq!(
            parse("26/1/2@03:04:05 xinetd[18]: CRITICAL 18 {main}: a fatal error"),
            own("CRITICAL", "a fatal error")
        );
        assert_eq!(parse("anything"), own("", "anything"));
    }

    #[test]
    fn records_are_taken_apart_and_other_lines_left_out() {
        let log = "26/11/21@21:04:34: START: echo pid=18 from=::ffff:127.0.0.1\n\
                   nonsense\n\
                   26/1/2@03:04:05: FAIL: ssh connections per second from=192.0.2.1\n\
                   26/1/2@03:04:05: EXIT: ssh status=3 pid=18 duration=0(sec)\n";
        let records = Record::parse_all(log);
        let kinds: Vec<_> = records.iter().map(|r| (r.kind.as_str(), r.id.as_str())).collect();
        assert_eq!(kinds, [("START", "echo"), ("FAIL", "ssh"), ("EXIT", "ssh")]);
        assert_eq!(records[0].value("from"), Some("::ffff:127.0.0.1"));
        assert_eq!(records[1].value("from"), Some("192.0.2.1"));
        assert_eq!((records[2].value("status"), records[2].value("x")), (Some("3"), None));
    }
}
