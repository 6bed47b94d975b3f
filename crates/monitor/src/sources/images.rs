//! The images that the compiler wrote: sealed, mapped, and looked into where they lie.

use crate::succession::estate::{Kept, KeptImage};
use portreeve_model::{Source, Watched};
use portreeve_policy::{Image, Shared, Tables};
use portreeve_sys::file::{self, Mapped};
use portreeve_wire::compile::{self, MAX_IMAGES, Outcome};
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// What is in force of one source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    /// `None`: whoever needs it is refused.
    pub(crate) image: Option<Piece>,
    /// Where a change may change it.
    pub(crate) watched: Vec<Watched>,
    /// When it was read, in seconds since the epoch.
    pub(crate) since: i64,
}

/// An image: a part of a memory file.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) file: Arc<Mapped>,
    pub(crate) offset: u64,
    pub(crate) length: u64,
    /// How many entries the source has.
    pub(crate) entries: u64,
}

impl Piece {
    /// What admission looks into; `None` when the part is not in the file.
    pub(crate) fn image(&self) -> Option<Image> {
        let start = usize::try_from(self.offset).ok()?;
        let end = start.checked_add(usize::try_from(self.length).ok()?)?;
        let file: Shared = Arc::clone(&self.file) as Shared;
        Image::within(&file, start..end)
    }
}

/// One source that was read: its place among the sources, and its image or why there is none.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) source: usize,
    pub(crate) outcome: Result<Piece, String>,
    pub(crate) watched: Vec<Watched>,
}

/// Paths that are watched for the sources of one answer, at most: each is looked at again and again.
const MOST_WATCHED: usize = 16 << 10;

/// Takes over what the compiler says to have written into a memory file, which is final from then on.
pub(crate) fn take(images: Vec<compile::Image>, memory: OwnedFd) -> Result<Vec<Read>, String> {
    if images.is_empty() {
        return Ok(Vec::new());
    }
    let map = |memory: OwnedFd| {
        file::seal(&memory)?;
        Mapped::new(memory, MAX_IMAGES)
    };
    let watched: usize = images.iter().map(|image| image.watched.len()).sum();
    if watched > MOST_WATCHED {
        return Err(format!("its lists lie in {watched} files, and {MOST_WATCHED} is the most"));
    }
    let file = Arc::new(map(memory).map_err(|e| format!("its images cannot be used: {e}"))?);
    // images that lie upon one another would have the same bytes decoded once for each
    let length = |image: &compile::Image| match image.outcome {
        Outcome::Read { length, .. } => length,
        Outcome::Bad(_) => 0,
    };
    let all = images.iter().map(length).fold(0, u64::saturating_add);
    if u64::try_from((*file).as_ref().len()).is_ok_and(|bytes| all > bytes) {
        return Err("its images do not fit into their file".into());
    }
    let piece = |outcome| match outcome {
        Outcome::Bad(why) => Ok(Err(why)),
        Outcome::Read { offset, length, entries } => {
            let piece = Piece { file: Arc::clone(&file), offset, length, entries };
            match piece.image() {
                Some(_) => Ok(Ok(piece)),
                None => Err("it names an image outside of its file"),
            }
        }
    };
    let read = |image: compile::Image| {
        let source = usize::try_from(image.source.0).unwrap_or(usize::MAX);
        Ok(Read { source, outcome: piece(image.outcome)?, watched: image.watched })
    };
    images.into_iter().map(read).collect()
}

/// The images of a configuration that was read whole: each of its sources has one.
pub(crate) fn all(sources: &[Source], read: Vec<Read>, since: i64) -> Result<Vec<Held>, String> {
    let fit = read.iter().map(|one| one.source).eq(0..sources.len());
    let held =
        |one: Read| Some(Held { image: Some(one.outcome.ok()?), watched: one.watched, since });
    let held: Option<Vec<Held>> = read.into_iter().map(held).collect();
    held.filter(|_| fit).ok_or_else(|| "the compiler contradicts itself".to_owned())
}

/// The memory files that these lie in, each once.
pub(crate) fn files(held: &[Held]) -> Vec<&Arc<Mapped>> {
    let mut files: Vec<&Arc<Mapped>> = Vec::new();
    for piece in held.iter().filter_map(|one| one.image.as_ref()) {
        if !files.iter().any(|file| Arc::ptr_eq(file, &piece.file)) {
            files.push(&piece.file);
        }
    }
    files
}

