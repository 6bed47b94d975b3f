//! OpenSSH's sshd.
//!
//! Reads the lines of `sshd`, `sshd-session` and `sshd-auth`, of all versions since about 5. Every try
//! is one offence, in however many sentences sshd tells of it: `Invalid user`, PAM's refusal, `Failed
//! password` and the end of the connection are tied together by the process (or by the peer's address
//! and port where lines name no process). A refused key of an account that exists is none by itself,
//! since clients offer all they have: what counts is that the connection ends without a success.
//! Lines about peers that sshd has already punished are none.
//!
//! Whom a line names is read from where sshd alone writes it, see `peer`. A line whose readings differ
//! is believed only in what the process's earlier lines have shown; a line that names another address
//! than they did charges nobody. Nobody is charged either by a cut line, and by one without a
//! program's tag: on standard error sshd writes newlines of a login name as they are, so the rest of
//! a name can look like a line of its own. (In a session's own pipe that does no harm: there the
//! kernel says who the peer is.) Quoted text (versions, reasons) is never searched.

mod authenticated;
mod peer;
mod sentence;

use std::net::IpAddr;

use crate::sessions::{Process, Sessions};
use crate::syslog::repeated;
use crate::{Detector, Finding, Kind, Named, Offence, Record, Success};
use peer::Peer;
use sentence::{Deed, Method, Sentence};

pub use authenticated::authenticated;

/// Its name in configurations.
pub(crate) const NAME: &str = "sshd";

/// Processes that are remembered.
const SESSIONS: usize = 8192;

/// The detector.
#[derive(Debug)]
pub struct Sshd {
    sessions: Sessions<Session>,
}

/// What is known of a connection.
#[derive(Clone, Debug, Default)]
struct Session {
    address: Option<IpAddr>,
    port: Option<u16>,
    /// Something of it has been charged; `sure`: to an address.
    charged: bool,
    sure: bool,
    /// The last offence's try has not had its own sentence yet.
    open: Open,
    /// A sentence has shown that nobody had authenticated when it went wrong.
    sign: bool,
    /// What there is to say of the account that was named.
    account: Option<Kind>,
    /// A key was refused.
    tried: bool,
    accepted: bool,
    over: bool,
}

/// What an offence was that stands for the try whose own sentence follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    #[default]
    No,
    Named,
    Pam,
}

/// What is to be said of a sentence.
enum Word {
    Charge(Kind),
    Success,
    Not(&'static str),
}

impl Default for Sshd {
    fn default() -> Self {
        Self { sessions: Sessions::new(SESSIONS) }
    }
}

impl Detector for Sshd {
    fn name(&self) -> &str {
        NAME
    }

    fn wants(&self, program: &[u8]) -> bool {
        matches!(program, b"sshd" | b"sshd-session" | b"sshd-auth" | b"sshd(pam_unix)" | b"")
    }

    fn look(&mut self, record: &Record<'_>) -> Finding {
        if record.program == b"sshd(pam_unix)" {
            return Finding::Nothing("sshd tells of this try itself");
        }
        let (times, message) = repeated(record.message);
        match sentence::read(message) {
            None => Finding::Nothing("no sentence of sshd's about a peer that failed"),
            Some(Sentence { deed: Deed::Silent(why), .. }) => Finding::Nothing(why),
            Some(sentence) => self.judge(record, times, sentence),
        }
    }
}

impl Sshd {
    fn judge(&mut self, record: &Record<'_>, times: u32, sentence: Sentence<'_>) -> Finding {
        let process = self.process(record, &sentence);
        let before = process.and_then(|process| self.sessions.get(process)).map(|s| &*s);
        let mut session = carried_on(before, &sentence);
        let (said, conflict) = whom(&sentence, &session);
        let sure = said.address().is_some() && !record.cut;
        // What the right end of a cut line seems to be it is not; nor is the start of one without a tag.
        let doubted = record.cut || record.program.is_empty();
        let named = if doubted && said != Named::Nobody { Named::Ambiguous } else { said.clone() };
        if session.address.is_none() && sure {
            session.address = said.address();
        }
        session.port = session.port.or(sentence.port);
        let mut word = session.hear(sentence.deed, sure);
        let mut times = times;
        if matches!(word, Word::Not(_)) && times > 1 && is_try(sentence.deed) {
            // Of several tries the first has been told already.
            times = times.saturating_sub(1);
            word = session.hear(sentence.deed, sure);
        }
        let port = sentence.port.or(if sure { session.port } else { None });
        if let Some(process) = process {
            if conflict {
                // Whichever line was wrong, the next is not measured against it.
                self.sessions.forget(process);
            } else {
                self.sessions.put(process, session);
            }
        }
        // Most lines tell nothing new, and cost no memory.
        let (user, why) = (|| sentence.user.map(Into::into), || sentence.why.into());
        match word {
            Word::Not(why) => Finding::Nothing(why),
            Word::Success => Finding::Success(Success { named, port, user: user(), why: why() }),
            Word::Charge(kind) => {
                let (user, why) = (user(), why());
                Finding::Offence(Offence { kind, named, port, user, times, why })
            }
        }
    }

