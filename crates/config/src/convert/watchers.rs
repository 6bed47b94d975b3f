//! What fail2ban and DenyHosts watch and judge, as native tables.

use super::page::Page;
use super::xinetd::remark;
use super::{Converted, Remark, Weight};
use crate::load::{Entry, Loaded, load};
use crate::print;
use crate::world::World;
use portreeve_diag::Level;

/// A folder of fail2ban's: each enabled jail as a watch, with its filter written out, and a judge. What
/// has no native form, its reader says; that stands before them. One that is refused gives no text.
pub fn fail2ban(directory: &str, world: &mut dyn World) -> Converted {
    let last =
        "Filters stand as they are with all that they include: fail2ban's files are asked no more.";
    converted(&Entry::Fail2ban(directory.to_owned()), directory, last, world)
}

/// A denyhosts.cfg as a watch, a judge and what becomes of bans, likewise.
pub fn denyhosts(file: &str, world: &mut dyn World) -> Converted {
    let last =
        "Its work directory is another matter: `portreeve import denyhosts` brings bans along.";
    converted(&Entry::DenyHosts(file.to_owned()), file, last, world)
}

fn converted(entry: &Entry, path: &str, last: &str, world: &mut dyn World) -> Converted {
    let Loaded { config, sources, diagnostics, .. } = load(entry, world);
    let Some(config) = config else {
        return Converted { text: String::new(), remarks: Vec::new(), sources, diagnostics };
    };
    // a note of theirs is about what is not taken from them
    let remarks = diagnostics.iter().map(|finding| match finding.level {
        Level::Note => Remark { weight: Weight::Differs, ..remark(finding, &sources) },
        Level::Warning | Level::Error => remark(finding, &sources),
    });
    let remarks: Vec<Remark> = remarks.collect();
    let mut page = Page::new(&[&format!("What {path} says, as native TOML."), last]);
    page.remarks(&remarks);
    let text = page.done() + &print::judgement(&config);
    Converted { text, remarks, sources, diagnostics }
}
