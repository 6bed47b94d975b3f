//! hosts.allow and hosts.deny (hosts_access(5)), and whatever they name, as one image.
//!
//! A line that is written wrong has the safe meaning that the dialect gives it, with a warning: it
//! refuses no configuration and keeps no older image in force, since programs write these files.

mod lists;
mod sets;
mod words;

use super::{Image, Reader};
use crate::check::Check;
use crate::world::Owner;
use lists::Paths;
use portreeve_diag::{Diagnostic, Diagnostics, FileId, Level};
use portreeve_dialect::wrappers::{Part, parts};
use portreeve_model::SourceFile;
use portreeve_model::wrappers::{HostImage, Item, PlainRules, Rule, Which};
use portreeve_wire::hosts::{MAX_HEAD, image};
use sets::Sets;

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

/// Keeps findings, none of them as an error.
fn warn(check: &mut Check, found: Diagnostics) {
    for finding in found {
        let level = finding.level.min(Level::Warning);
        check.say(Diagnostic { level, ..finding });
    }
}

/// The place of a rule, for a finding.
fn at(check: &Check, rule: &Rule) -> portreeve_diag::Span {
    let origin = rule.origin;
    check.sources.line_span(FileId(origin.file), origin.line)
}