    /// Whose sentence it is.
    fn process(&self, record: &Record<'_>, sentence: &Sentence<'_>) -> Option<Process> {
        let own = self.sessions.process(record, NAME);
        match (own, sentence.deed, &sentence.peer, sentence.port) {
            (Some(own), Deed::Late(pid), ..) => Some(Sessions::<Session>::sibling(own, pid)),
            (Some(own), ..) => Some(own),
            (None, _, Peer::One(Named::Address(address)), Some(port)) => {
                Some(self.sessions.serves(record, *address, port))
            }
            (None, ..) => None,
        }
    }
}

/// What is known already, or a new session where the process's number has come round.
fn carried_on(before: Option<&Session>, sentence: &Sentence<'_>) -> Session {
    let Some(before) = before else { return Session::default() };
    let other = |known: Option<IpAddr>, now: Option<IpAddr>| {
        known.is_some() && now.is_some() && known != now
    };
    let now = match &sentence.peer {
        Peer::One(named) => named.address(),
        Peer::Unsaid | Peer::Several(_) => None,
    };
    let port = before.port.is_some() && sentence.port.is_some() && before.port != sentence.port;
    let anew = match sentence.deed {
        Deed::Began => true,
        Deed::Named(_) | Deed::Pam(_) | Deed::Failed(..) if before.accepted || before.over => true,
        Deed::Silent(_)
        | Deed::Sign
        | Deed::Locked
        | Deed::Named(_)
        | Deed::Pam(_)
        | Deed::Failed(..)
        | Deed::Ended(_)
        | Deed::Closed(_)
        | Deed::Late(_)
        | Deed::Accepted => {
            if other(before.address, now) {
                before.over
            } else {
                port
            }
        }
    };
    if anew { Session::default() } else { before.clone() }
}

/// Whom the sentence names, given what is known; and whether the two are at odds.
fn whom(sentence: &Sentence<'_>, session: &Session) -> (Named, bool) {
    match (&sentence.peer, session.address) {
        (Peer::One(Named::Address(now)), Some(known)) if *now != known => (Named::Ambiguous, true),
        (Peer::One(named), _) => (named.clone(), false),
        (Peer::Unsaid, Some(known)) => (Named::Address(known), false),
        (Peer::Unsaid, None) => (Named::Nobody, false),
        (Peer::Several(readings), Some(known)) if readings.contains(&known) => {
            (Named::Address(known), false)
        }
        (Peer::Several(readings), _) => match readings.as_slice() {
            // The one and the same, twice.
            [one, two] if one == two => (Named::Address(*one), false),
            _ => (Named::Ambiguous, false),
        },
    }
}

/// Whether a sentence tells of one try to authenticate.
fn is_try(deed: Deed) -> bool {
    matches!(
        deed,
        Deed::Pam(_) | Deed::Failed(Method::Questions | Method::Secret, _) | Deed::Named(_)
    )
}

impl Session {
    /// What a sentence adds. `sure`: it names an address. An offence that named nobody for sure does
    /// not stand for a later one that does.
    fn hear(&mut self, deed: Deed, sure: bool) -> Word {
        let told = self.charged && (self.sure || !sure);
        let again = |open| if told { open } else { Open::No };
        match deed {
            Deed::Silent(why) => Word::Not(why),
            Deed::Began => Word::Not("a connection"),
            Deed::Sign => {
                self.sign = true;
                Word::Not("a sentence that names the peer follows")
            }
            Deed::Named(_) if again(self.open) == Open::Named => Word::Not("the same try"),
            Deed::Named(kind) => {
                self.account = Some(kind);
                self.charge(kind, sure, Open::Named)
            }
            Deed::Locked => {
                self.account = Some(Kind::NotAllowed);
                Word::Not("an account that may not log in; its tries are told with the peer")
            }
            Deed::Pam(_) if again(self.open) == Open::Named => {
                self.open = Open::Pam;
                Word::Not("the same try")
            }
            Deed::Pam(kind) => self.charge(kind, sure, Open::Pam),
            Deed::Failed(method, kind) => self.failed(method, kind, sure, again(self.open)),
            Deed::Late(_) => self.ended(Kind::Grace, sure, told),
            Deed::Ended(kind) => self.ended(kind, sure, told),
            Deed::Closed(kind) if self.sign => self.ended(kind, sure, told),
            Deed::Closed(_) => {
                self.over = true;
                Word::Not("perhaps the end of a session that had authenticated")
            }
            Deed::Accepted => {
                (self.accepted, self.tried, self.open) = (true, false, Open::No);
                Word::Success
            }
        }
    }

    fn failed(&mut self, method: Method, kind: Kind, sure: bool, open: Open) -> Word {
        match (method, open) {
            (Method::Asking, _) => Word::Not("asks which methods there are"),
            (Method::Key, _) => {
                self.tried = true;
                Word::Not("a refused key; counted when the connection ends without a success")
            }
            (_, Open::Named) | (Method::Questions, Open::Pam) => {
                self.open = Open::No;
                Word::Not("the same try")
            }
            (Method::Questions | Method::Secret, _) => self.charge(kind, sure, Open::No),
        }
    }

    fn ended(&mut self, kind: Kind, sure: bool, told: bool) -> Word {
        self.over = true;
        if self.accepted {
            return Word::Not("had authenticated");
        }
        if told {
            return Word::Not("its tries have been told");
        }
        let kind = if self.tried && kind == Kind::NoAuth { Kind::AuthFailed } else { kind };
        self.charge(kind, sure, Open::No)
    }

    fn charge(&mut self, kind: Kind, sure: bool, open: Open) -> Word {
        // sshd calls an account that may not log in an invalid one from then on.
        let kind = match (kind, self.account) {
            (Kind::InvalidUser, Some(account)) => account,
            _ => kind,
        };
        (self.charged, self.sure, self.open) = (true, sure || self.sure, open);
        Word::Charge(kind)
    }
}
