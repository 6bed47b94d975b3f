//! xinetd.conf as native services.

use super::page::Page;
use super::{Converted, Remark, Weight};
use crate::load::{Entry, Loaded, load};
use crate::print;
use crate::world::World;
use portreeve_diag::{Diagnostic, Level, Sources};

/// An xinetd.conf and all it includes, as native services. What xinetd's language has and these
/// services have not, its reader says; that stands before them. One that is refused gives no text.
pub fn xinetd(path: &str, world: &mut dyn World) -> Converted {
    let Loaded { config, sources, diagnostics, .. } = load(&Entry::Xinetd(path.to_owned()), world);
    let Some(config) = config else {
        return Converted { text: String::new(), remarks: Vec::new(), sources, diagnostics };
    };
    let remarks: Vec<_> = diagnostics.iter().map(|finding| remark(finding, &sources)).collect();
    let mut page = Page::new(&[
        &format!("What {path} says, as native TOML."),
        "Every value stands as it applies, those of xinetd's `defaults` with each service: nothing",
        "is to be added from a `[defaults]` of your own.",
    ]);
    page.remarks(&remarks);
    let text = page.done() + &print::services(&config);
    Converted { text, remarks, sources, diagnostics }
}

/// What the reader said, as a comment. A warning is about the old file, or about what is meant
/// otherwise here; a note about what needs nothing.
pub(super) fn remark(finding: &Diagnostic, sources: &Sources) -> Remark {
    let place = |at| {
        let (line, _) = sources.line_column(at);
        format!("{}:{line}", sources.path(at.file))
    };
    Remark {
        at: finding.at.map(place),
        weight: match finding.level {
            Level::Note => Weight::Note,
            Level::Warning | Level::Error => Weight::Differs,
        },
        what: finding.message.clone(),
        mend: finding.help.join("; "),
    }
}
