//! Reports on their way: each is handed to a program, or by `portreeve-enforce` to a server, and tried
//! again with growing delays where that fails.

use crate::enforce::oneshot::{self, Means, Run};
use portreeve_model::{BanMail, Identity, MailBy};
use portreeve_sys::process::kill;
use portreeve_sys::spawn::{Connection, Ids, Plan};
use portreeve_sys::{Exit, Pid, Signal, Status, file};
use portreeve_wire::clerk::MailHeader;
use portreeve_wire::control::EnforcerStatus;
use portreeve_wire::enforce::{MailOrder, MailOutcome};
use std::collections::VecDeque;
use std::ffi::CString;
use std::sync::Arc;
use std::time::Duration;

/// Reports that wait, at most; the oldest goes for a newer one.
const MOST: usize = 8;
/// Bytes of one, at most.
const MOST_BYTES: usize = 64 << 10;
/// Between attempts: seconds, then minutes, then hours. Past the last it is given up.
const DELAYS: [u64; 7] = [10, 120, 600, 1800, 7200, 21_600, 43_200];
/// A program has so long.
const PROGRAM: Duration = Duration::from_secs(120);

/// What sends one.
#[derive(Debug)]
enum Sender {
    /// portreeve-enforce, which answers.
    OneShot(Run),
    /// A program, whose exit says it.
    Program { pid: Pid, deadline: Duration, killed: bool, trouble: Option<String> },
}

/// What became of an attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// It is on its way.
    Done,
    /// It is not, and is tried again.
    Later(String),
    /// It never will be.
    Lost(String),
}

/// Those that wait, and the one that is being sent.
#[derive(Debug, Default)]
pub(crate) struct Post {
    mail: Option<BanMail>,
    identity: Option<Identity>,
    letters: VecDeque<Vec<u8>>,
    sender: Option<Sender>,
    attempts: usize,
    again: Duration,
    sent: u64,
    failures: u64,
    lost: u64,
    trouble: Option<String>,
}

impl Post {
    /// Reports are sent so from now on, or not at all.
    pub(super) fn configure(&mut self, mail: Option<BanMail>, identity: Option<Identity>) {
        if mail.is_none() {
            self.letters.clear();
            self.trouble = None;
        }
        if self.mail != mail || self.identity != identity {
            self.again = Duration::ZERO;
        }
        (self.mail, self.identity) = (mail, identity);
    }

    /// What the clerk must know of it.
    pub(crate) fn header(&self) -> Option<MailHeader> {
        self.mail.as_ref().map(|mail| MailHeader {
            from: mail.from.clone(),
            to: mail.to.clone(),
            subject: mail.subject.clone(),
            every: mail.every.as_secs(),
        })
    }

    /// One more.
    pub(super) fn take(&mut self, letter: Vec<u8>) {
        if self.mail.is_none() || letter.len() > MOST_BYTES {
            return;
        }
        if self.letters.len() >= MOST {
            // the first may be under way
            self.letters.remove(1);
            self.lost = self.lost.saturating_add(1);
        }
        self.letters.push_back(letter);
    }

    /// Reports that wait, for a successor.
    pub(super) fn letters(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.letters.iter()
    }

    pub(super) fn tick(&mut self, means: &mut Means<'_>) -> Option<Sent> {
        let now = means.now;
        match &mut self.sender {
            Some(Sender::OneShot(run)) => {
                run.tick(now);
                return None;
            }
            Some(Sender::Program { pid, deadline, killed, .. }) => {
                if now >= *deadline && !*killed {
                    *killed = true;
                    let _ = kill(*pid, Signal::Kill); // gone already: it will be reaped
                }
                return None;
            }
            None => {}
        }
        let (Some(mail), Some(letter)) = (&self.mail, self.letters.front()) else { return None };
        if self.again > now {
            return None;
        }
        let ids = match &self.identity {
            Some(Ok(ids)) => ids.clone(),
            Some(Err(_)) | None => return None, // an alarm of its own says so
        };
        let ids = ids.map(|ids| Ids { uid: ids.uid, gid: ids.gid, groups: ids.groups });
        let started = match &mail.by {
            MailBy::Program(words) => program(words, ids, letter, means),
            MailBy::Smtp { host, port, tls, login } => {
                let order = MailOrder {
                    host: host.clone(),
                    port: *port,
                    tls: *tls,
                    login: login.as_ref().map(|login| (login.user.clone(), login.password.clone())),
                    from: mail.from.clone(),
                    to: mail.to.clone(),
                    message: letter.clone(),
                };
                oneshot::start(&["mail"], ids, &order, means).map(Sender::OneShot)
            }
        };
        match started {
            Ok(sender) => {
                self.sender = Some(sender);
                None
            }
            Err(why) => Some(self.failed(format!("the sender cannot be started: {why}"), now)),
        }
    }

