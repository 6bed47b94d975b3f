//! What is doubtful in a rule that can be read: tcpdchk's findings, in its words.

use portreeve_model::wrappers::{ClientPattern, DaemonPattern, HostPattern, Rule, Token, Word};

/// Something doubtful, or what must be found out to know whether it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// This is.
    Said(String),
    /// A name of a daemon: whether there is such a one.
    Daemon(String),
    /// A name of a host: whether it has one address, and no other name.
    Host(Vec<u8>),
    /// A file: whether it can be read.
    File(Vec<u8>),
    /// A netgroup: whether somebody is in it.
    Netgroup(Vec<u8>),
}

/// The doubts about a rule, in the order of its words.
#[must_use]
pub fn doubts(rule: &Rule) -> Vec<Doubt> {
    let daemons = rule.daemons.parts.iter().flatten().flat_map(daemon);
    daemons.chain(rule.clients.parts.iter().flatten().flat_map(client)).collect()
}

fn daemon(token: &Token<DaemonPattern>) -> Vec<Doubt> {
    let text = shown(&token.text);
    let name = before_host(&text);
    let said = match &token.pattern {
        DaemonPattern::Name(word) | DaemonPattern::At(word, _) => match word {
            Word::All => None,
            _ if text.starts_with('@') => Some("daemon name begins with \"@\""),
            Word::Tail(_) => Some("daemon name begins with dot"),
            Word::Head(_) => Some("daemon name ends in dot"),
            Word::Known => Some("daemon name may be reserved word"),
            Word::Same(_) if name.starts_with('/') => Some("daemon name begins with \"/\""),
            Word::Same(_) if reserved(name) => Some("daemon name may be reserved word"),
            Word::Glob(_) | Word::V6(..) | Word::Same(_) => None,
        },
        DaemonPattern::Port(_) | DaemonPattern::PortAt(..) => None,
    };
    let mut doubts: Vec<Doubt> =
        said.into_iter().map(|it| Doubt::Said(format!("{name}: {it}"))).collect();
    doubts.extend(fail(name));
    match &token.pattern {
        DaemonPattern::At(_, of) | DaemonPattern::PortAt(_, of) => doubts.extend(host(of)),
        DaemonPattern::Name(Word::Same(_)) if doubts.is_empty() && !is(name, "unknown") => {
            doubts.push(Doubt::Daemon(name.to_owned()));
        }
        DaemonPattern::Name(_) | DaemonPattern::Port(_) => {}
    }
    doubts
}

fn client(token: &Token<ClientPattern>) -> Vec<Doubt> {
    let text = shown(&token.text);
    let mut doubts: Vec<Doubt> = fail(&text).collect();
    let of = match &token.pattern {
        ClientPattern::Host(of) => of,
        ClientPattern::User(user, of) => {
            let name = before_host(&text);
            let said = match user {
                Word::Tail(_) => Some("user name begins with dot"),
                Word::Head(_) => Some("user name ends in dot"),
                _ if name.starts_with('@') => Some("user name begins with \"@\""),
                _ if name.starts_with('/') => Some("user name begins with \"/\""),
                Word::Same(_) if reserved(name) => Some("user name may be reserved word"),
                Word::Same(_) | Word::Glob(_) | Word::All | Word::Known | Word::V6(..) => None,
            };
            doubts.extend(said.map(|said| Doubt::Said(format!("{name}: {said}"))));
            of
        }
    };
    doubts.extend(host(of));
    doubts
}

fn host(pattern: &HostPattern) -> Option<Doubt> {
    match pattern {
        HostPattern::File(path) => Some(Doubt::File(path.clone())),
        HostPattern::Word(word @ Word::Tail(tail)) if word.is_numeric() => {
            Some(Doubt::Said(format!("{}: network number begins with dot", shown(tail))))
        }
        HostPattern::Word(word @ Word::Head(head)) if !word.is_numeric() => {
            Some(Doubt::Said(format!("{}: domain or host name ends in dot", shown(head))))
        }
        HostPattern::Word(word @ Word::Same(name)) => {
            let text = shown(name);
            let odd = text.contains(['#', '[', ']', '=']);
            let named = !word.is_numeric() && !reserved(&text) && !odd;
            named.then(|| Doubt::Host(name.clone()))
        }
        HostPattern::Netgroup(group) => Some(Doubt::Netgroup(group.clone())),
        HostPattern::Known
        | HostPattern::Local
        | HostPattern::Masked { .. }
        | HostPattern::Network(_)
        | HostPattern::Word(_)
        | HostPattern::Never(_)
        | HostPattern::Broken(_) => None,
    }
}

/// What stands before the `@` of `name@host`, which may begin with one.
fn before_host(text: &str) -> &str {
    let at = text.char_indices().skip(1).find(|(_, c)| *c == '@');
    at.and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

fn is(name: &str, word: &str) -> bool {
    name.eq_ignore_ascii_case(word)
}

fn reserved(name: &str) -> bool {
    ["KNOWN", "PARANOID", "LOCAL", "UNKNOWN"].iter().any(|word| is(name, word))
}

fn fail(text: &str) -> impl Iterator<Item = Doubt> {
    let old = is(text, "FAIL");
    let said = ["FAIL is no longer recognized", "(use EXCEPT or DENY instead)"];
    said.into_iter().filter(move |_| old).map(|said| Doubt::Said(said.to_owned()))
}

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wrappers::read;
    use portreeve_diag::{Diagnostics, Sources};
    use portreeve_model::wrappers::Which;

    #[test]
    fn doubts_are_those_of_tcpdchk() {
        let said = |text: &str| Doubt::Said(text.to_owned());
        let daemon = || Doubt::Daemon("sshd".to_owned());
        for (text, want) in [
            ("ALL: ALL\n", vec![]),
            ("sshd: 192.0.2.\n", vec![daemon()]),
            ("@sshd: ALL\n", vec![said("@sshd: daemon name begins with \"@\"")]),
            (".sshd: ALL\n", vec![said(".sshd: daemon name begins with dot")]),
            ("in.: ALL\n", vec![said("in.: daemon name ends in dot")]),
            ("/sbin/x: ALL\n", vec![said("/sbin/x: daemon name begins with \"/\"")]),
            ("KNOWN: ALL\n", vec![said("KNOWN: daemon name may be reserved word")]),
            (
                "ALL: FAIL\n",
                vec![
                    said("FAIL is no longer recognized"),
                    said("(use EXCEPT or DENY instead)"),
                    Doubt::Host(b"FAIL".to_vec()),
                ],
            ),
            ("ALL: .2.10\n", vec![said(".2.10: network number begins with dot")]),
            ("ALL: @friends\n", vec![Doubt::Netgroup(b"friends".to_vec())]),
            ("ALL: host.\n", vec![said("host.: domain or host name ends in dot")]),
            ("ALL: LOCAL@10.\n", vec![said("LOCAL: user name may be reserved word")]),
            ("ALL: .joe@10.\n", vec![said(".joe: user name begins with dot")]),
            (
                "sshd: /l host\n",
                vec![daemon(), Doubt::File(b"/l".to_vec()), Doubt::Host(b"host".to_vec())],
            ),
        ] {
            let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
            let rules = read(Which::Deny, "f", text.as_bytes(), &mut sources, &mut found);
            assert_eq!(doubts(rules.first().expect("a rule")), want, "{text}");
        }
    }
}
