//! Verdicts about mail: who sends spam, whatever server refused it.
//!
//! Of Exim, Postfix and sendmail the sentences of their own detectors that say spam, a virus or a listed
//! sender. Besides, of what judges mail behind a server:
//!
//! * amavis (2.4 to 2.13): `Blocked SPAM {…}, [ADDRESS]:port … <a> -> <b>, …`. Before the address stand a
//!   file's or a virus' name, behind it mail addresses: every `}, … [` must lead to the same one. The
//!   second address of the line, which a `Received:` header claims, is not looked at.
//! * rspamd (1.7 to 3.x): `…; task; rspamd_task_write_log: id: <…>, …, ip: ADDRESS, …, (default: T (reject): …`:
//!   the message's identifier stands before the address, mail addresses behind: every `, ip: ` must agree.

use crate::scan::{self, Peer, behind_each, bracketed_port, common, cut, holds, offence, repeated};
use crate::smtp::{exim, postfix::Postfix, sendmail::Sendmail};
use crate::{Detector, Finding, Kind, Named, Record, address};

/// The detector: those of the servers, and verdicts of its own.
#[derive(Debug)]
pub(crate) struct SmtpSpam {
    postfix: Postfix,
    sendmail: Sendmail,
}

impl SmtpSpam {
    /// One that has seen nothing.
    pub(crate) fn new() -> Self {
        Self { postfix: Postfix::new(), sendmail: Sendmail::new() }
    }
}

const AMAVIS: [&[u8]; 2] = [b"amavis", b"amavisd"];

impl Detector for SmtpSpam {
    fn name(&self) -> &'static str {
        "smtp-spam"
    }

    fn wants(&self, program: &[u8]) -> bool {
        exim::wants(program)
            || self.postfix.wants(program)
            || self.sendmail.wants(program)
            || AMAVIS.contains(&program)
            || program == b"rspamd"
    }

    fn look(&mut self, record: &Record<'_>) -> Finding {
        repeated(record, |record| self.read(record))
    }
}

impl SmtpSpam {
    /// What one line says, of however many it stands for.
    fn read(&mut self, record: &Record<'_>) -> Finding {
        let program = record.program;
        let found = if AMAVIS.contains(&program) {
            amavis(record.message)
        } else if program == b"rspamd" || holds(record.message, RSPAMD) && program.is_empty() {
            rspamd(record.message)
        } else if self.postfix.wants(program) {
            self.postfix.look(record)
        } else if self.sendmail.wants(program) {
            self.sendmail.look(record)
        } else {
            exim::look(record)
        };
        match found {
            Finding::Offence(offence) if offence.kind == Kind::Spam => Finding::Offence(offence),
            Finding::Nothing(why) => Finding::Nothing(why),
            Finding::Offence(_) | Finding::Success(_) => Finding::Nothing("no verdict about spam"),
        }
    }
}

fn amavis(text: &[u8]) -> Finding {
    let text = text.strip_prefix(b"(").and_then(|text| cut(text, b") ")).map_or(text, |(_, t)| t);
    let Some(blocked) = text.strip_prefix(b"Blocked ") else {
        return Finding::Nothing("nothing was refused");
    };
    let bad = [b"SPAM".as_slice(), b"INFECTED", b"BANNED"];
    if !bad.iter().any(|bad| blocked.starts_with(bad)) {
        return Finding::Nothing("not taken for spam");
    }
    let places = behind_each(blocked, b"}, ").filter_map(|behind| {
        let words = |byte: &&u8| byte.is_ascii_uppercase() || matches!(**byte, b' ' | b'/');
        let skipped = behind.iter().take_while(words).count();
        let (peer, rest) = bracketed_port(behind.get(skipped..)?)?;
        let named = matches!(peer.named, Named::Address(_));
        (named && rest.starts_with(b" ")).then_some(peer)
    });
    match common(places) {
        Some(peer) => offence(Kind::Spam, peer, None, "a content filter's verdict"),
        None => Finding::Nothing("mail of this host's own"),
    }
}

const RSPAMD: &[u8] = b"; rspamd_task_write_log: ";

fn rspamd(text: &[u8]) -> Finding {
    let Some((_, task)) = cut(text, RSPAMD) else { return Finding::Nothing("no verdict") };
    if !holds(task, b"(default: T (") {
        return Finding::Nothing("not taken for spam");
    }
    let places = behind_each(task, b", ip: ").filter_map(|behind| {
        let (token, rest) = address::split_start(behind);
        let named = address::parse(token).filter(|_| rest.starts_with(b", "))?;
        Some(Peer { named: Named::Address(named), port: None })
    });
    match scan::common(places) {
        Some(peer) => offence(Kind::Spam, peer, None, "a content filter's verdict"),
        None => Finding::Nothing("mail of this host's own"),
    }
}
