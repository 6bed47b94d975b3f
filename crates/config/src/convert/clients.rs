//! Whom a rule of hosts.allow or hosts.deny is about, and what it does.

use super::order::{Line, Verdict};
use super::set::Set;
use portreeve_model::wrappers::{ClientPattern, Deed, HostPattern, Rule, Token, Which, Word};
use portreeve_model::{HostPattern as Name, Network, Origin};
use std::net::{IpAddr, Ipv4Addr};

/// Networks that a mask with holes is divided into at most.
const PIECES: u32 = 1024;

/// A place, what differs there, and what to do.
pub(super) type Difference = (Origin, String, &'static str);

/// A rule as a line that lists can be made of; its number comes back where they cannot.
///
/// # Errors
/// What no list can say, and where it stands.
pub(super) fn line(
    rule: &Rule,
    which: Which,
    number: usize,
    remarks: &mut Vec<Difference>,
) -> Result<Line, (Origin, String)> {
    let verdict = verdict(rule, which, remarks)?;
    let mut parts = Vec::new();
    for part in &rule.clients.parts {
        parts.push(meaning(part)?);
    }
    let bare = |part: &Clients| part.names.is_empty();
    let Clients { addresses, names } = match parts.as_slice() {
        [] => Clients::default(),
        [only] => only.clone(),
        [first, rest @ ..] if bare(first) => {
            let unless = match rest {
                [one] => one.names.clone(),
                several if several.iter().all(bare) => Vec::new(),
                _ => return Err((rule.origin, "it excepts names from an exception".into())),
            };
            let mut out = Set::default();
            for part in rest.iter().rev() {
                out = part.addresses.but(&out);
            }
            let addresses = first.addresses.but(&out);
            let wide = first.addresses.clone();
            return Ok(Line { rule: number, addresses, wide, names: Vec::new(), unless, verdict });
        }
        _ => return Err((rule.origin, "it names hosts, but not all of them: `EXCEPT`".into())),
    };
    let wide = addresses.clone();
    Ok(Line { rule: number, addresses, wide, names, unless: Vec::new(), verdict })
}

/// What a rule does with whom it matches.
fn verdict(
    rule: &Rule,
    which: Which,
    remarks: &mut Vec<Difference>,
) -> Result<Verdict, (Origin, String)> {
    let mut verdict = match which {
        Which::Allow => Verdict::Allow,
        Which::Deny => Verdict::Deny,
    };
    for setting in &rule.settings {
        let text = shown(&setting.value.key);
        match setting.value.deed {
            Deed::Allow | Deed::Deny => {
                let allows = setting.value.deed == Deed::Allow;
                verdict = if allows { Verdict::Allow } else { Verdict::Deny };
                break;
            }
            Deed::Wrong(_) => {
                verdict = Verdict::Deny;
                let what = "an option that cannot be carried out refuses whom the rule matches";
                remarks.push((
                    setting.origin,
                    what.into(),
                    "so does the list; `check` says what is wrong",
                ));
                break;
            }
            Deed::Severity(..) => {
                let what = format!("`{text}` has no native form for some peers alone");
                remarks.push((
                    setting.origin,
                    what,
                    "events have severities of their own, for each kind",
                ));
            }
            Deed::Spawn | Deed::Twist | Deed::Aclexec => {
                return Err((
                    setting.origin,
                    format!("`{text}` runs a command, and a list runs none"),
                ));
            }
            Deed::KeepAlive
            | Deed::Linger(_)
            | Deed::Rfc931(_)
            | Deed::Banners
            | Deed::Nice(_)
            | Deed::SetEnv
            | Deed::Umask(_)
            | Deed::User
            | Deed::Group => {
                let what = "is done for those alone whom this rule matches";
                return Err((setting.origin, format!("`{text}` {what}")));
            }
        }
    }
    Ok(verdict)
}

/// Whom a list without `EXCEPT` is about.
#[derive(Clone, Default)]
struct Clients {
    addresses: Set,
    names: Vec<Name>,
}

fn meaning(part: &[Token<ClientPattern>]) -> Result<Clients, (Origin, String)> {
    let mut networks = Vec::new();
    let (mut everybody, mut names) = (false, Vec::new());
    for token in part {
        let cannot = |why: &str| Err((token.origin, format!("`{}` {why}", shown(&token.text))));
        let host = match &token.pattern {
            ClientPattern::Host(host) => host,
            ClientPattern::User(..) => return cannot("is about a user, and lists are about hosts"),
        };
        match host {
            HostPattern::Network(network) => networks.push(*network),
            HostPattern::Masked { net, mask } => match masked(u32::from(*net), u32::from(*mask)) {
                Some(pieces) => networks.extend(pieces),
                None => return cannot("has a mask with holes, which is too many networks"),
            },
            HostPattern::Word(Word::All) => everybody = true,
            HostPattern::Word(word) => match word_means(word) {
                Means::Networks(found) => networks.extend(found),
                Means::Everybody => everybody = true,
                Means::Name(name) => names.push(name),
                Means::Else(why) => return cannot(why),
            },
            HostPattern::Never(_) => {}
            HostPattern::Netgroup(_) => return cannot("is a netgroup"),
            HostPattern::File(_) => return cannot("is a file of patterns"),
            HostPattern::Known => return cannot("is about all hosts with a name"),
            HostPattern::Local => return cannot("is about names without a dot"),
            HostPattern::Broken(_) => {
                return cannot("cannot be read, and refuses whom it may mean");
            }
        }
    }
    let addresses = if everybody { Set::everybody() } else { Set::of(networks) };
    let names = if everybody { Vec::new() } else { names };
    Ok(Clients { addresses, names })
}

/// What a word among the clients means.
enum Means {
    Networks(Option<Network>),
    Everybody,
    Name(Name),
    Else(&'static str),
}

fn word_means(word: &Word) -> Means {
    match word {
        Word::All => Means::Everybody,
        Word::V6(address, None) => {
            // a client at a mapped address is compared as the IPv4 address it stands for
            let mapped = address.to_ipv4_mapped().is_some();
            Means::Networks((!mapped).then(|| Network::host((*address).into())))
        }
        Word::V6(_, Some(_)) => Means::Else("is about one interface"),
        Word::Glob(glob) if glob.iter().all(|byte| *byte == b'*') => Means::Everybody,
        Word::Glob(_) => Means::Else("is a wildcard, over addresses and names as texts"),
        Word::Head(head) if word.is_numeric() => Means::Networks(prefix(head)),
        Word::Head(_) => Means::Else("is about how a name begins"),
        Word::Same(text) if word.is_numeric() => Means::Networks(
            text_of(text)
                .and_then(|it| it.parse().ok())
                .map(|v4: Ipv4Addr| Network::host(v4.into())),
        ),
        Word::Tail(_) if word.is_numeric() => Means::Else("is about how an address ends"),
        Word::Same(text) | Word::Tail(text) => name(text),
        Word::Known => Means::Else("is about all hosts with a name"),
    }
}

fn name(text: &[u8]) -> Means {
    let word = |word: &str| text.eq_ignore_ascii_case(word.as_bytes());
    if word("UNKNOWN") || word("PARANOID") {
        return Means::Else("is about hosts without a name, or whose name does not lead back");
    }
    match text_of(text).filter(|text| !text.ends_with('.')).and_then(Name::parse) {
        Some(name) => Means::Name(name),
        None => Means::Else("is no host name"),
    }
}

/// `192.0.2.` as a network; none that no address begins with.
fn prefix(head: &[u8]) -> Option<Network> {
    let numbers = text_of(head)?.strip_suffix('.')?;
    let octets: Vec<u8> = numbers.split('.').map(octet).collect::<Option<_>>()?;
    let length = u8::try_from(octets.len()).ok().filter(|count| *count < 4)?.checked_mul(8)?;
    let mut address = [0; 4];
    for (slot, octet) in address.iter_mut().zip(octets) {
        *slot = octet;
    }
    Network::new(IpAddr::from(address), length).ok()
}

/// A number as addresses are printed with.
pub(super) fn octet(text: &str) -> Option<u8> {
    text.parse().ok().filter(|octet: &u8| octet.to_string() == text)
}

/// A net under a mask, which may have holes.
fn masked(net: u32, mask: u32) -> Option<Vec<Network>> {
    let length = mask.leading_ones();
    let holes = mask.checked_shl(length).unwrap_or(0);
    // every bit between the first hole and the last bit that counts doubles the networks
    let width = if holes == 0 { length } else { 32 - mask.trailing_zeros() };
    let free: Vec<u32> = (length..width).filter(|bit| mask >> (31 - bit) & 1 == 0).collect();
    let count =
        1_u32.checked_shl(u32::try_from(free.len()).ok()?).filter(|count| *count <= PIECES)?;
    let piece = |number: u32| {
        let set = free.iter().enumerate().filter(|(at, _)| number >> at & 1 == 1);
        let address = set.fold(net, |address, (_, bit)| address | 1 << (31 - bit));
        Network::new(Ipv4Addr::from(address).into(), u8::try_from(width).ok()?).ok()
    };
    (0..count).map(piece).collect()
}

fn text_of(text: &[u8]) -> Option<&str> {
    std::str::from_utf8(text).ok()
}

/// A text for a comment.
pub(super) fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}
