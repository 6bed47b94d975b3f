//! A native list: an address, network, range or host name on each line.
//!
//! Blank lines are nothing, and so is everything from a `#` on. Lines may end as they do elsewhere,
//! and a byte order mark may stand before the first. Bad lines are told all at once, up to a bound,
//! and then the list as a whole is refused: an entry that is silently missing would let somebody in,
//! or keep somebody out.

mod entry;
mod report;

use super::{Image, Reader};
use crate::codes;
use crate::world::Owner;
use entry::Entry;
use portreeve_diag::{Diagnostic, Level};
use portreeve_lists::Builder;
use portreeve_model::{Pattern, SourceFile};
use report::Report;
use std::hash::{BuildHasher, RandomState};

/// Entries of a list at most.
pub(super) const ENTRIES: u32 = 4_000_000;

/// Reads a list into its image, whose values are the entries' lines.
pub(super) fn read(file: &SourceFile, reader: &mut Reader<'_>) -> Result<Image, String> {
    let bytes = reader.file(&file.path, Owner::Anybody);
    let bytes = bytes.map_err(|unread| reader.unread(&file.path, unread))?;
    let mut report = Report::default();
    let (builder, entries) = gather(&bytes, &mut report);
    if entries > ENTRIES {
        let message = format!("`{}` has more than {ENTRIES} entries", file.path);
        let finding = Diagnostic::new(Level::Error, codes::TOO_LARGE, reader.named(), message);
        reader.check.say(finding.help("divide it: an access list may name several files"));
    }
    report.tell(file, reader)?;
    if entries > ENTRIES {
        return Err(format!("it has more than {ENTRIES} entries"));
    }
    if entries == 0 {
        let message = format!("`{}` has no entry: it matches nobody", file.path);
        let finding = Diagnostic::new(Level::Warning, codes::EMPTY_LIST, reader.named(), message);
        reader.check.say(finding.help("write an address, a network or a host name on each line"));
    }
    let bytes = builder.build().map_err(|error| error.to_string())?;
    Ok(Image { bytes, entries: entries.into() })
}

/// Every entry, with its line, and how many there are; past the bound the rest is not read.
fn gather(bytes: &[u8], report: &mut Report) -> (Builder, u32) {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    // hosts may write their own names into a list: they must not know where these are looked for
    let mut builder = Builder::new(RandomState::new().hash_one(bytes.len()));
    let mut entries = 0_u32;
    for (number, line) in (1_u32..).zip(bytes.split(|byte| *byte == b'\n')) {
        let entry = match entry::parse(line) {
            Ok(None) => continue,
            Ok(Some(entry)) => entry,
            Err(trouble) => {
                report.add(number, line, trouble);
                continue;
            }
        };
        entries = entries.saturating_add(1);
        if entries > ENTRIES {
            break;
        }
        let Entry { pattern, odd } = entry;
        match pattern {
            Pattern::Network(network) => builder.network(network, number),
            Pattern::Range(range) => builder.range(range, number),
            Pattern::Host(host) => builder.host(&host, number),
            Pattern::Listed(_) => {} // which `parse` does not give
        }
        if let Some(trouble) = odd {
            report.add(number, line, trouble);
        }
    }
    (builder, entries)
}

#[cfg(test)]
mod tests;
