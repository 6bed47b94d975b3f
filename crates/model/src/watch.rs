//! What is watched: where lines come from, who reads them, and which service they are about.

use crate::{Origin, ServiceName, Sited, Zone};
use serde::{Deserialize, Serialize};

/// One `[watch.NAME]`, or one jail of fail2ban's: sources, and what looks for offences in them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Watch {
    /// Unique in the configuration; what state is kept under.
    pub name: ServiceName,
    /// Log files, at most [`Watch::MOST`].
    pub files: Vec<WatchFile>,
    /// Entries of the journal.
    pub journal: Option<Journal>,
    /// Detectors that read every line, each once.
    pub detectors: Vec<Watcher>,
    /// Filters that read every line; at most [`Watch::MOST`].
    pub filters: Vec<FilterText>,
    /// Patterns as DenyHosts' `USERDEF_FAILED_ENTRY_REGEX` takes them; at most [`Watch::MOST`].
    pub userdef: Vec<Sited<String>>,
    /// Which service the lines are about; the watch's own name where nothing is said.
    pub service: ServiceName,
    /// Whose clock the lines' times are of, where they do not say it themselves.
    pub zone: Zone,
    /// Where it was written.
    pub origin: Sited<()>,
}

impl Watch {
    /// Entries of each list of a watch, at most.
    pub const MOST: usize = 256;
    /// Watches of a configuration, at most.
    pub const MOST_WATCHES: usize = 256;
}

impl PartialEq for Watch {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.files == other.files
            && self.journal == other.journal
            && self.detectors == other.detectors
            && self.filters == other.filters
            && self.userdef == other.userdef
            && self.service == other.service
            && self.zone.name == other.zone.name
    }
}

/// A log file, or several of one pattern.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WatchFile {
    /// An absolute path, with `*`, `?` and `[…]` in any of its parts as glob(7) has them.
    pub path: String,
    /// Where a file that has not been seen before is read from.
    pub start: Start,
    /// Where it was written.
    pub origin: Origin,
}

impl PartialEq for WatchFile {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, self.start) == (&other.path, other.start)
    }
}

impl Eq for WatchFile {}

/// Where a file is read from that has not been seen before and was there when the watch began. One
/// that comes later is read from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    /// From its end: what was written before is not looked at (the native default).
    #[default]
    End,
    /// From its beginning (fail2ban's default).
    Beginning,
}

impl Start {
    /// Both, with their native words.
    pub const ALL: [(&'static str, Self); 2] = [("end", Self::End), ("beginning", Self::Beginning)];
}

/// Entries of the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// An entry is read when all terms of one of these alternatives hold, terms of one field being
    /// alternatives among themselves, as sd_journal_add_match(3) and journalctl(1) have it. No
    /// alternative: every entry is read.
    pub matches: Vec<Vec<JournalTerm>>,
    /// Whose journal: `--directory`, `--file` and `--namespace` of journalctl(1).
    pub place: JournalPlace,
}

/// `FIELD=value`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JournalTerm {
    /// The field: capital letters, digits and `_`. One that begins with `_` is written by the
    /// journal itself, any other by whoever sent the entry.
    pub field: String,
    /// Its value, without NUL bytes.
    pub value: String,
}

impl JournalTerm {
    /// Bytes of a value, at most.
    pub const MOST: usize = 4096;

    /// Whether a text can name a field.
    #[must_use]
    pub fn is_field(text: &str) -> bool {
        let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        let first = text.bytes().next().is_some_and(|b| !b.is_ascii_digit());
        first && text.len() <= 64 && text.bytes().all(fits)
    }

    /// Whether a text can be a field's value here.
    #[must_use]
    pub fn is_value(text: &str) -> bool {
        text.len() <= Self::MOST && !text.contains('\0')
    }
}

/// Where a journal lies. All empty: the host's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalPlace {
    /// A folder of journal files, absolute.
    pub directory: Option<String>,
    /// Journal files, absolute paths, which may be patterns.
    pub files: Vec<String>,
    /// A journal namespace.
    pub namespace: Option<String>,
}

impl JournalPlace {
    /// Whether a text can name a namespace.
    #[must_use]
    pub fn is_namespace(text: &str) -> bool {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"._-@".contains(&b);
        (1..=200).contains(&text.len()) && text.bytes().all(fits) && !text.starts_with('-')
    }
}

