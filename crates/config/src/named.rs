//! The sources that a configuration names, each once.

use crate::check::Check;
use portreeve_model::{Origin, Source, SourceFile, SourceId, SourceKind};

/// Sources in the order in which they are first named.
#[derive(Debug, Default)]
pub(crate) struct Named(Vec<Source>);

impl Named {
    /// The source of this kind, whose files need only their paths. They are among the texts from
    /// here on, empty until they are read.
    pub(crate) fn id(&mut self, check: &mut Check, kind: SourceKind, origin: Origin) -> SourceId {
        let known = self.0.iter().position(|source| source.kind == kind);
        let at = known.unwrap_or_else(|| {
            self.0.push(Source { kind: among_texts(check, kind), origin });
            self.0.len().saturating_sub(1)
        });
        SourceId(u32::try_from(at).unwrap_or(u32::MAX))
    }

    /// All of them.
    pub(crate) fn done(self) -> Vec<Source> {
        self.0
    }
}

/// A file of a source, which has no place among the texts yet.
pub(crate) fn file(path: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), file: u32::MAX }
}

/// A kind of source whose files have their places among the texts.
fn among_texts(check: &mut Check, kind: SourceKind) -> SourceKind {
    let mut placed = |file: SourceFile| {
        let text = check.sources.add(file.path.as_str(), "");
        SourceFile { file: text.0, ..file }
    };
    match kind {
        SourceKind::List(file) => SourceKind::List(placed(file)),
        SourceKind::Rules { file, missing } => SourceKind::Rules { file: placed(file), missing },
        SourceKind::Wrappers { allow, deny } => {
            let allow = placed(allow);
            SourceKind::Wrappers { allow, deny: placed(deny) }
        }
    }
}
