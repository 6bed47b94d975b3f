//! What the host's resolver says of the words of rules: tcpdchk's findings about names, addresses
//! and netgroups, in its words. Who asks, and for how long, is the caller's.

use super::codes;
use portreeve_diag::{Code, Diagnostic, Level, Span};
use portreeve_model::unmapped;
use std::net::IpAddr;

/// Addresses of one name that are looked at.
const MOST_ADDRESSES: usize = 8;

/// What is to be asked about a word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// The name of a client.
    Host(Vec<u8>),
    /// The name behind `daemon@`.
    Server(Vec<u8>),
    /// A netgroup.
    Netgroup(Vec<u8>),
    /// An address.
    Address(IpAddr),
}

/// What a resolver said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked<T> {
    /// So it is.
    Found(T),
    /// There is none.
    Absent,
    /// It could not be found out now.
    Failed,
}

/// Addresses of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The name it goes by.
    pub canonical: Vec<u8>,
    /// In the resolver's order, each once.
    pub addresses: Vec<IpAddr>,
}

/// Who knows names and netgroups.
pub trait Resolver {
    /// The addresses of a name.
    fn addresses(&self, name: &[u8]) -> Asked<Host>;
    /// The name of an address.
    fn name(&self, address: IpAddr) -> Asked<Vec<u8>>;
    /// Whether anybody is in a netgroup; `None` when it could not be found out now.
    fn has_members(&self, group: &[u8]) -> Option<bool>;
}

/// The name of an address, as far as it leads back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It does.
    Known(Vec<u8>),
    /// There is none.
    Unknown,
    /// It could not be looked up now.
    Failed,
    /// It does not, and why, in the ancestor's words.
    Paranoid(String),
}

/// Looks the name of an address up, and proves it.
pub fn proven(address: IpAddr, resolver: &dyn Resolver) -> Proof {
    let name = match resolver.name(address) {
        Asked::Found(name) => name,
        Asked::Absent => return Proof::Unknown,
        Asked::Failed => return Proof::Failed,
    };
    let text = shown(&name);
    if text.parse::<IpAddr>().is_ok() {
        let why = "reverse lookup results in non-FQDN";
        return Proof::Paranoid(format!("host name/name mismatch: {why} {text}"));
    }
    let host = match resolver.addresses(&name) {
        Asked::Found(host) => host,
        Asked::Absent | Asked::Failed => {
            let family = if address.is_ipv4() { "AF_INET" } else { "AF_INET6" };
            let why = format!("can't verify hostname: getaddrinfo({text}, {family}) failed");
            return Proof::Paranoid(why);
        }
    };
    let official = shown(&host.canonical);
    if !host.canonical.eq_ignore_ascii_case(&name) && !name.eq_ignore_ascii_case(b"localhost") {
        return Proof::Paranoid(format!("host name/name mismatch: {text} != {official}"));
    }
    if host.addresses.iter().any(|found| unmapped(*found) == address) {
        return Proof::Known(name);
    }
    Proof::Paranoid(format!("host name/address mismatch: {address} != {official}"))
}

/// Something to be said of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// How much it matters.
    pub level: Level,
    /// What kind it is of.
    pub code: Code,
    /// The ancestor's lines.
    pub lines: Vec<String>,
    /// How to mend it.
    pub help: &'static str,
}

impl Remark {
    fn new(level: Level, code: Code, line: String, help: &'static str) -> Self {
        Self { level, code, lines: vec![line], help }
    }

    /// As a finding.
    #[must_use]
    pub fn finding(self, at: Option<Span>) -> Diagnostic {
        Diagnostic::new(self.level, self.code, at, self.lines.join(" ")).help(self.help)
    }
}

/// Asks, and gives what is to be said of the answer.
#[must_use]
pub fn remarks(question: &Question, resolver: &dyn Resolver) -> Vec<Remark> {
    match question {
        Question::Host(name) => of_name(name, false, resolver),
        Question::Server(name) => of_name(name, true, resolver),
        Question::Netgroup(group) => of_netgroup(group, resolver).into_iter().collect(),
        Question::Address(address) => of_address(*address, resolver).into_iter().collect(),
    }
}

fn of_name(name: &[u8], server: bool, resolver: &dyn Resolver) -> Vec<Remark> {
    let text = shown(name);
    let host = match resolver.addresses(name) {
        Asked::Found(host) => host,
        Asked::Absent => {
            let line = format!("{text}: host not found");
            let help = "see whether it is written right; a client without it in its name is \
                        never meant";
            return vec![Remark::new(Level::Warning, codes::HOST_NOT_FOUND, line, help)];
        }
        Asked::Failed => {
            let line = format!("{text}: host not found (it could not be looked up now)");
            return vec![Remark::new(Level::Note, codes::NOT_LOOKED_UP, line, AGAIN)];
        }
    };
    let mut said = Vec::new();
    if !host.canonical.eq_ignore_ascii_case(name) {
        said.push(Remark {
            level: Level::Warning,
            code: codes::HOST_ALIAS,
            lines: vec![
                format!("{text}: hostname alias"),
                format!("(official name: {})", shown(&host.canonical)),
            ],
            help: "write the official name",
        });
    }
    if server && host.addresses.len() > 1 {
        said.push(Remark {
            level: Level::Warning,
            code: codes::HOST_ADDRESSES,
            lines: vec![
                format!("host {text} has more than one address"),
                "(consider using an address instead)".to_owned(),
            ],
            help: "write `daemon@address`",
        });
    }
    let addresses = host.addresses.iter().take(MOST_ADDRESSES);
    said.extend(addresses.filter_map(|address| of_address(unmapped(*address), resolver)));
    said.dedup();
    said
}

