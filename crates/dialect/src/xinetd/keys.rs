//! What no single entry shows: two services on one address, and what each is called.

use super::check::Draft;
use super::codes;
use super::report::{Report, error, quote};
use portreeve_diag::{Diagnostic, Span};
use portreeve_model::{Bind, Family, Listen, ServiceKey};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

/// Gives every service its key: its name, or `name@address:port` where several have the name.
pub(super) fn assign(drafts: &mut Vec<Draft>, report: &mut Report<'_>) {
    let lower = |draft: &Draft| draft.service.name.as_str().to_ascii_lowercase();
    let mut names: HashMap<String, usize> = HashMap::new();
    for draft in drafts.iter() {
        *names.entry(lower(draft)).or_default() += 1;
    }
    let mut taken: HashMap<ServiceKey, Span> = HashMap::new();
    drafts.retain_mut(|draft| {
        if names.get(&lower(draft)).copied().unwrap_or(0) > 1 {
            let Some(key) = long_key(draft) else {
                report.push(untellable(draft, "its name and address are too long for a key"));
                return false;
            };
            draft.service.key = key;
        }
        if let Some(other) = taken.get(&draft.service.key) {
            let why = format!("another is called {} too", quote(draft.service.key.as_str()));
            report.push(untellable(draft, &why).also(*other, "the other"));
            return false;
        }
        taken.insert(draft.service.key.clone(), draft.at);
        true
    });
}

fn long_key(draft: &Draft) -> Option<ServiceKey> {
    let listen = draft.service.listen.first()?;
    let address = match (&listen.bind, listen.family) {
        (Bind::Address(ip), Family::Dual) if ip.is_unspecified() => "*".to_owned(),
        (Bind::Address(ip @ IpAddr::V4(_)), _) => ip.to_string(),
        (Bind::Address(ip @ IpAddr::V6(_)), _) => format!("[{ip}]"),
        (Bind::Host(name), _) => name.clone(),
    };
    format!("{}@{address}:{}", draft.service.name, listen.port).parse().ok()
}

fn untellable(draft: &Draft, why: &str) -> Diagnostic {
    error(codes::KEY_TAKEN, draft.at, format!("this service cannot be told apart: {why}"))
        .help("give it an `id` of its own")
}

/// Reports addresses that are bound twice.
pub(super) fn conflicts(drafts: &[Draft], report: &mut Report<'_>) {
    let mut ports: BTreeMap<u16, Port> = BTreeMap::new();
    for draft in drafts {
        for (listen, at) in draft.service.listen.iter().zip(&draft.listen_at) {
            let port = ports.entry(listen.port).or_default();
            if let Some((other, service)) = port.take(listen, *at, draft.at) {
                let own = if service == draft.at { "twice" } else { "by two services" };
                let message = format!("port {} of this address is bound {own}", listen.port);
                report.push(
                    error(codes::ADDRESS_TAKEN, *at, message)
                        .also(other, "bound here too")
                        .help("give each its own `bind` or `port`, or disable one"),
                );
            }
        }
    }
}

/// A place where an address is bound, and the service it belongs to.
type Holder = (Span, Span);

/// Who holds what of a port. Every address of a family takes in each single one.
#[derive(Default)]
struct Port {
    hosts: HashMap<String, Holder>,
    single: HashMap<IpAddr, Holder>,
    first_v4: Option<Holder>,
    first_v6: Option<Holder>,
    all_v4: Option<Holder>,
    all_v6: Option<Holder>,
    reported: HashSet<(Span, Span)>,
}

impl Port {
    /// Takes an address; whoever has it already is returned, once for a pair of services.
    fn take(&mut self, listen: &Listen, at: Span, service: Span) -> Option<Holder> {
        let holder = (at, service);
        let other = match &listen.bind {
            Bind::Host(name) => self.hosts.insert(name.clone(), holder),
            Bind::Address(ip) if ip.is_unspecified() => {
                let v4 = listen.family != Family::V6;
                let v6 = listen.family != Family::V4;
                let mut other = None;
                if v4 {
                    other = other.or(self.all_v4).or(self.first_v4);
                    self.all_v4.get_or_insert(holder);
                }
                if v6 {
                    other = other.or(self.all_v6).or(self.first_v6);
                    self.all_v6.get_or_insert(holder);
                }
                other
            }
            Bind::Address(ip) => {
                let (all, first) = match ip {
                    IpAddr::V4(_) => (self.all_v4, &mut self.first_v4),
                    IpAddr::V6(_) => (self.all_v6, &mut self.first_v6),
                };
                first.get_or_insert(holder);
                self.single.insert(*ip, holder).or(all)
            }
        };
        other.filter(|(_, owner)| self.reported.insert((*owner, service)))
    }
}
