//! envdir: any folder.

use crate::kit::{Case, Kit, shown};
use portreeve_testkit::Answer;
use portreeve_tests::{Random, figures};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

const CASES: usize = 2000;

const NAMES: [&[u8]; 14] = [
    b"A",
    b"B",
    b"HOME",
    b"PATH",
    b".hidden",
    b"..two",
    b"C=D",
    b"=",
    b"\xff\xfe",
    b"GONE",
    b"a b",
    b"new\nline",
    b"-x",
    b"lower",
];

const PIECES: [&[u8]; 13] = [
    b"",
    b"x",
    b" ",
    b"\t",
    b"\0",
    b"\n",
    b"\r",
    b"=",
    b"value",
    b"two\nlines",
    b"  \t ",
    b"\xc3\xa9",
    b"/usr/bin:/bin",
];

/// What the folder of a case holds beside plain files.
#[derive(Default)]
struct Holds {
    files: usize,
    nowhere: bool,
    /// A folder in place of a file: it is named as what cannot be read.
    oddly_named_folder: bool,
}

impl Holds {
    /// The rows: a link that leads nowhere, with another file beside it; a name that is no UTF-8, in
    /// what is said of it.
    fn is_of_a_row(&self) -> bool {
        (self.nowhere && self.files > 0) || self.oddly_named_folder
    }
}

fn content(random: &mut Random) -> Vec<u8> {
    let mut content: Vec<u8> =
        (0..random.below(6)).flat_map(|_| random.pick(&PIECES).to_vec()).collect();
    if random.chance(3) {
        content.splice(0..0, std::iter::repeat_n(b'v', random.below(9000)));
    }
    content
}

/// Fills a folder; `fifo` is a pipe that may be linked into it.
fn fill(folder: &Path, fifo: &Path, random: &mut Random) -> Holds {
    let mut holds = Holds::default();
    for _ in 0..random.below(7) {
        let path = folder.join(OsStr::from_bytes(NAMES[random.below(NAMES.len())]));
        let hidden = path.file_name().is_some_and(|name| name.as_bytes().starts_with(b"."));
        if path.symlink_metadata().is_ok() {
            continue;
        }
        match random.below(25) {
            0 => {
                fs::create_dir(&path).expect("make a folder");
                holds.oddly_named_folder |= path.to_str().is_none();
            }
            1 => fs::hard_link(fifo, &path).expect("link the pipe"),
            2 => symlink("/nowhere/at/all", &path).expect("make a link"),
            3 => symlink("/proc/sys/kernel/ostype", &path).expect("make a link"),
            _ => fs::write(&path, content(random)).expect("write a file"),
        }
        if !hidden {
            let leads = path.metadata().is_ok();
            holds.nowhere |= !leads;
            holds.files += usize::from(leads);
        }
    }
    holds
}

/// What `env -0` told, in one order.
fn sorted(mut answer: Answer) -> Answer {
    let mut all: Vec<&[u8]> = answer.out.split(|byte| *byte == 0).collect();
    all.sort_unstable();
    answer.out = all.join(&0);
    answer
}

#[test]
fn any_folder_makes_the_same_environment() {
    let kit = Kit::new();
    let mut random = Random(0x0e0d_1e57);
    let fifo = kit.dir.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let folders: Vec<(PathBuf, Holds)> = (0..CASES)
        .map(|number| {
            let folder = kit.folder("env", number);
            let holds = fill(&folder, &fifo, &mut random);
            (folder, holds)
        })
        .collect();
    let case = |(folder, _): &(PathBuf, Holds)| Case {
        folder: "/".into(),
        environment: [("A", "old"), ("GONE", "old")].map(|(n, v)| (n.into(), v.into())).to_vec(),
        arguments: vec![folder.display().to_string(), "env".into(), "-0".into()],
        ..Case::default()
    };
    let cases: Vec<Case> = folders.iter().map(case).collect();
    let (mut told, mut rows) = (0, 0);
    for (number, [theirs, ours]) in kit.ask("envdir", &[], [&cases, &cases]).into_iter().enumerate()
    {
        if folders[number].1.is_of_a_row() {
            rows += 1;
            continue;
        }
        told += usize::from(theirs.code == 0);
        let (theirs, ours) = (sorted(theirs), sorted(ours));
        let names: Vec<_> = fs::read_dir(&folders[number].0).unwrap().flatten().collect();
        let told = [&theirs, &ours].map(|it| (it.code, shown(&it.out), shown(&it.err)));
        assert!(theirs == ours, "case {number}: {names:?}: {told:?}");
    }
    figures(&format!("envdir: {CASES} folders, {told} programs run, {rows} of the row"));
    assert!(told > CASES / 2 && rows < CASES / 5, "{told} {rows}");
}