/// The name under which a successor gets one of [`files`].
pub(crate) fn name(at: usize) -> String {
    format!("images-{at}")
}

/// What a successor must know of them.
pub(crate) fn keep(held: &[Held]) -> Vec<Kept> {
    let files = files(held);
    let image = |piece: &Piece| {
        let file = files.iter().position(|file| Arc::ptr_eq(file, &piece.file))?;
        let Piece { offset, length, entries, .. } = *piece;
        Some(KeptImage { file: u32::try_from(file).ok()?, offset, length, entries })
    };
    let one = |held: &Held| Kept {
        image: held.image.as_ref().and_then(image),
        watched: held.watched.clone(),
        since: held.since,
    };
    held.iter().map(one).collect()
}

/// What a predecessor kept, in files that were mapped again.
pub(crate) fn held(kept: Kept, files: &BTreeMap<u32, Arc<Mapped>>) -> Held {
    let piece = |KeptImage { file, offset, length, entries }| {
        let piece = Piece { file: Arc::clone(files.get(&file)?), offset, length, entries };
        piece.image().map(|_| piece)
    };
    Held { image: kept.image.and_then(piece), watched: kept.watched, since: kept.since }
}

/// Puts images where admission finds them.
pub(crate) fn put(tables: &mut Tables, held: &[Held]) {
    for (id, one) in (0..).map(portreeve_model::SourceId).zip(held) {
        let image = one.image.as_ref().and_then(Piece::image);
        tables.set_source(id, image.ok_or_else(|| "it has not been read".to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_model::{Dialect, SourceId, SourceKind};

    fn image(source: u32, offset: u64, length: u64) -> compile::Image {
        let outcome = Outcome::Read { offset, length, entries: 1 };
        compile::Image { source: SourceId(source), outcome, watched: Vec::new() }
    }

    fn memory() -> OwnedFd {
        file::memfd("images", b"aaaabbbb").unwrap()
    }

    fn source(path: &str) -> Source {
        let file = portreeve_model::SourceFile { path: path.into(), file: 0 };
        let origin =
            portreeve_model::Origin { file: 0, line: 1, column: 1, dialect: Dialect::Native };
        Source { kind: SourceKind::List(file), origin }
    }

    #[test]
    fn images_lie_where_the_compiler_says_or_nothing_of_it_is_used() {
        let read = take(vec![image(0, 0, 4), image(1, 4, 4)], memory()).unwrap();
        let held = all(&[source("/a"), source("/b")], read, 7).unwrap();
        let bytes = |held: &Held| held.image.as_ref().unwrap().image().unwrap().bytes().to_vec();
        assert_eq!(held.iter().map(bytes).collect::<Vec<_>>(), [b"aaaa", b"bbbb"]);
        for bad in [image(0, 5, 4), image(0, u64::MAX, 2), image(0, 2, u64::MAX)] {
            assert!(take(vec![bad], memory()).is_err());
        }
    }

    #[test]
    fn what_an_answer_may_cost_is_bounded_by_its_file() {
        let over = |count| (0..count).map(|id| image(id, 0, 4)).collect();
        assert!(take(over(2), memory()).is_ok());
        assert!(take(over(3), memory()).is_err(), "the same bytes again and again");
        let path = |at: usize| Watched {
            path: format!("/{at}"),
            mark: portreeve_model::Mark::Absent,
            reach: portreeve_model::Reach::Local,
        };
        let watching = |count: usize| {
            let watched = (0..count).map(path).collect();
            vec![compile::Image { watched, ..image(0, 0, 4) }]
        };
        assert!(take(watching(MOST_WATCHED), memory()).is_ok());
        assert!(take(watching(MOST_WATCHED + 1), memory()).is_err());
    }

    #[test]
    fn an_answer_about_other_sources_is_none() {
        let two = [source("/a"), source("/b")];
        for ids in [&[0][..], &[1, 0], &[0, 1, 2], &[0, 0]] {
            let images = ids.iter().map(|id| image(*id, 0, 2)).collect();
            assert!(all(&two, take(images, memory()).unwrap(), 7).is_err(), "{ids:?}");
        }
        let bad = compile::Image { outcome: Outcome::Bad("no".into()), ..image(1, 0, 0) };
        assert!(all(&two, take(vec![image(0, 0, 4), bad], memory()).unwrap(), 7).is_err());
    }
}
