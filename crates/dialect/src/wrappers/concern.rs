//! Whether a rule concerns a daemon, whoever the client is.

use super::{Why, codes, line, pattern, raw};
use portreeve_diag::{Diagnostics, FileId, Span};
use portreeve_model::wrappers::{DaemonPattern, Which, Word};

/// A line that may concern a daemon.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) at: Span,
    /// Its daemons, divided by `EXCEPT`; or why it concerns everybody.
    pub(super) daemons: Result<Vec<Vec<DaemonPattern>>, Why>,
}

/// The lines of a text, in order.
pub(super) fn lines_of(file: FileId, text: &str) -> Vec<Line> {
    let mut found = Diagnostics::new();
    // as of hosts.allow: there a comment swallows what it swallows in xinetd
    let logical = line::lines(file, Which::Allow, text.as_bytes(), &mut found);
    let mut lines: Vec<Line> = logical
        .iter()
        .filter_map(|line| {
            let rule = raw::rule(line, &mut found)?;
            let mut parts = vec![Vec::new()];
            for word in &rule.daemons {
                if word.text.eq_ignore_ascii_case(b"EXCEPT") {
                    parts.push(Vec::new());
                } else if let Some(part) = parts.last_mut() {
                    part.push(pattern::daemon(word, &mut Diagnostics::new()));
                }
            }
            Some(Line { at: rule.at, daemons: Ok(parts) })
        })
        .collect();
    for finding in &found {
        let why = match finding.code {
            codes::NO_FINAL_NEWLINE | codes::LONG_LINE => Why::Cut,
            // a rule to xinetd, of the daemon `#` and those behind it
            codes::NO_SEPARATOR | codes::BRACKET | codes::INDENTED_COMMENT => Why::Unreadable,
            _ => continue,
        };
        lines.extend(finding.at.map(|at| Line { at, daemons: Err(why) }));
    }
    lines.sort_by_key(|line| line.at.start);
    lines
}

/// A three-valued answer: what depends on addresses is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    No,
    Open,
    Yes,
}

/// Whether a list concerns a daemon of this name on these ports, and how surely.
pub(super) fn concerns(parts: &[Vec<DaemonPattern>], name: &str, ports: &[u16]) -> Option<Why> {
    // an exception that is open excepts nobody: the parts are read from the innermost
    let mut found = Match::No;
    for part in parts.iter().rev() {
        let this = part.iter().map(|one| matches(one, name, ports)).max().unwrap_or(Match::No);
        found = match (this, found) {
            (Match::No, _) | (_, Match::Yes) => Match::No,
            (this, Match::No) => this,
            (_, Match::Open) => Match::Open,
        };
    }
    match found {
        Match::No => None,
        Match::Open => Some(Why::MayMatch),
        Match::Yes => Some(Why::Matches),
    }
}

fn matches(one: &DaemonPattern, name: &str, ports: &[u16]) -> Match {
    let named = |word: &Word| word.matches(name.as_bytes());
    let (here, all) = match one {
        DaemonPattern::Name(word) => (named(word), true),
        DaemonPattern::Port(port) => (ports.contains(port), true),
        DaemonPattern::At(word, _) => (named(word), false),
        DaemonPattern::PortAt(port, _) => (ports.contains(port), false),
    };
    match (here, all) {
        (false, _) => Match::No,
        (true, false) => Match::Open,
        (true, true) => Match::Yes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn daemon_lists_concern_whom_the_library_would_match() {
        for (list, want) in [
            ("sshd", Some(Why::Matches)),
            ("ALL", Some(Why::Matches)),
            ("known", Some(Why::Matches)),
            ("UNKNOWN", None),
            ("in.ftpd", None),
            ("in.ftpd sshd", Some(Why::Matches)),
            ("ssh.", None),
            ("ss*", Some(Why::Matches)),
            ("22", Some(Why::Matches)),
            ("23", None),
            ("99999", None),
            ("sshd@192.0.2.1", Some(Why::MayMatch)),
            ("22@192.0.2.1", Some(Why::MayMatch)),
            ("ALL@192.0.2.1", Some(Why::MayMatch)),
            ("ftpd@192.0.2.1", None),
            ("ALL EXCEPT sshd", None),
            ("ALL except ftpd", Some(Why::Matches)),
            ("ALL EXCEPT ALL EXCEPT sshd", Some(Why::Matches)),
            ("ALL EXCEPT sshd@192.0.2.1", Some(Why::MayMatch)),
            ("EXCEPT ftpd", None),
            ("sshd EXCEPT", Some(Why::Matches)),
            ("@group", None),
            ("", None),
        ] {
            let text = format!("{list}: ALL\n");
            let lines = lines_of(FileId(0), &text);
            let [line] = lines.as_slice() else { panic!("{list}") };
            let daemons = line.daemons.as_ref().expect("a rule");
            assert_eq!(concerns(daemons, "sshd", &[22]), want, "{list}");
        }
    }
}
