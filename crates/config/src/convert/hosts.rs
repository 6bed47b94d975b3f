//! hosts.allow and hosts.deny as native lists: for each daemon that they name, and for the others.

use super::clients::{self, Difference, shown};
use super::order::{self, Line, Lists};
use super::page::{Defaults, Page, Part};
use super::{Converted, Remark, Weight};
use crate::words::quote;
use portreeve_diag::{Diagnostics, FileId, Sources};
use portreeve_model::Origin;
use portreeve_model::wrappers::{DaemonPattern, List, Rule, Table, Tables, Token, Which, Word};
use std::collections::BTreeSet;

/// Daemons that are told apart at most.
const DAEMONS: usize = 256;

/// What the two files say, natively. `allow` and `deny` are the paths that are cited, and that go
/// on deciding where lists cannot.
pub(super) fn convert(
    tables: &Tables,
    (allow, deny): (&str, &str),
    mut remarks: Vec<Remark>,
    sources: Sources,
    diagnostics: Diagnostics,
) -> Converted {
    let mut page = Page::new(&[
        &format!("What {allow} and {deny} say, as native TOML."),
        "These are access lists alone: give each service its `listen` and `run`, or move the lines",
        "to the service that you have. `[defaults]` is about every daemon that no rule names.",
        "A name counts where it leads back to the peer's address; of several, each counts.",
    ]);
    let names = daemons(tables);
    if names.len() > DAEMONS {
        remarks.push(Remark {
            at: None,
            weight: Weight::Kept,
            what: format!("more than {DAEMONS} daemons are named"),
            mend: "the files go on deciding about the others".into(),
        });
    }
    page.remarks(&remarks);
    let rules = Rules::of(tables);
    let others = rules.part(None, &sources);
    let named = names.into_iter().take(DAEMONS);
    let parts: Vec<_> = named.map(|name| rules.part(Some(name), &sources)).collect();
    let kept = |part: &Part| part.lists.is_none();
    let import = parts.iter().any(kept) || kept(&others);
    if import {
        page.import(allow, deny);
    }
    let defaults = Defaults {
        allow: others.lists.as_ref().is_some_and(|lists| lists.allow.is_some()),
        deny: others.lists.as_ref().is_some_and(|lists| !lists.deny.is_empty()),
        import,
    };
    for part in std::iter::once(others).chain(parts) {
        one_part(&mut page, &part, defaults);
        remarks.extend(part.remarks);
    }
    Converted { text: page.done(), remarks, sources, diagnostics }
}

fn one_part(page: &mut Page, part: &Part, defaults: Defaults) {
    page.gap();
    page.remarks(&part.remarks);
    match (&part.daemon, &part.lists) {
        (None, None) => {
            page.comment("The files go on deciding about every daemon that is not below.")
        }
        (None, Some(lists)) if *lists == Lists::default() => {
            page.comment("No rule is about any other daemon.");
        }
        (None, Some(lists)) => {
            page.line("[defaults]");
            page.lists(lists, Defaults::default());
        }
        (Some(daemon), lists) => {
            let name = shown(daemon);
            if !page.service(daemon) {
                return;
            }
            match lists {
                Some(lists) => {
                    if defaults.import {
                        page.line("hosts-access = false");
                    }
                    page.lists(lists, defaults);
                }
                None => {
                    page.line(&format!("hosts-access = {}", quote::text(&name)));
                    page.lists(&Lists::default(), defaults);
                }
            }
        }
    }
}

/// The names of daemons that are written out, in order, each once in any case.
fn daemons(tables: &Tables) -> Vec<Vec<u8>> {
    let rules =
        [Which::Allow, Which::Deny].into_iter().flat_map(|which| tables.table(which).rules());
    let tokens = rules.flat_map(|rule| rule.daemons.parts.iter().flatten());
    let mut seen = BTreeSet::new();
    let names = tokens.filter_map(|token| match &token.pattern {
        DaemonPattern::Name(Word::Same(name)) | DaemonPattern::At(Word::Same(name), _) => {
            Some(name)
        }
        DaemonPattern::Name(_)
        | DaemonPattern::At(..)
        | DaemonPattern::Port(_)
        | DaemonPattern::PortAt(..) => None,
    });
    names.filter(|name| seen.insert(name.to_ascii_lowercase())).cloned().collect()
}

/// A rule, and what a list can say of it.
struct One<'a> {
    rule: &'a Rule,
    /// Whom it matches and what it does; or what no list can say, and where.
    line: Result<Line, (Origin, String)>,
    remarks: Vec<Difference>,
}

struct Rules<'a> {
    all: Vec<One<'a>>,
    unreadable: bool,
}

