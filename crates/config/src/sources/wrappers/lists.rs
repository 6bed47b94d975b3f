//! The files that `/path` patterns name.

use super::super::Reader;
use super::at;
use super::sets::Sets;
use crate::world::Owner;
use crate::{codes, questions};
use portreeve_diag::{Diagnostic, Diagnostics, Level, Span};
use portreeve_dialect::wrappers::{Doubt, list_doubts, list_parts};
use portreeve_model::wrappers::{ClientPattern, DaemonPattern, HostPattern, Listed, Rule};
use std::collections::BTreeMap;

/// Files that are read for one pair, at most.
const MOST_FILES: usize = 1000;

/// Paths, each with the rule that names it first.
#[derive(Debug, Default)]
pub(super) struct Paths {
    named: Vec<(Vec<u8>, Rule)>,
}

impl Paths {
    /// Takes the paths that a rule names.
    pub(super) fn of_rule(&mut self, rule: &Rule) {
        let daemons = rule.daemons.parts.iter().flatten().map(|token| match &token.pattern {
            DaemonPattern::At(_, host) | DaemonPattern::PortAt(_, host) => Some(host),
            DaemonPattern::Name(_) | DaemonPattern::Port(_) => None,
        });
        let clients = rule.clients.parts.iter().flatten().map(|token| match &token.pattern {
            ClientPattern::Host(host) | ClientPattern::User(_, host) => Some(host),
        });
        for host in daemons.chain(clients).flatten() {
            if let HostPattern::File(path) = host
                && self.named.iter().all(|(known, _)| known != path)
            {
                self.named.push((path.clone(), rule.clone()));
            }
        }
    }

    /// Reads them, and those that they name.
    pub(super) fn read(
        self,
        reader: &mut Reader<'_>,
        sets: &mut Sets,
    ) -> Result<BTreeMap<Vec<u8>, Listed>, String> {
        let mut lists = BTreeMap::new();
        for (path, rule) in self.named {
            let place = at(reader.check, &rule);
            let mut open = vec![path];
            while let Some(path) = open.pop() {
                if lists.contains_key(&path) {
                    continue;
                }
                if lists.len() >= MOST_FILES {
                    let text = format!("more than {MOST_FILES} files are named");
                    let help = "put their words into fewer files";
                    say(reader, Some((codes::TOO_LARGE, text, help)), place);
                    return Ok(lists); // one that is not read refuses
                }
                let listed = one(&path, place, reader, sets)?;
                if let Listed::Patterns { others, .. } = &listed {
                    for host in others {
                        if let HostPattern::File(path) = host {
                            open.push(path.clone());
                        }
                    }
                }
                lists.insert(path, listed);
            }
        }
        Ok(lists)
    }
}

type Finding = (portreeve_diag::Code, String, &'static str);

fn one(
    path: &[u8],
    place: Span,
    reader: &mut Reader<'_>,
    sets: &mut Sets,
) -> Result<Listed, String> {
    let shown = String::from_utf8_lossy(path).into_owned();
    let read = match std::str::from_utf8(path) {
        Ok(path) => reader.file(path, Owner::Anybody).map_err(|why| (why.absent, why.reason)),
        Err(_) => Err((false, "its name is not UTF-8".to_owned())),
    };
    if let (Ok(bytes), true) = (&read, reader.world.thorough()) {
        doubted(reader, &shown, bytes);
    }
    let (listed, finding): (_, Option<Finding>) = match read.map(|bytes| list_parts(&bytes)) {
        Ok(Some((networks, others))) => {
            sets.count(others.len());
            let networks: Vec<_> = networks.into_iter().map(|network| (network, 1)).collect();
            let set = (!networks.is_empty()).then(|| sets.add(networks)).transpose()?;
            (Listed::Patterns { set, others }, None)
        }
        Ok(None) => {
            let text = format!("{shown} holds too many words that are no addresses");
            let help = "until it is divided, whoever comes as far as this rule is refused";
            (Listed::Unreadable, Some((codes::HOSTS_LIST_UNREADABLE, text, help)))
        }
        Err((true, _)) => {
            let text = format!("there is no {shown}: it matches nobody");
            let help = "write the file, or remove it from the rule";
            (Listed::Missing, Some((codes::HOSTS_LIST_MISSING, text, help)))
        }
        Err((false, reason)) => {
            let text = format!("open {shown}: {reason}");
            let help = "until it can be read, whoever comes as far as this rule is refused";
            (Listed::Unreadable, Some((codes::HOSTS_LIST_UNREADABLE, text, help)))
        }
    };
    say(reader, finding, place);
    Ok(listed)
}

/// Tells what is wrong with the words of a file, and keeps what must be asked about them.
fn doubted(reader: &mut Reader<'_>, path: &str, bytes: &[u8]) {
    let (check, mut found) = (&mut *reader.check, Diagnostics::new());
    let doubts = list_doubts(path, bytes, questions::MOST, &mut check.sources, &mut found);
    for (doubt, at) in doubts {
        if let Doubt::Ask(question) = doubt {
            check.questions.add(question, at);
        }
    }
    super::warn(check, found);
}

fn say(reader: &mut Reader<'_>, finding: Option<Finding>, place: Span) {
    if let Some((code, text, help)) = finding {
        let finding = Diagnostic::new(Level::Warning, code, Some(place), text);
        reader.check.say(finding.help(help));
    }
}
