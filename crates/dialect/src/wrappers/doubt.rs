//! What is doubtful in a rule that can be read: tcpdchk's findings, in its words.

use super::lookup::Question;
use portreeve_model::Sited;
use portreeve_model::wrappers::{ClientPattern, DaemonPattern, HostPattern, Rule, Token, Word};
use std::net::{IpAddr, Ipv4Addr};

/// Something doubtful, or what must be found out to know whether it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// This is.
    Said(String),
    /// A name of a daemon: whether there is such a one.
    Daemon(String),
    /// A file: whether it can be read.
    File(Vec<u8>),
    /// A host or a netgroup: what the host's resolver says of it.
    Ask(Question),
}

/// The doubts about a rule, in the order of its words, each at its word.
#[must_use]
pub fn doubts(rule: &Rule) -> Vec<Sited<Doubt>> {
    let mut all = Vec::new();
    for token in rule.daemons.parts.iter().flatten() {
        all.extend(daemon(token).into_iter().map(|doubt| Sited::new(doubt, token.origin)));
    }
    for token in rule.clients.parts.iter().flatten() {
        all.extend(client(token).into_iter().map(|doubt| Sited::new(doubt, token.origin)));
    }
    all
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
        DaemonPattern::At(_, of) | DaemonPattern::PortAt(_, of) => {
            doubts.extend(host(of, Question::Server));
        }
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
    doubts.extend(host(of, Question::Host));
    doubts
}

/// The doubt about a pattern of hosts; `named` makes the question about a name.
pub(super) fn host(pattern: &HostPattern, named: fn(Vec<u8>) -> Question) -> Option<Doubt> {
    match pattern {
        HostPattern::File(path) => Some(Doubt::File(path.clone())),
        HostPattern::Word(word @ Word::Tail(tail)) if word.is_numeric() => {
            Some(Doubt::Said(format!("{}: network number begins with dot", shown(tail))))
        }
        HostPattern::Word(word @ Word::Head(head)) if !word.is_numeric() => {
            Some(Doubt::Said(format!("{}: domain or host name ends in dot", shown(head))))
        }
        HostPattern::Word(word @ Word::Same(text)) if word.is_numeric() => {
            let text = std::str::from_utf8(text).ok();
            text.and_then(|text| text.parse::<Ipv4Addr>().ok()).and_then(|it| address(it.into()))
        }
        HostPattern::Word(Word::Same(name)) => {
            let text = shown(name);
            let odd = text.contains(['#', '[', ']', '=']);
            let is_name = !reserved(&text) && !is(&text, "FAIL") && !odd;
            is_name.then(|| Doubt::Ask(named(name.clone())))
        }
        HostPattern::Word(Word::V6(one, None)) => address(IpAddr::V6(*one)),
        HostPattern::Netgroup(group) => Some(Doubt::Ask(Question::Netgroup(group.clone()))),
        HostPattern::Known
        | HostPattern::Local
        | HostPattern::Masked { .. }
        | HostPattern::Network(_)
        | HostPattern::Word(_)
        | HostPattern::Never(_)
        | HostPattern::Broken(_) => None,
    }
}

/// An address that a host can have.
fn address(address: IpAddr) -> Option<Doubt> {
    let whole = address != IpAddr::V4(Ipv4Addr::BROADCAST) && !address.is_unspecified();
    whole.then_some(Doubt::Ask(Question::Address(address)))
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
        let ask = Doubt::Ask;
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
                vec![said("FAIL is no longer recognized"), said("(use EXCEPT or DENY instead)")],
            ),
            ("ALL: .2.10\n", vec![said(".2.10: network number begins with dot")]),
            ("ALL: @friends\n", vec![ask(Question::Netgroup(b"friends".to_vec()))]),
            ("ALL: host.\n", vec![said("host.: domain or host name ends in dot")]),
            ("ALL: LOCAL@10.\n", vec![said("LOCAL: user name may be reserved word")]),
            ("ALL: .joe@10.\n", vec![said(".joe: user name begins with dot")]),
            (
                "ALL@here: 192.0.2.7 [::1] 0.0.0.0 10.0.0.0/8\n",
                vec![
                    ask(Question::Server(b"here".to_vec())),
                    ask(Question::Address("192.0.2.7".parse().expect("an address"))),
                    ask(Question::Address("::1".parse().expect("an address"))),
                ],
            ),
            (
                "sshd: /l host\n",
                vec![daemon(), Doubt::File(b"/l".to_vec()), ask(Question::Host(b"host".to_vec()))],
            ),
        ] {
            let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
            let rules = read(Which::Deny, "f", text.as_bytes(), &mut sources, &mut found);
            let got = doubts(rules.first().expect("a rule"));
            let got: Vec<_> = got.into_iter().map(|doubt| doubt.value).collect();
            assert_eq!(got, want, "{text}");
        }
    }
}