    /// A process has ended: was it the sender?
    pub(super) fn ended(&mut self, exit: Exit, now: Duration) -> Option<Sent> {
        let of = |sender: &mut Sender| match sender {
            Sender::OneShot(run) => run.pid == exit.pid,
            Sender::Program { pid, .. } => *pid == exit.pid,
        };
        Some(match self.sender.take_if(of)? {
            Sender::OneShot(run) => match run.answer::<MailOutcome>(exit) {
                Ok(MailOutcome::Sent) => self.done(),
                Ok(MailOutcome::Later(mut why)) => {
                    crate::helper::clerk::cut(&mut why);
                    self.failed(why, now)
                }
                Ok(MailOutcome::Refused(mut why)) => {
                    crate::helper::clerk::cut(&mut why);
                    self.given_up(why)
                }
                Err(why) => self.failed(why, now),
            },
            Sender::Program { killed: true, .. } => {
                self.failed(format!("the sender was not done within {} s", PROGRAM.as_secs()), now)
            }
            Sender::Program { trouble: Some(why), .. } => self.failed(why, now),
            Sender::Program { .. } if exit.status == Status::Code(0) => self.done(),
            Sender::Program { .. } => {
                self.failed(format!("the sender {}", crate::convert::describe(exit.status)), now)
            }
        })
    }

    /// It could not be executed.
    pub(super) fn not_started(&mut self, of: Pid, reason: &str) -> bool {
        match &mut self.sender {
            Some(Sender::OneShot(run)) if run.pid == of => run.trouble = Some(reason.to_owned()),
            Some(Sender::Program { pid, trouble, .. }) if *pid == of => {
                *trouble = Some(reason.to_owned());
            }
            Some(_) | None => return false,
        }
        true
    }

    fn done(&mut self) -> Sent {
        self.letters.pop_front();
        self.sent = self.sent.saturating_add(1);
        (self.attempts, self.trouble) = (0, None);
        Sent::Done
    }

    fn failed(&mut self, why: String, now: Duration) -> Sent {
        let Some(delay) = DELAYS.get(self.attempts) else { return self.given_up(why) };
        self.failures = self.failures.saturating_add(1);
        self.attempts = self.attempts.saturating_add(1);
        self.again = now.saturating_add(Duration::from_secs(*delay));
        self.trouble = Some(why.clone());
        Sent::Later(why)
    }

    fn given_up(&mut self, why: String) -> Sent {
        self.letters.pop_front();
        self.failures = self.failures.saturating_add(1);
        self.lost = self.lost.saturating_add(1);
        self.attempts = 0;
        self.trouble = Some(why.clone());
        Sent::Lost(why)
    }

    pub(super) fn next_due(&self) -> Option<Duration> {
        match &self.sender {
            Some(Sender::OneShot(run)) => run.next_due(),
            Some(Sender::Program { deadline, killed, .. }) => (!killed).then_some(*deadline),
            None if self.letters.is_empty() || !matches!(self.identity, Some(Ok(_))) => None,
            None => Some(self.again),
        }
    }

    /// Whether none is being sent.
    pub(super) fn is_idle(&self) -> bool {
        self.sender.is_none()
    }

    pub(super) fn status(&self) -> Option<EnforcerStatus> {
        self.mail.as_ref().map(|_| EnforcerStatus {
            name: "mail".to_owned(),
            entries: None,
            waiting: u64::try_from(self.letters.len()).unwrap_or(u64::MAX),
            runs: self.sent.saturating_add(self.failures),
            failures: self.failures,
            lost: self.lost,
            trouble: self.trouble.clone(),
        })
    }
}

/// Starts a program that reads the letter on its standard input.
fn program(
    words: &[String],
    ids: Option<Ids>,
    letter: &[u8],
    means: &mut Means<'_>,
) -> Result<Sender, String> {
    let nul = |_| "a NUL byte".to_owned();
    let argv = words.iter().map(|word| CString::new(word.as_str()));
    let argv: Vec<CString> = argv.collect::<Result<_, _>>().map_err(nul)?;
    let mut plan = Plan::new(argv.first().cloned().ok_or("there is no program")?);
    plan.argv = argv;
    plan.env = vec![c"PATH=/usr/sbin:/usr/bin:/sbin:/bin".into()];
    plan.ids = ids;
    plan.new_session = true;
    plan.umask = Some(0o022);
    plan.directory = Some(c"/".to_owned());
    let program = plan.prepare().map_err(|bad| bad.to_string())?;
    let letter = file::memfd("report", letter).map_err(|e| format!("no memory file: {e}"))?;
    let connection = Connection::new()
        .give(letter, &[0])
        .share(&means.outputs.null, &[1])
        .share(&means.outputs.stderr, &[2]);
    let pid = means.spawner.spawn(&Arc::new(program), connection).map_err(|e| e.to_string())?;
    let deadline = means.now.saturating_add(PROGRAM);
    Ok(Sender::Program { pid, deadline, killed: false, trouble: None })
}