impl Journal {
    /// The arguments for journalctl(1) that choose these entries, and no others.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let JournalPlace { directory, files, namespace } = &self.place;
        let own = directory.is_none() && files.is_empty();
        // users' own journals are nobody's evidence
        let mut arguments: Vec<String> = own.then(|| "--system".to_owned()).into_iter().collect();
        arguments.extend(directory.iter().map(|path| format!("--directory={path}")));
        arguments.extend(files.iter().map(|path| format!("--file={path}")));
        arguments.extend(namespace.iter().map(|name| format!("--namespace={name}")));
        for (at, alternative) in self.matches.iter().enumerate() {
            if at > 0 {
                arguments.push("+".to_owned());
            }
            let terms = alternative.iter().map(|term| format!("{}={}", term.field, term.value));
            arguments.extend(terms);
        }
        arguments
    }

    /// Whether an entry is one of these, given the value of a field. A field that an entry holds
    /// more than once is asked for as `holds` sees fit.
    pub fn admits(&self, mut holds: impl FnMut(&JournalTerm) -> bool) -> bool {
        let mut all = |alternative: &Vec<JournalTerm>| {
            alternative.iter().all(|term| {
                let same = alternative.iter().filter(|other| other.field == term.field);
                same.into_iter().any(&mut holds)
            })
        };
        self.matches.is_empty() || self.matches.iter().any(&mut all)
    }

    /// Whether each alternative asks for a field that only the journal writes and that says which
    /// program or user it was: unit, uid or executable.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        const CERTAIN: [&str; 3] = ["_SYSTEMD_UNIT", "_UID", "_EXE"];
        let certain = |term: &JournalTerm| CERTAIN.contains(&term.field.as_str());
        let sure = |alternative: &Vec<JournalTerm>| alternative.iter().any(certain);
        !self.matches.is_empty() && self.matches.iter().all(sure)
    }
}

/// A native detector, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Watcher {
    /// OpenSSH's sshd, all its processes.
    Sshd,
    /// Dropbear.
    Dropbear,
    /// Linux-PAM, whatever program uses it.
    Pam,
    /// Postfix.
    Postfix,
    /// Dovecot.
    Dovecot,
    /// Exim.
    Exim,
    /// OpenSMTPD.
    Opensmtpd,
    /// Sendmail.
    Sendmail,
    /// vsftpd.
    Vsftpd,
    /// ProFTPD.
    Proftpd,
    /// Pure-FTPd.
    PureFtpd,
    /// Apache httpd's authentication.
    Apache,
    /// nginx's authentication.
    Nginx,
    /// Verdicts of mail servers about spam.
    SmtpSpam,
    /// Logins that a web server's access log has as refused.
    WebAccess,
}

impl Watcher {
    /// All of them, with their words.
    pub const ALL: [(&'static str, Self); 15] = [
        ("sshd", Self::Sshd),
        ("dropbear", Self::Dropbear),
        ("pam", Self::Pam),
        ("postfix", Self::Postfix),
        ("dovecot", Self::Dovecot),
        ("exim", Self::Exim),
        ("opensmtpd", Self::Opensmtpd),
        ("sendmail", Self::Sendmail),
        ("vsftpd", Self::Vsftpd),
        ("proftpd", Self::Proftpd),
        ("pure-ftpd", Self::PureFtpd),
        ("apache", Self::Apache),
        ("nginx", Self::Nginx),
        ("smtp-spam", Self::SmtpSpam),
        ("web-access", Self::WebAccess),
    ];

    /// Its word in configurations.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, this)| *this == self).map_or("", |(word, _)| word)
    }

    /// The one of a word.
    #[must_use]
    pub fn by_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == word).map(|(_, this)| *this)
    }
}

/// A filter in fail2ban's language with everything but its tags (`<HOST>`, `<F-USER>`, …) expanded:
/// each text is a regular expression of Python's as soon as those are. Nobody has compiled it yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FilterText {
    /// What it is called in findings: the name of its file, or of the watch.
    pub name: String,
    /// What every line must match first, if anything.
    pub prefregex: Option<Sited<String>>,
    /// Each says that a line is an offence; tried in order. Empty lines are not among them.
    pub failregex: Vec<Sited<String>>,
    /// Each says that a line is none after all.
    pub ignoreregex: Vec<Sited<String>>,
    /// How dates are written; `None`: one of the stock list.
    pub datepattern: Option<Sited<String>>,
    /// Lines that are looked at together; 1 to [`FilterText::MOST_LINES`].
    pub maxlines: u32,
    /// Whether names stand where addresses may, in `<HOST>`.
    pub usedns: UseDns,
    /// Where it was written.
    pub origin: Origin,
}

impl FilterText {
    /// Bytes of one text of a filter, at most.
    pub const MOST_TEXT: usize = 64 << 10;
    /// Failregexes, or ignoreregexes, of one filter, at most.
    pub const MOST_REGEXES: usize = 1024;
    /// Bytes of all texts of one filter, at most.
    pub const MOST_TEXTS: usize = 1 << 20;
    /// Lines that are looked at together, at most.
    pub const MOST_LINES: u32 = 100;

