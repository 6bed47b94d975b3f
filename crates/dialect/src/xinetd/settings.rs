//! What one entry says, attribute by attribute, values read: still as written, nothing inherited.

use super::attribute::Attribute;
use super::lex::Word;
use super::raw::{Assignment, Entry, EntryLine, Operator};
use super::report::{Report, error};
use super::value::At;
use super::value::log::{Failure, Success};
use super::value::times::Interval;
use super::value::word::{Flag, Set, SocketType, Type};
use super::{codes, line, store};
use portreeve_diag::Span;
use portreeve_model::{Bind, Limit, Load, LogTarget, Pattern, Principal, Resource, Sentence};
use std::collections::BTreeMap;

/// One line of a list attribute.
#[derive(Clone, Debug)]
pub(super) struct Edit<T> {
    pub(super) operator: Operator,
    pub(super) items: Vec<At<T>>,
    pub(super) at: Span,
}

/// An item of an access list: one pattern (a factorised word makes several) and its word.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) pattern: Pattern,
    pub(super) text: String,
}

/// `cps MAX WAIT`
#[derive(Clone, Copy, Debug)]
pub(super) struct Cps {
    pub(super) most: u32,
    pub(super) wait: u32,
}

/// What an entry says. An attribute that could not be read is absent, and was reported.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// Every attribute that was set with `=` once, with its line.
    pub(super) seen: BTreeMap<Attribute, Assignment>,
    pub(super) types: Option<Set<Type>>,
    pub(super) flags: Option<Set<Flag>>,
    pub(super) disable: Option<At<bool>>,
    pub(super) socket_type: Option<At<SocketType>>,
    pub(super) protocol: Option<Word>,
    pub(super) wait: Option<At<bool>>,
    pub(super) user: Option<At<Principal>>,
    pub(super) group: Option<At<Principal>>,
    pub(super) groups: Option<At<bool>>,
    pub(super) umask: Option<At<u32>>,
    pub(super) nice: Option<At<i32>>,
    pub(super) server: Option<At<String>>,
    pub(super) server_args: Option<At<Vec<String>>>,
    pub(super) libwrap: Option<Word>,
    pub(super) access_times: Option<At<Vec<At<Interval>>>>,
    pub(super) log_type: Option<At<LogTarget>>,
    pub(super) port: Option<At<u32>>,
    pub(super) bind: Option<At<Vec<At<Bind>>>>,
    pub(super) banner: Option<At<String>>,
    pub(super) banner_success: Option<At<String>>,
    pub(super) banner_fail: Option<At<String>>,
    pub(super) instances: Option<At<Option<u32>>>,
    pub(super) per_source: Option<At<Option<u32>>>,
    pub(super) cps: Option<At<Cps>>,
    pub(super) max_load: Option<At<Load>>,
    pub(super) limits: Vec<(Resource, Limit)>,
    pub(super) deny_time: Option<At<Sentence>>,
    pub(super) v6only: Option<At<bool>>,
    pub(super) mdns: Option<At<bool>>,
    pub(super) only_from: Vec<Edit<Peer>>,
    pub(super) no_access: Vec<Edit<Peer>>,
    pub(super) log_on_success: Vec<Edit<Success>>,
    pub(super) log_on_failure: Vec<Edit<Failure>>,
    pub(super) passenv: Vec<Edit<String>>,
    pub(super) env: Vec<Edit<(String, String)>>,
    pub(super) enabled: Vec<Word>,
    pub(super) disabled: Vec<Word>,
}

impl Settings {
    /// Reads every line of an entry, reporting what is wrong with each.
    pub(super) fn read(entry: &Entry, report: &mut Report<'_>) -> Self {
        let mut settings = Self::default();
        let mut rejected: Option<Span> = None;
        for raw in &entry.lines {
            let before = report.errors();
            match raw {
                EntryLine::Fault(finding) => report.push(finding.as_ref().clone()),
                EntryLine::Assignment(assignment) => {
                    settings.assign(entry, assignment, report);
                    settings.revived(assignment, rejected, report);
                }
            }
            if report.errors() > before {
                rejected = rejected.or(Some(match raw {
                    EntryLine::Assignment(assignment) => assignment.at,
                    EntryLine::Fault(finding) => finding.at.unwrap_or(entry.header),
                }));
            }
        }
        settings
    }

    fn assign(&mut self, entry: &Entry, assignment: &Assignment, report: &mut Report<'_>) {
        let Some((definition, values)) = line::check(entry, assignment, &self.seen, report) else {
            return;
        };
        if line::is_set_once(definition) {
            if self.seen.contains_key(&definition.attribute) {
                return; // reported; as in xinetd the first one stands
            }
            self.seen.insert(definition.attribute, assignment.clone());
        }
        store::store(self, definition.attribute, assignment, &values, report);
    }

    /// In xinetd a rejected value only marks the service as disabled, and this line takes the
    /// mark away.
    fn revived(&self, assignment: &Assignment, rejected: Option<Span>, report: &mut Report<'_>) {
        let (Some(rejected), Some(disable)) = (rejected, &self.disable) else { return };
        if disable.at == assignment.at && !disable.value {
            report.push(
                error(codes::REVIVED, assignment.at, "`disable = no` after a rejected value")
                    .also(rejected, "rejected here")
                    .help("mend the value; xinetd would now run the service without it"),
            );
        }
    }
}
