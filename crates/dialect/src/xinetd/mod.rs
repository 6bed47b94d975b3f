//! xinetd.conf(5): the whole language for stream services.
//!
//! The text is read as xinetd reads it. Where xinetd then ignores something that restricts a
//! service, drops it silently, or fails open, portreeve refuses the configuration and names the
//! edit; what it does not serve it refuses by name. `docs/xinetd.md` has the whole comparison.
//! In an entry that is disabled nothing is worse than a note.

mod assignment;
pub mod attribute;
mod bounds;
mod check;
pub mod codes;
mod defaults;
mod enable;
mod keys;
mod lex;
mod line;
mod merge;
mod parse;
mod raw;
mod read;
mod report;
mod settings;
mod store;
mod value;

use crate::{Files, Host};
use check::{Context, Draft};
use defaults::Defaults;
use portreeve_diag::{Diagnostics, Sources, Span};
use portreeve_model::Service;
use raw::{Entry, Form, Subject};
use report::{Report, Scope};
use settings::Settings;
use std::collections::HashSet;

/// What a configuration offers.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The services in force, in the order they were written, without those whose own entries
    /// are wrong. Whoever finds an error among the diagnostics must refuse the whole: a restriction
    /// may be missing from any of them.
    pub services: Vec<LoadedService>,
}

impl Loaded {
    /// The services alone.
    #[must_use]
    pub fn into_services(self) -> Vec<Service> {
        self.services.into_iter().map(|loaded| loaded.service).collect()
    }
}

/// A service and what is needed to check it against TCP Wrappers' files.
#[derive(Clone, Debug)]
pub struct LoadedService {
    /// The service. Its key is unique among those loaded with it.
    pub service: Service,
    /// Where its name was written.
    pub at: Span,
    /// The daemon xinetd would ask TCP Wrappers about; `None` under `NOLIBWRAP` and for sensors.
    pub libwrap: Option<Daemon>,
}

/// A name under which TCP Wrappers know a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// The name.
    pub name: String,
    /// What it was taken from.
    pub at: Span,
}

/// Reads a configuration and everything it includes.
pub fn load(
    path: &str,
    files: &mut dyn Files,
    host: &Host<'_>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Loaded {
    let mut report = Report::new(diagnostics);
    let entries = read::read(path, files, sources, &mut report);
    let mut drafts = services(&entries, host, sources, &mut report);
    keys::conflicts(&drafts, &mut report);
    keys::assign(&mut drafts, &mut report);
    let loaded = |draft: Draft| LoadedService {
        service: draft.service,
        at: draft.at,
        libwrap: draft.libwrap,
    };
    Loaded { services: drafts.into_iter().map(loaded).collect() }
}

/// Checks every service entry.
fn services(
    entries: &[Entry],
    host: &Host<'_>,
    sources: &Sources,
    report: &mut Report<'_>,
) -> Vec<Draft> {
    let defaults = Defaults::read(entries, report);
    let scopes = enable::scopes(entries, &defaults, report);
    let live = |(position, scope): (usize, &Scope)| {
        let entry = entries.get(position).filter(|_| *scope == Scope::Live)?;
        matches!(entry.subject, Subject::Service(_)).then_some((position, entry.header))
    };
    defaults.late(scopes.iter().enumerate().find_map(live), report);
    let mut cx = Context { sources, host, defaults: &defaults, overlaps: HashSet::new(), rules: 0 };
    let mut drafts = Vec::new();
    for (position, (entry, scope)) in entries.iter().zip(scopes).enumerate() {
        let mut report = report.about(scope);
        let name = match &entry.subject {
            Subject::Defaults => continue,
            Subject::Unknown => {
                Settings::read(entry, &mut report);
                continue;
            }
            Subject::Service(name) => name,
        };
        let settings = Settings::read(entry, &mut report);
        defaults.late_add(position, &settings, &mut report);
        let id = enable::id(entry, name);
        let subject = check::Subject { name, id, header: entry.header, settings: &settings };
        let rules = cx.rules;
        let draft = check::service(&mut cx, &subject, &mut report);
        let sound = entry.form == Form::Sound && report.errors() == 0;
        let draft = draft.filter(|_| scope == Scope::Live && sound);
        if draft.is_none() {
            cx.rules = rules; // what is not loaded takes no room
        }
        drafts.extend(draft);
    }
    drafts
}