    /// Every text in it.
    pub fn texts(&self) -> impl Iterator<Item = &Sited<String>> {
        let one = self.prefregex.iter().chain(&self.datepattern);
        one.chain(&self.failregex).chain(&self.ignoreregex)
    }

    /// Whether it is within its bounds.
    ///
    /// # Errors
    /// What there is too much of, as a phrase that says so of the filter.
    pub fn fits(&self) -> Result<(), String> {
        let (text, texts, regexes) = (Self::MOST_TEXT, Self::MOST_TEXTS, Self::MOST_REGEXES);
        if self.texts().any(|one| one.value.len() > text) {
            return Err(format!("has a text of more than {} KiB", text >> 10));
        }
        if self.texts().map(|one| one.value.len()).sum::<usize>() > texts {
            return Err(format!("has more than {} MiB of text", texts >> 20));
        }
        if self.failregex.len().max(self.ignoreregex.len()) > regexes {
            return Err(format!("has more than {regexes} regexes"));
        }
        Ok(())
    }
}

impl PartialEq for FilterText {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.prefregex == other.prefregex
            && self.failregex == other.failregex
            && self.ignoreregex == other.ignoreregex
            && self.datepattern == other.datepattern
            && self.maxlines == other.maxlines
            && self.usedns == other.usedns
    }
}

impl Eq for FilterText {}

/// `usedns` of a filter. A name is never looked up to charge anybody: what differs is what `<HOST>`
/// matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum UseDns {
    /// `<HOST>` is an address or a name.
    Yes,
    /// The same; whoever resolves names warns of it (fail2ban's default).
    #[default]
    Warn,
    /// `<HOST>` is an address alone.
    No,
    /// `<HOST>` is an address or a name, which stays a name.
    Raw,
}

impl UseDns {
    /// All of them, with their words.
    pub const ALL: [(&'static str, Self); 4] =
        [("yes", Self::Yes), ("warn", Self::Warn), ("no", Self::No), ("raw", Self::Raw)];

    /// Its word in configurations.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, this)| *this == self).map_or("", |(word, _)| word)
    }
}

/// Where what a service logs by syslog(3) goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Syslog {
    /// To the host's log, as everybody's (the native default).
    #[default]
    Host,
    /// To a socket of the service's own, mounted over `/dev/log`, so that a line belongs to the session
    /// it came from; from there on to the host's log.
    Private,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(text: &str) -> JournalTerm {
        let (field, value) = text.split_once('=').unwrap();
        JournalTerm { field: field.into(), value: value.into() }
    }

    fn journal(alternatives: &[&[&str]]) -> Journal {
        let matches = alternatives.iter().map(|terms| terms.iter().map(|t| term(t)).collect());
        Journal { matches: matches.collect(), place: JournalPlace::default() }
    }

    #[test]
    fn terms_of_one_field_are_alternatives_and_of_others_conditions() {
        let journal = journal(&[&["_UID=0", "_COMM=a", "_COMM=b"], &["_EXE=/bin/c"]]);
        let admits = |entry: &[&str]| journal.admits(|t| entry.iter().any(|e| term(e) == *t));
        assert!(admits(&["_UID=0", "_COMM=b"]));
        assert!(admits(&["_UID=7", "_EXE=/bin/c"]));
        assert!(!admits(&["_UID=0"]) && !admits(&["_UID=1", "_COMM=a"]) && !admits(&[]));
        let arguments = ["--system", "_UID=0", "_COMM=a", "_COMM=b", "+", "_EXE=/bin/c"];
        assert_eq!(journal.arguments(), arguments);
        assert!(Journal::default().admits(|_| false), "no condition is none");
    }

    #[test]
    fn a_name_that_anybody_may_have_is_not_certain() {
        assert!(journal(&[&["_UID=0", "_COMM=sshd"], &["_EXE=/usr/sbin/sshd"]]).is_certain());
        assert!(!journal(&[&["_SYSTEMD_UNIT=ssh.service"], &["_COMM=sshd"]]).is_certain());
        assert!(!journal(&[&["SYSLOG_IDENTIFIER=sshd"]]).is_certain());
        assert!(!Journal::default().is_certain());
    }

    #[test]
    fn every_detector_has_a_word_of_its_own() {
        for (word, watcher) in Watcher::ALL {
            assert_eq!((watcher.word(), Watcher::by_word(word)), (word, Some(watcher)));
        }
        assert_eq!(Watcher::by_word("SSHD"), None);
    }
}
