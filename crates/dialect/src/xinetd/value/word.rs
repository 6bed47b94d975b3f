//! Words from a fixed set.

use super::super::attribute::Attribute;
use super::super::lex::Word;
use super::super::report::Report;
use super::bad;
use portreeve_diag::Span;

/// The words of `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Type {
    Rpc,
    Internal,
    Unlisted,
    Tcpmux,
    Special,
}

impl Type {
    /// As written.
    pub(in super::super) const WORDS: &'static [(&'static str, Self)] = &[
        ("INTERNAL", Self::Internal),
        ("UNLISTED", Self::Unlisted),
        ("RPC", Self::Rpc),
        ("TCPMUX", Self::Tcpmux),
        ("TCPMUXPLUS", Self::Tcpmux),
        ("SPECIAL", Self::Special),
    ];
}

/// The words of `flags`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Flag {
    Reuse,
    NoRetry,
    IdOnly,
    NameInArgs,
    NoDelay,
    KeepAlive,
    NoLibwrap,
    Sensor,
    Ipv4,
    Ipv6,
    Intercept,
    Labeled,
}

impl Flag {
    /// As written.
    pub(in super::super) const WORDS: &'static [(&'static str, Self)] = &[
        ("REUSE", Self::Reuse),
        ("NORETRY", Self::NoRetry),
        ("IDONLY", Self::IdOnly),
        ("NAMEINARGS", Self::NameInArgs),
        ("NODELAY", Self::NoDelay),
        ("KEEPALIVE", Self::KeepAlive),
        ("NOLIBWRAP", Self::NoLibwrap),
        ("SENSOR", Self::Sensor),
        ("IPv4", Self::Ipv4),
        ("IPv6", Self::Ipv6),
        ("INTERCEPT", Self::Intercept),
        ("LABELED", Self::Labeled),
    ];
}

/// The values of `socket_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum SocketType {
    Stream,
    Other,
}

impl SocketType {
    /// As written.
    pub(in super::super) const WORDS: &'static [(&'static str, Self)] = &[
        ("stream", Self::Stream),
        ("dgram", Self::Other),
        ("raw", Self::Other),
        ("seqpacket", Self::Other),
    ];
}

/// `yes` or `no`.
pub(in super::super) const SWITCH: &[(&str, bool)] = &[("yes", true), ("no", false)];

/// Looks a word up in a table, any case.
pub(in super::super) fn pick<T: Copy>(
    attribute: Attribute,
    word: &Word,
    table: &'static [(&'static str, T)],
    report: &mut Report<'_>,
) -> Option<T> {
    let found = table.iter().find(|(name, _)| word.is(name));
    if found.is_none() {
        let all: Vec<String> = table.iter().map(|(name, _)| format!("`{name}`")).collect();
        let finding = bad(attribute, word, &all.join(" "));
        report.push(match report.nearest(&word.text, table.iter().map(|(name, _)| *name)) {
            Some(name) => finding.help(format!("did you mean `{name}`?")),
            None => finding,
        });
    }
    found.map(|(_, value)| *value)
}

/// A set of words, each with its place.
#[derive(Clone, Debug)]
pub(in super::super) struct Set<T>(Vec<(T, Word)>);

impl<T: Copy + PartialEq> Set<T> {
    /// Reads every word; unknown ones are reported and left out.
    pub(in super::super) fn read(
        attribute: Attribute,
        words: &[Word],
        table: &'static [(&'static str, T)],
        report: &mut Report<'_>,
    ) -> Self {
        let picked = words.iter().filter_map(|word| {
            pick(attribute, word, table, report).map(|value| (value, word.clone()))
        });
        Self(picked.collect())
    }

    /// The word that stands for a value, if it is there.
    pub(in super::super) fn word(&self, value: T) -> Option<&Word> {
        self.0.iter().find(|(held, _)| *held == value).map(|(_, word)| word)
    }

    /// The place of a value, if it is there.
    pub(in super::super) fn at(&self, value: T) -> Option<Span> {
        self.word(value).map(|word| word.at)
    }
}
