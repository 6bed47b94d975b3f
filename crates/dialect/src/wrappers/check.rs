//! From rules as they were written to rules that cannot be wrong.

use super::line::{Lines, Logical, each};
use super::option::{mend_option, setting, wrong_option};
use super::raw::{RawRule, RawWord, rule};
use super::{codes, pattern, plain};
use portreeve_diag::{Diagnostic, Diagnostics, FileId, Level, Sources, Span};
use portreeve_model::wrappers::{
    Broken, ClientPattern, Deed, HostPattern, List, ListFile, Rule, Setting, Table, Token, Which,
};
use portreeve_model::{Dialect, Network, Origin, Sited};

/// Most patterns of a `/path` file.
const MOST_PATTERNS: usize = 100_000;

/// Reads one of the files; what is wrong with it goes to `diagnostics`.
pub fn read(
    which: Which,
    path: &str,
    content: &[u8],
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Vec<Rule> {
    let file = sources.add(path, shown(content));
    rules(which, file, content, sources, diagnostics)
}

/// A file that is there and cannot be read: whoever comes as far as it is refused.
pub fn unreadable(path: &str, reason: &str, diagnostics: &mut Diagnostics) -> Table {
    let text = format!("{path} cannot be read: {reason}");
    diagnostics.push(
        Diagnostic::new(Level::Error, codes::UNREADABLE, None, text)
            .help("make it readable, or remove it"),
    );
    Table::Unreadable
}

pub(super) fn rules(
    which: Which,
    file: FileId,
    content: &[u8],
    sources: &Sources,
    out: &mut Diagnostics,
) -> Vec<Rule> {
    let mut all = All { sources, which, rules: Vec::new() };
    each(file, which, content, &mut all, out);
    all.rules
}

/// The letters behind a `%` that are replaced (hosts_access(5)).
const EXPANSIONS: &str = "aAcdhHnNprRsu";

/// The first letter behind a `%` of an option's value that is replaced by nothing.
fn no_expansion(setting: &Setting) -> Option<char> {
    let value = setting.value.as_deref().filter(|_| setting.deed.expands())?;
    let mut bytes = value.iter();
    while bytes.any(|byte| *byte == b'%') {
        match bytes.next() {
            Some(letter) if *letter == b'%' || EXPANSIONS.as_bytes().contains(letter) => {}
            // what is no character of its own is shown as what it is: strange
            Some(letter) => {
                return Some(if letter.is_ascii_graphic() { char::from(*letter) } else { '?' });
            }
            None => return None,
        }
    }
    None
}

/// Every line, as a rule.
struct All<'a> {
    sources: &'a Sources,
    which: Which,
    rules: Vec<Rule>,
}

impl Lines for All<'_> {
    fn plain(&mut self, _: &[u8], _: u32) -> bool {
        false
    }

    fn logical(&mut self, line: Logical, out: &mut Diagnostics) {
        let Some(raw) = rule(&line, out) else { return };
        let read = Checker { sources: self.sources, which: self.which, out }.rule(&raw);
        self.rules.push(read);
    }
}

/// The patterns of a file that a `/path` names: words between blanks, of any form but `EXCEPT` and
/// `user@host`, without comments.
#[must_use]
pub fn list_file(content: &[u8]) -> ListFile {
    let mut patterns = Vec::new();
    for (_, word) in list_words(content) {
        if patterns.len() >= MOST_PATTERNS {
            return ListFile::Unreadable;
        }
        patterns.push(pattern::host(word, false).0);
    }
    ListFile::Patterns(patterns)
}

/// As [`list_file`], but addresses and networks, of which there may be any number, apart from the
/// others. Nothing when the others are too many.
#[must_use]
pub fn list_parts(content: &[u8]) -> Option<(Vec<Network>, Vec<HostPattern>)> {
    let (mut networks, mut others) = (Vec::new(), Vec::new());
    for (_, word) in list_words(content) {
        let network = plain::written(word);
        let pattern = network.is_none().then(|| pattern::host(word, false).0);
        match network.or_else(|| plain::pattern_network(pattern.as_ref()?)) {
            Some(network) => networks.push(network),
            None if others.len() >= MOST_PATTERNS => return None,
            None => others.extend(pattern),
        }
    }
    Some((networks, others))
}

/// The words of such a file, each with where it begins.
pub(super) fn list_words(content: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let mut next = 0_usize;
    let placed = content.split(blank).map(move |word| {
        let start = next;
        next = start.saturating_add(word.len()).saturating_add(1);
        (start, word)
    });
    placed.filter(|(_, word)| !word.is_empty())
}

/// A text of the same length that can be shown: bytes that are no UTF-8 are question marks.
pub(super) fn shown(content: &[u8]) -> String {
    let mut text = String::with_capacity(content.len());
    for chunk in content.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    text
}

