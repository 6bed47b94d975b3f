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
use portreeve_dialect::wrappers::{
    Doubt, MOST_COMPARED, Part, Shadows, WORDS, codes, doubts, parts,
};
use portreeve_model::wrappers::{HostImage, Item, PlainRules, Rule, Which};
use portreeve_model::{Sited, SourceFile};
use portreeve_wire::hosts::{MAX_HEAD, image};
use sets::Sets;

/// Rules that are compared to find those that decide nothing, while a door waits for the rules.
const FEW_COMPARED: usize = 10_000;

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
    let thorough = reader.world.thorough();
    let mut shadows = Shadows::new(if thorough { MOST_COMPARED } else { FEW_COMPARED });
    for (which, file, items) in
        [(Which::Allow, allow, &mut head.allow), (Which::Deny, deny, &mut head.deny)]
    {
        for part in file_parts(which, file, reader)? {
            shadows.part(which, &part);
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
    decided_before(reader.check, shadows, thorough);
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

/// Tells which rules decide nothing.
fn decided_before(check: &mut Check, shadows: Shadows, thorough: bool) {
    let mut found = Diagnostics::new();
    let all = shadows.tell(&check.sources, &mut found);
    warn(check, found);
    if thorough && !all {
        let text = format!(
            "rules behind some {MOST_COMPARED} pairs of a daemon and a client are not compared: \
             any of them may decide nothing"
        );
        let note = Diagnostic::new(Level::Note, codes::SHADOWED, None, text);
        check.say(note.help("divide the rules into networks, or put the addresses into a list"));
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
