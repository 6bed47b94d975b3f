//! Sources: files apart from the configuration that access lists are read from, each read into an
//! *image*, the bytes in which the door looks things up.
//!
//! They may change at any time while the door runs; then they are read again, without the
//! configuration. A reader says what is wrong as findings, and why there is no image in a phrase.

mod list;
pub(crate) mod rules;
pub(crate) mod wrappers;

use crate::check::{Check, place};
use crate::codes;
use crate::world::{Found, Owner, Unread, World};
use portreeve_diag::{Diagnostic, Diagnostics, Level, Sources, Span};
use portreeve_model::{Origin, Source, SourceId, SourceKind, Watched};

/// What reading a source gave.
#[derive(Clone, Debug)]
pub struct SourceRead {
    /// The source.
    pub source: SourceId,
    /// Its image, or why there is none: then a finding is an error.
    pub outcome: Result<Image, String>,
    /// Everything that was looked at for it.
    pub watched: Vec<Watched>,
}

/// An image, and how many entries it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// What the door looks things up in.
    pub bytes: Vec<u8>,
    /// Entries, rules or records.
    pub entries: u64,
}

/// Reads every source of a configuration.
pub(crate) fn read_all(
    check: &mut Check,
    world: &mut dyn World,
    sources: &[Source],
) -> Vec<SourceRead> {
    let numbered = (0..).map(SourceId).zip(sources);
    numbered.map(|(id, source)| read(id, source, check, world)).collect()
}

/// Reads some sources of a configuration again, whose files are `files`; gives what each gave, the
/// texts, and the findings about them.
pub fn reread(
    sources: &[(SourceId, Source)],
    files: &[String],
    world: &mut dyn World,
) -> (Vec<SourceRead>, Sources, Diagnostics) {
    let mut check = Check::default();
    for path in files {
        check.sources.add(path.as_str(), "");
    }
    let each = |(id, source): &(SourceId, Source)| read(*id, source, &mut check, world);
    let images = sources.iter().map(each).collect();
    let (texts, found) = check.done();
    (images, texts, found)
}

fn read(id: SourceId, source: &Source, check: &mut Check, world: &mut dyn World) -> SourceRead {
    let before = check.found.errors();
    let mut reader = Reader::new(check, world, source.origin);
    let outcome = match &source.kind {
        SourceKind::List(file) => list::read(file, &mut reader),
        SourceKind::Rules { file, missing } => rules::read(file, *missing, &mut reader),
        SourceKind::Wrappers { allow, deny } => wrappers::read(allow, deny, &mut reader),
    };
    let Reader { check, watched, .. } = reader;
    if let (Err(why), true) = (&outcome, check.found.errors() == before) {
        let path = source.kind.files().next().map(|file| file.path.as_str()).unwrap_or_default();
        let message = format!("`{path}` cannot be used: {why}");
        let finding = Diagnostic::new(Level::Error, codes::UNREADABLE, None, message);
        check.say(finding.help("mend it, or name another"));
    }
    SourceRead { source: id, outcome, watched }
}

/// What the reader of a source has: the host's files, and where to say what is wrong.
pub(crate) struct Reader<'a> {
    /// Texts and findings.
    pub(crate) check: &'a mut Check,
    world: &'a mut dyn World,
    /// Where the source was first named.
    origin: Origin,
    watched: Vec<Watched>,
}

impl<'a> Reader<'a> {
    fn new(check: &'a mut Check, world: &'a mut dyn World, origin: Origin) -> Self {
        Self { check, world, origin, watched: Vec::new() }
    }

    /// Where the configuration names the source, while its text is at hand.
    pub(crate) fn named(&self) -> Option<Span> {
        place(&self.check.sources, self.origin)
    }

    /// The bytes of a file; the door watches it from now on, whether it is there or not. What
    /// cannot be read is for the caller to tell.
    pub(crate) fn file(&mut self, path: &str, owner: Owner) -> Result<Vec<u8>, Unread> {
        let Found { bytes, watched } = self.world.read_source(path, owner);
        for one in watched {
            if !self.watched.contains(&one) {
                self.watched.push(one);
            }
        }
        bytes
    }

    /// Says that a file cannot be read, and gives the reason as a phrase.
    pub(crate) fn unread(&mut self, path: &str, unread: Unread) -> String {
        let message = format!("`{path}` cannot be read: {}", unread.reason);
        let finding = Diagnostic::new(Level::Error, unread.code, self.named(), message);
        let help = match unread.absent {
            true => "make the file, or name another; an empty one matches nobody",
            false => "see to it that it can be read, or name another",
        };
        self.check.say(finding.help(help));
        unread.reason
    }
}