/// One rule at a time, and what is to be said of it.
pub(super) struct Checker<'a> {
    pub(super) sources: &'a Sources,
    pub(super) which: Which,
    pub(super) out: &'a mut Diagnostics,
}

impl Checker<'_> {
    fn origin(&self, at: Span) -> Origin {
        let (line, column) = self.sources.line_column(at);
        Origin { file: at.file.0, line, column, dialect: Dialect::Wrappers }
    }

    pub(super) fn rule(&mut self, raw: &RawRule) -> Rule {
        let daemons = self.list(&raw.daemons, raw.at, "daemon", pattern::daemon);
        let clients = match (raw.bracket, raw.cut) {
            (Some(at), _) => self.broken(at, Broken::Bracket),
            (None, true) => self.broken(raw.at, Broken::Long),
            (None, false) => self.list(&raw.clients, raw.at, "client", pattern::client),
        };
        let settings: Vec<_> = raw
            .options
            .iter()
            .enumerate()
            .map(|(at, word)| {
                Sited::new(setting(word, at + 1 == raw.options.len()), self.origin(word.at))
            })
            .collect();
        self.doubt(raw, &settings);
        Rule { daemons, clients, settings, origin: self.origin(raw.at), line: raw.line }
    }

    fn broken(&mut self, at: Span, broken: Broken) -> List<ClientPattern> {
        if broken == Broken::Bracket {
            let text = "a bracket without its other hides the colons behind it";
            self.out.push(
                Diagnostic::new(Level::Error, codes::BRACKET, Some(at), text)
                    .help("write an IPv6 address as `[2001:db8::1]`"),
            );
        }
        let pattern = ClientPattern::Host(HostPattern::Broken(broken));
        List { parts: vec![vec![Token { pattern, text: Vec::new(), origin: self.origin(at) }]] }
    }

    fn list<T>(
        &mut self,
        words: &[RawWord],
        at: Span,
        what: &str,
        read: fn(&RawWord, &mut Diagnostics) -> T,
    ) -> List<T> {
        let mut parts = vec![Vec::new()];
        for word in words {
            if word.text.eq_ignore_ascii_case(b"EXCEPT") {
                parts.push(Vec::new());
                continue;
            }
            let pattern = read(word, self.out);
            let token = Token { pattern, text: word.text.clone(), origin: self.origin(word.at) };
            if let Some(part) = parts.last_mut() {
                part.push(token);
            }
        }
        if parts.iter().any(Vec::is_empty) {
            let text = format!("the {what} list is empty, or has nothing on a side of EXCEPT");
            let at = words.first().map_or(at, |word| word.at);
            self.out.push(
                Diagnostic::new(Level::Warning, codes::EMPTY_LIST, Some(at), text)
                    .help("write `ALL` before EXCEPT to mean everybody else"),
            );
        }
        List { parts }
    }

    fn doubt(&mut self, raw: &RawRule, settings: &[Sited<Setting>]) {
        let mut tested = false;
        for (word, setting) in raw.options.iter().zip(settings) {
            let setting = &setting.value;
            let new = |level, code, text: String, help: String| {
                Some(Diagnostic::new(level, code, Some(word.at), text).help(help))
            };
            let changes_user = matches!(setting.deed, Deed::User | Deed::Group);
            let tests = setting.deed == Deed::Aclexec;
            let finding = if let Deed::Wrong(wrong) = setting.deed {
                let help = mend_option(wrong, setting);
                new(Level::Error, codes::OPTION, wrong_option(wrong, setting), help)
            } else if changes_user {
                let text = "who the daemon runs as is changed here, and is not by Debian's tcpd";
                let help = "make sure the daemon works without root";
                new(Level::Note, codes::USER_APPLIED, text.into(), help.into())
            } else if let Some(letter) = no_expansion(setting) {
                let text = format!("`%{letter}` stands for nothing, and is left out");
                let help = format!("write one of %{EXPANSIONS}, or `%%` for a `%`");
                new(Level::Warning, codes::NO_EXPANSION, text, help)
            } else if tested {
                let text = "not done when the `aclexec` before it fails; other programs do it";
                let help = "nothing needs to change, if that is what was meant";
                new(Level::Warning, codes::ACLEXEC_LATER, text.into(), help.into())
            } else if tests && self.which == Which::Deny {
                let text = "other programs grant when this command fails";
                let help =
                    "write the rule into hosts.allow, with a command that means the opposite";
                new(Level::Warning, codes::ACLEXEC_DENY, text.into(), help.into())
            } else {
                None
            };
            self.out.extend(finding);
            tested |= tests;
        }
    }
}