impl<'a> Rules<'a> {
    fn of(tables: &'a Tables) -> Self {
        let mut all = Vec::new();
        for which in [Which::Allow, Which::Deny] {
            for rule in tables.table(which).rules() {
                let number = all.len();
                all.push(one(rule, which, number));
            }
        }
        let unreadable = [Which::Allow, Which::Deny]
            .into_iter()
            .any(|w| matches!(tables.table(w), Table::Unreadable));
        Self { all, unreadable }
    }

    /// What is said about a daemon; without one, about those that no rule names.
    fn part(&self, daemon: Option<Vec<u8>>, sources: &Sources) -> Part {
        let mut remarks = Vec::new();
        let lists = self.lists(daemon.as_deref(), &mut remarks);
        let shown =
            |origin: Origin| format!("{}:{}", sources.path(FileId(origin.file)), origin.line);
        let remarks = remarks.into_iter().map(|(origin, weight, what, mend): Said| Remark {
            at: origin.map(shown),
            weight,
            what,
            mend: mend.into(),
        });
        Part { daemon, lists, remarks: remarks.collect() }
    }

    fn lists(&self, daemon: Option<&[u8]>, remarks: &mut Vec<Said>) -> Option<Lists> {
        let kept =
            |origin: Origin, what: String| -> Said { (Some(origin), Weight::Kept, what, KEPT) };
        if self.unreadable {
            remarks.push((None, Weight::Kept, "a file cannot be read".into(), KEPT));
            return None;
        }
        let mut lines = Vec::new();
        for one in &self.all {
            match concerns(&one.rule.daemons, daemon) {
                Concern::No => continue,
                Concern::Yes => {}
                Concern::Open(origin, why) => {
                    remarks.push(kept(origin, why));
                    return None;
                }
            }
            match &one.line {
                Ok(line) => lines.push(line.clone()),
                Err((origin, why)) => {
                    remarks.push(kept(*origin, why.clone()));
                    return None;
                }
            }
            let differs = one.remarks.iter().cloned();
            remarks.extend(differs.map(|(at, what, mend)| (Some(at), Weight::Differs, what, mend)));
            if lines.last().is_some_and(Line::is_for_everybody) {
                break; // nobody is left for the rules behind it
            }
        }
        match order::lists(lines) {
            Ok(lists) => Some(lists),
            Err(tangle) => {
                remarks.clear();
                let origin = self.all.get(tangle.rule).map(|one| one.rule.origin);
                remarks.push((origin, Weight::Kept, tangle.why.into(), KEPT));
                None
            }
        }
    }
}

/// Place, weight, what, and what to do.
type Said = (Option<Origin>, Weight, String, &'static str);

const KEPT: &str = "the files go on deciding about this daemon";

/// Whether a rule is about a daemon, whatever the address it was reached at.
enum Concern {
    No,
    Yes,
    Open(Origin, String),
}

fn concerns(list: &List<DaemonPattern>, daemon: Option<&[u8]>) -> Concern {
    let mut matched = false;
    for part in &list.parts {
        let mut found = Concern::No;
        for token in part {
            match token_concerns(token, daemon) {
                Concern::Yes => {
                    found = Concern::Yes;
                    break;
                }
                open @ Concern::Open(..) if matches!(found, Concern::No) => found = open,
                Concern::Open(..) | Concern::No => {}
            }
        }
        match found {
            Concern::No => break,
            open @ Concern::Open(..) => return open,
            Concern::Yes => matched = !matched,
        }
    }
    if matched { Concern::Yes } else { Concern::No }
}

fn token_concerns(token: &Token<DaemonPattern>, daemon: Option<&[u8]>) -> Concern {
    let open = |why: &str| Concern::Open(token.origin, format!("`{}` {why}", shown(&token.text)));
    let named = |word: &Word| match (word, daemon) {
        (Word::All | Word::Known, None) => Concern::Yes,
        (Word::Glob(glob), None) if glob.iter().all(|byte| *byte == b'*') => Concern::Yes,
        (Word::Same(_) | Word::V6(..), None) => Concern::No,
        (_, None) => open("is about daemons by a part of their names"),
        (word, Some(daemon)) if word.matches(daemon) => Concern::Yes,
        (_, Some(_)) => Concern::No,
    };
    match &token.pattern {
        DaemonPattern::Name(word) => named(word),
        DaemonPattern::Port(_) | DaemonPattern::PortAt(..) => {
            open("is about whichever daemon has that port")
        }
        DaemonPattern::At(word, _) => match named(word) {
            Concern::Yes => open("is about one of the daemon's addresses"),
            other @ (Concern::No | Concern::Open(..)) => other,
        },
    }
}

fn one(rule: &Rule, which: Which, number: usize) -> One<'_> {
    let mut remarks = Vec::new();
    let line = clients::line(rule, which, number, &mut remarks);
    One { rule, line, remarks }
}
