//! Which of the files beside a watched one hold what was not read of it: those that it was renamed or
//! copied to while nobody looked.

use crate::follow::file::modified;
use crate::follow::tail::Place;
use portreeve_ledger::Position;
use portreeve_wire::watched::FileId;
use std::collections::HashSet;
use std::fs::File;
use std::os::unix::fs::MetadataExt;

/// What is known of a path.
#[derive(Debug)]
pub(super) struct Beside<'a> {
    /// Where its readers were, in whichever files.
    pub(super) positions: &'a [Position],
    /// The file that lies there now.
    pub(super) own: FileId,
    /// How it begins: a file that begins the same is a copy of it, as one that is just being made
    /// before it is cut.
    pub(super) head: &'a [u8],
    /// When the path began to be watched, milliseconds since the epoch.
    pub(super) since: Option<i64>,
    /// Files that are being followed.
    pub(super) followed: &'a HashSet<FileId>,
}

impl Beside<'_> {
    /// Those of the candidates that are to be read on, each from its place: one that holds what was read
    /// goes on from there, whatever its number; one in which nobody was, and that was written since
    /// the path is watched, is a generation that came and went unseen, and is read from its beginning.
    pub(super) fn find(&self, candidates: Vec<File>) -> Vec<(File, FileId, Place)> {
        let mut found: Vec<(i64, File, FileId, Place)> = Vec::new();
        for file in candidates {
            let Ok(stat) = file.metadata() else { continue };
            let id = FileId { device: stat.dev(), inode: stat.ino() };
            if id == self.own || self.followed.contains(&id) {
                continue;
            }
            if !self.head.is_empty() && head(&file).starts_with(self.head) {
                continue;
            }
            let at = modified(&file);
            let place = match self.place(&file, id) {
                Some(place) if place.offset >= stat.len() => continue,
                Some(place) => place,
                None if self.is_later(at) => Place::default(),
                None => continue,
            };
            found.push((at, file, id, place));
        }
        found.sort_by_key(|(at, ..)| *at);
        found.into_iter().map(|(_, file, id, place)| (file, id, place)).collect()
    }

    /// The furthest place that somebody was at and that is in a file.
    fn place(&self, file: &File, id: FileId) -> Option<Place> {
        let is = |it: &Position, id: FileId| (it.device, it.inode) == (id.device, id.inode);
        // what was read of the file that lies there now is in a copy of it too
        let others = self.positions.iter().filter(|it| !is(it, self.own));
        let places = others.filter(|it| it.tail > 0 || is(it, id)).map(Place::of);
        let there = places.filter(|place| place.is_in(file).unwrap_or(false));
        there.max_by_key(|place| place.offset)
    }

    /// Whether a file was written after its path began to be watched: one that nobody was in is then a
    /// generation that came and went between two looks.
    fn is_later(&self, at: i64) -> bool {
        self.since.is_some_and(|since| at >= since)
    }
}

/// How a file begins: some bytes, or as many as there are.
pub(super) fn head(file: &File) -> Vec<u8> {
    let mut head = vec![0; 64];
    let read = std::os::unix::fs::FileExt::read_at(file, &mut head, 0).unwrap_or(0);
    head.truncate(read);
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::follow::tail::{Go, Took};
    use crate::scratch::Scratch;
    use std::path::Path;

    fn id(path: &Path) -> FileId {
        let stat = std::fs::metadata(path).unwrap();
        FileId { device: stat.dev(), inode: stat.ino() }
    }

    /// The position of whoever has read so many lines.
    fn read(path: &Path, lines: usize) -> Position {
        let file = File::open(path).unwrap();
        let (mut buffer, mut place) = (vec![0; 4096], Place::default());
        let mut left = lines;
        if let Took::New { bytes, known } = place.read(&file, &mut buffer).unwrap() {
            place = place.scan(bytes, known, &mut |_| {
                left -= 1;
                if left == 0 { Go::Enough } else { Go::On }
            });
        }
        let FileId { device, inode } = id(path);
        let mut position = Position { device, inode, at: modified(&file), ..Position::default() };
        place.write(&mut position);
        position
    }

    #[test]
    fn renamed_copied_and_unseen_files_are_read_on_and_no_other() {
        let scratch = Scratch::new();
        let at = |name: &str| scratch.path().join(name);
        let write = |name: &str, text: &str, ms: u64| {
            std::fs::write(at(name), text).unwrap();
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_millis(ms);
            File::options().append(true).open(at(name)).unwrap().set_modified(time).unwrap();
        };
        write("old", "x1\nx2\n", 1_000);
        write("known", "a1\na2\na3\n", 5_000);
        write("finished", "b1\nb2\n", 4_000);
        write("unseen", "c1\n", 6_000);
        write("log", "d1\n", 7_000);
        let mut cut = read(&at("known"), 2);
        (cut.device, cut.inode) = (0, 9); // known by what was read alone
        let positions = [cut, read(&at("finished"), 2), read(&at("log"), 1)];
        std::fs::copy(at("finished"), at("copy of finished")).unwrap();
        write("being copied", "d1\nd2\n", 8_000);
        let candidates =
            ["old", "known", "finished", "unseen", "log", "copy of finished", "being copied"];
        let files = || candidates.iter().map(|name| File::open(at(name)).unwrap()).collect();
        let find = |followed: &HashSet<FileId>| -> Vec<(FileId, u64)> {
            let own = id(&at("log"));
            let beside =
                Beside { positions: &positions, own, head: b"d1\n", since: Some(2_000), followed };
            beside.find(files()).into_iter().map(|(_, id, place)| (id, place.offset)).collect()
        };
        let want = [(id(&at("known")), 6), (id(&at("unseen")), 0)];
        assert_eq!(find(&HashSet::new()), want);
        assert_eq!(find(&HashSet::from([id(&at("known"))])), want[1..]);
    }
}
