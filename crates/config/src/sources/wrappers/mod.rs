//! hosts.allow and hosts.deny (hosts_access(5)), and whatever they name, as one image.
//!
//! A line that is written wrong has the safe meaning that the dialect gives it, with a warning: it
//! refuses no configuration and keeps no older image in force, since programs write these files.

mod asked;
mod lists;
mod sets;
mod words;

pub(crate) use asked::tell;

use super::{Image, Reader};
use crate::check::{Check, place};
use crate::world::Owner;
use lists::Paths;
use portreeve_diag::{Diagnostic, Diagnostics, FileId, Level};
use portreeve_dialect::wrappers::{Doubt, Part, WORDS, codes, doubts, parts, shadowed};
use portreeve_model::wrappers::{HostImage, Item, PlainRules, Rule, Table, Tables, Which};
use portreeve_model::{Sited, SourceFile};
use portreeve_wire::hosts::{MAX_HEAD, image};
use sets::Sets;

/// Rules that are compared to find those that decide nothing.
const MOST_COMPARED: usize = 10_000;

/// Reads both files into their image. One that is not there has no rules; since rules have programs
/// run, both must be believed.
pub(super) fn read(
    allow: &SourceFile,
    deny: &SourceFile,
    reader: &mut Reader<'_>,
) -> Result<Image, String> {
    let mut sets = Sets::default();
    let mut head = HostImage::default();
    let mut paths = Paths::default();
    for (which, file, items) in
        [(Which::Allow, allow, &mut head.allow), (Which::Deny, deny, &mut head.deny)]
    {
        for part in file_parts(which, file, reader)? {
            match part {
                Part::Rule(rule) => {
                    paths.of_rule(&rule);
                    words::of_rule(&rule, reader, &mut head.words);
                    doubted(reader, &rule);
                    sets.count(1);
                    items.push(Item::Rule(rule));
                }
                Part::Plain(lists) => {
                    let lists = lists.into_iter().map(|plain| {
                        let set = sets.add(plain.networks)?;
                        Ok(PlainRules { first: plain.first, set })
                    });
                    items.push(Item::Plain(lists.collect::<Result<_, String>>()?));
                }
            }
        }
    }
    decided_before(reader.check, &head);
    head.lists = paths.read(reader, &mut sets)?;
    let (bytes, entries) = sets.done();
    let bytes = image(&head, &bytes).map_err(|_| {
        format!(
            "its rules, but for those of addresses alone, take more than {} MiB",
            MAX_HEAD >> 20
        )
    })?;
    Ok(Image { bytes, entries })
}

fn file_parts(
    which: Which,
    file: &SourceFile,
    reader: &mut Reader<'_>,
) -> Result<Vec<Part>, String> {
    let content = match reader.file(&file.path, Owner::Believed) {
        Ok(content) => content,
        Err(unread) if unread.absent => return Ok(Vec::new()),
        Err(unread) => return Err(reader.unread(&file.path, unread)),
    };
    let mut found = Diagnostics::new();
    let sources = &mut reader.check.sources;
    let parts = parts(which, FileId(file.file), &content, sources, &mut found);
    warn(reader.check, found);
    Ok(parts)
}

/// Tells what tcpdchk would, each at its word, and keeps what must be asked. Daemons and files are
/// looked for elsewhere.
fn doubted(reader: &mut Reader<'_>, rule: &Rule) {
    let (check, thorough) = (&mut *reader.check, reader.world.thorough());
    for Sited { value, origin } in doubts(rule) {
        let Some(at) = place(&check.sources, origin) else { continue };
        match value {
            Doubt::Said(text) => {
                let code = codes::DOUBTFUL;
                check.say(Diagnostic::new(Level::Warning, code, Some(at), text).help(WORDS));
            }
            Doubt::Ask(question) if thorough => check.questions.add(question, at),
            Doubt::Ask(_) | Doubt::Daemon(_) | Doubt::File(_) => {}
        }
    }
}

/// Tells which rules decide nothing, as long as they are few enough to compare.
fn decided_before(check: &mut Check, head: &HostImage) {
    let rules = |items: &[Item]| {
        let rules = items.iter().filter_map(|item| match item {
            Item::Rule(rule) => Some((**rule).clone()),
            Item::Plain(_) => None,
        });
        Table::Rules(rules.collect())
    };
    if head.allow.len().saturating_add(head.deny.len()) <= MOST_COMPARED {
        let tables = Tables { allow: rules(&head.allow), deny: rules(&head.deny) };
        let mut found = Diagnostics::new();
        shadowed(&tables, &check.sources, &mut found);
        warn(check, found);
    }
}

/// Keeps findings, none of them as an error.
fn warn(check: &mut Check, found: Diagnostics) {
    check.say_all(found, |level| level.min(Level::Warning));
}

/// The place of a rule, for a finding.
fn at(check: &Check, rule: &Rule) -> portreeve_diag::Span {
    let origin = rule.origin;
    check.sources.line_span(FileId(origin.file), origin.line)
}