const AGAIN: &str = "check again when it can be, or `--offline` to look nothing up";

fn of_address(address: IpAddr, resolver: &dyn Resolver) -> Option<Remark> {
    match proven(address, resolver) {
        Proof::Known(_) => None,
        Proof::Unknown => {
            let line = format!("host address {address}->name lookup failed");
            let help = "nothing needs to change where rules name it by its address";
            Some(Remark::new(Level::Note, codes::ADDRESS_NAMELESS, line, help))
        }
        Proof::Failed => {
            let line = format!(
                "host address {address}->name lookup failed (it cannot be asked about now)"
            );
            Some(Remark::new(Level::Note, codes::NOT_LOOKED_UP, line, AGAIN))
        }
        Proof::Paranoid(why) => {
            let help = "mend the name, its address or the other names of the host in DNS or \
                        /etc/hosts";
            Some(Remark::new(Level::Warning, codes::NAME_MISMATCH, why, help))
        }
    }
}

fn of_netgroup(group: &[u8], resolver: &dyn Resolver) -> Option<Remark> {
    let text = shown(group);
    match resolver.has_members(group) {
        Some(true) => None,
        Some(false) => {
            let line = format!("{text}: unknown or empty netgroup");
            let help = "write the netgroup, or see nsswitch.conf(5) for who knows it";
            Some(Remark::new(Level::Warning, codes::NETGROUP, line, help))
        }
        None => {
            let line = format!("netgroup {text} could not be asked for");
            Some(Remark::new(Level::Note, codes::NOT_LOOKED_UP, line, AGAIN))
        }
    }
}

/// A name from a file or a resolver: what is not printable is `?`.
fn shown(name: &[u8]) -> String {
    let printable = |byte: &u8| if byte.is_ascii_graphic() { char::from(*byte) } else { '?' };
    name.iter().map(printable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host whose files say a little.
    struct Files;

    impl Resolver for Files {
        fn addresses(&self, name: &[u8]) -> Asked<Host> {
            let host = |canonical: &str, addresses: &[&str]| {
                let addresses = addresses.iter().map(|it| it.parse().expect("an address"));
                Asked::Found(Host { canonical: canonical.into(), addresses: addresses.collect() })
            };
            match name {
                b"good" => host("good", &["192.0.2.1"]),
                b"alias" => host("good", &["192.0.2.1"]),
                b"two" => host("two", &["192.0.2.1", "192.0.2.2", "192.0.2.3"]),
                b"liar" => host("liar", &["192.0.2.9"]),
                b"slow" => Asked::Failed,
                _ => Asked::Absent,
            }
        }
        fn name(&self, address: IpAddr) -> Asked<Vec<u8>> {
            match address.to_string().as_str() {
                "192.0.2.1" => Asked::Found(b"good".to_vec()),
                "192.0.2.3" => Asked::Found(b"liar".to_vec()),
                "192.0.2.4" => Asked::Found(b"192.0.2.1".to_vec()),
                "192.0.2.5" => Asked::Found(b"alias".to_vec()),
                "192.0.2.6" => Asked::Found(b"e\x1b[2Jvil".to_vec()),
                "192.0.2.7" => Asked::Failed,
                _ => Asked::Absent,
            }
        }
        fn has_members(&self, group: &[u8]) -> Option<bool> {
            match group {
                b"friends" => Some(true),
                b"slow" => None,
                _ => Some(false),
            }
        }
    }

    #[test]
    fn what_the_resolver_says_is_told_in_the_ancestors_words() {
        let host = |name: &str| Question::Host(name.into());
        let group = |name: &str| Question::Netgroup(name.into());
        let address = |text: &str| Question::Address(text.parse().expect("an address"));
        for (question, want) in [
            (host("good"), &[][..]),
            (host("none"), &["hosts-host-not-found none: host not found"]),
            (
                host("slow"),
                &["hosts-not-looked-up slow: host not found (it could not be looked up now)"],
            ),
            (host("alias"), &["hosts-host-alias alias: hostname alias (official name: good)"]),
            (
                Question::Server(b"two".to_vec()),
                &[
                    "hosts-host-addresses host two has more than one address (consider using an \
                     address instead)",
                    "hosts-address-nameless host address 192.0.2.2->name lookup failed",
                    "hosts-name-mismatch host name/address mismatch: 192.0.2.3 != liar",
                ],
            ),
            (
                host("two"),
                &[
                    "hosts-address-nameless host address 192.0.2.2->name lookup failed",
                    "hosts-name-mismatch host name/address mismatch: 192.0.2.3 != liar",
                ],
            ),
            (
                address("192.0.2.4"),
                &["hosts-name-mismatch host name/name mismatch: reverse lookup results in \
                   non-FQDN 192.0.2.1"],
            ),
            (address("192.0.2.5"), &["hosts-name-mismatch host name/name mismatch: alias != good"]),
            (
                address("192.0.2.6"),
                &["hosts-name-mismatch can't verify hostname: getaddrinfo(e?[2Jvil, AF_INET) \
                   failed"],
            ),
            (
                address("192.0.2.7"),
                &["hosts-not-looked-up host address 192.0.2.7->name lookup failed (it cannot be \
                   asked about now)"],
            ),
            (group("friends"), &[]),
            (group("foes"), &["hosts-netgroup foes: unknown or empty netgroup"]),
            (group("slow"), &["hosts-not-looked-up netgroup slow could not be asked for"]),
        ] {
            let told = |one: Remark| format!("{} {}", one.code, one.lines.join(" "));
            let got: Vec<_> = remarks(&question, &Files).into_iter().map(told).collect();
            assert_eq!(got, want, "{question:?}");
        }
    }
}
