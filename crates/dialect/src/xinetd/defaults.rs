//! All `defaults` of a configuration together. Unlike in xinetd their order against services does
//! not matter, and what that changes is said.

use super::attribute::Attribute;
use super::check::listen;
use super::lex::Word;
use super::line::is_set_once;
use super::merge::{self, List};
use super::raw::{Assignment, Entry, Operator, Subject};
use super::report::{Report, error, warning};
use super::settings::{Peer, Settings};
use super::value::At;
use super::value::log::{Failure, Success};
use super::{attribute, codes};
use portreeve_diag::Span;

/// One `defaults` with its position among the entries.
struct Section {
    position: usize,
    header: Span,
    settings: Settings,
}

/// What services inherit.
#[derive(Default)]
pub(super) struct Defaults {
    sections: Vec<Section>,
    pub(super) only_from: Option<List<Peer>>,
    pub(super) no_access: Option<List<Peer>>,
    pub(super) log_on_success: Option<List<Success>>,
    pub(super) log_on_failure: Option<List<Failure>>,
    pub(super) passenv: Option<List<String>>,
}

impl Defaults {
    /// Reads every `defaults` among the entries and adds their lists up.
    pub(super) fn read(entries: &[Entry], report: &mut Report<'_>) -> Self {
        let mut sections: Vec<Section> = Vec::new();
        for (position, entry) in entries.iter().enumerate() {
            if matches!(entry.subject, Subject::Defaults) {
                let settings = Settings::read(entry, report);
                listen::differences(&settings, report);
                sections.push(Section { position, header: entry.header, settings });
            }
        }
        repeated(&sections, report);
        Self {
            only_from: list(&sections, Attribute::OnlyFrom, |s| &s.only_from, report),
            no_access: list(&sections, Attribute::NoAccess, |s| &s.no_access, report),
            log_on_success: list(&sections, Attribute::LogOnSuccess, |s| &s.log_on_success, report),
            log_on_failure: list(&sections, Attribute::LogOnFailure, |s| &s.log_on_failure, report),
            passenv: list(&sections, Attribute::Passenv, |s| &s.passenv, report),
            sections,
        }
    }

    /// The first value any section has.
    pub(super) fn first<T>(&self, get: impl Fn(&Settings) -> &Option<At<T>>) -> Option<&At<T>> {
        self.sections.iter().find_map(|section| get(&section.settings).as_ref())
    }

    /// All words of `enabled` or `disabled`.
    pub(super) fn all(&self, get: fn(&Settings) -> &Vec<Word>) -> impl Iterator<Item = &Word> {
        self.sections.iter().flat_map(move |section| get(&section.settings))
    }

    /// Whether `enabled` stands anywhere, be it with no value.
    pub(super) fn has_enabled(&self, entries: &[Entry]) -> bool {
        let mut sections = self.sections.iter().filter_map(|section| entries.get(section.position));
        sections.any(|entry| entry.assignments().any(|line| line.name.is("enabled")))
    }

    /// Reports sections that stand behind a live service which xinetd would give less than they
    /// say.
    pub(super) fn late(&self, first_service: Option<(usize, Span)>, report: &mut Report<'_>) {
        let Some((position, header)) = first_service else { return };
        for section in self.sections.iter().filter(|section| section.position > position) {
            let names = missed(&section.settings);
            if names.is_empty() {
                continue;
            }
            let message = format!("{} in `defaults` after a service", names.join(", "));
            report.push(
                warning(codes::LATE_DEFAULTS, section.header, message)
                    .also(header, "it applies to this service too, which in xinetd it would not")
                    .help("move `defaults` before the first service"),
            );
        }
    }

    /// Reports a service that adds to an `only_from` which in xinetd it would not have.
    pub(super) fn late_add(&self, position: usize, settings: &Settings, report: &mut Report<'_>) {
        let Some(first) = settings.only_from.first() else { return };
        let later = |section: &&Section| section.position > position;
        let late = self.sections.iter().filter(later).find_map(|s| s.settings.only_from.first());
        if let Some(late) = late.filter(|_| first.operator == Operator::Add) {
            let message = "`only_from +=` adds to a list that `defaults` begins only later";
            report.push(
                error(codes::LATE_DEFAULTS_ADD, first.at, message)
                    .also(late.at, "here")
                    .help("move `defaults` before the service, or write `=`"),
            );
        }
    }
}

/// What xinetd copies into a service when it meets it, and never again.
fn missed(settings: &Settings) -> Vec<&'static str> {
    let lists = [
        (!settings.only_from.is_empty(), "`only_from`"),
        (!settings.no_access.is_empty(), "`no_access`"),
        (settings.banner.is_some(), "`banner`"),
        (settings.banner_success.is_some(), "`banner_success`"),
        (settings.banner_fail.is_some(), "`banner_fail`"),
    ];
    lists.into_iter().filter(|(there, _)| *there).map(|(_, name)| name).collect()
}

fn list<T: merge::Named + Clone>(
    sections: &[Section],
    attribute: Attribute,
    get: impl Fn(&Settings) -> &Vec<super::settings::Edit<T>>,
    report: &mut Report<'_>,
) -> Option<List<T>> {
    let edits: Vec<_> = sections.iter().flat_map(|s| get(&s.settings)).cloned().collect();
    merge::defaults(attribute, &edits, report)
}

/// An attribute that two sections set differently.
fn repeated(sections: &[Section], report: &mut Report<'_>) {
    for definition in attribute::ALL.iter().filter(|definition| is_set_once(definition)) {
        let set = |s: &Section| -> Option<Assignment> {
            s.settings.seen.get(&definition.attribute).cloned()
        };
        let mut lines = sections.iter().filter_map(set);
        let Some(first) = lines.next() else { continue };
        for line in lines {
            report.push(super::line::repeated(&line, &first, definition.attribute));
        }
    }
}
