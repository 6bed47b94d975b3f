//! `SIGHUP`: another program in the holder's process (execve(2)), with all slots.
//!
//! Children stay children, so ends go on to be told, and open files stay open. What the slots are goes
//! over in a sealed memory file, whose number stands in the environment. A program that does not
//! understand it closes everything and begins anew: it finds the services by their records.

use super::slots::{Held, Process, Slots};
use crate::chain::inherited;
use portreeve_supervise::holder::{FILES, PIPE, Slot, Word};
use portreeve_sys::file::{memfd, read_memfd};
use portreeve_sys::inheritance::{Inheritance, become_program, number_of};
use portreeve_sys::process::{kill, wait_for};
use portreeve_sys::program::{Forked, Given, fork, leave};
use portreeve_sys::{Signal, Status};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, pidfd_open};
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// The variable with the memory file's number, and its `=`.
pub(super) const VARIABLE: &[u8] = b"PORTREEVE_HOLDER=";

/// What the memory file begins with; another number for another form.
const FORM: &[u8] = b"portreeve holder 1\n";

/// Bytes of the memory file, at most.
const MOST_BYTES: usize = 64 << 20;

/// How long a new program may take to say which version it is.
const REHEARSAL: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };

/// What does not change while a holder lives.
#[derive(Debug)]
pub(super) struct Setup {
    /// The file of this program, as it was found at its start.
    pub(super) program: PathBuf,
    /// How it was called.
    pub(super) words: Vec<OsString>,
    /// The folders that are scanned, the first of them the current one.
    pub(super) roots: Vec<OsString>,
    /// How many descriptors a service may open; `u64::MAX` for any number.
    pub(super) limit: u64,
}

/// A writer of the memory file: numbers and texts, each with its length.
struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, number: u64) {
        self.0.extend(number.to_le_bytes());
    }

    fn text(&mut self, text: &[u8]) {
        self.number(u64::try_from(text.len()).unwrap_or(0));
        self.0.extend(text);
    }

    /// A descriptor's number, or none.
    fn fd(&mut self, fd: Option<&OwnedFd>) {
        let number = fd.and_then(|fd| u64::try_from(number_of(fd)).ok());
        self.number(number.unwrap_or(u64::MAX));
    }
}

/// And its reader.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u64> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*first))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }

    fn fd(&mut self, all: &mut Inheritance) -> Option<Option<OwnedFd>> {
        let number = self.number()?;
        Some(RawFd::try_from(number).ok().and_then(|number| all.by_number(number)))
    }
}

/// Everything, as bytes.
fn write(setup: &Setup, slots: &Slots) -> Vec<u8> {
    let mut writer = Writer(FORM.to_vec());
    writer.number(setup.limit);
    writer.number(u64::try_from(setup.roots.len()).unwrap_or(0));
    setup.roots.iter().for_each(|root| writer.text(root.as_bytes()));
    for (slot, held) in slots {
        writer.text(held.word(*slot).encode().bytes());
        (0..FILES).for_each(|index| writer.fd(held.files.get(index)));
        (0..PIPE).for_each(|index| writer.fd(held.pipe.get(index)));
        writer.fd(held.process.as_ref().and_then(|process| process.handle.as_ref()));
    }
    writer.0
}

/// What [`write()`] wrote: roots, limit, slots.
fn read(bytes: &[u8], all: &mut Inheritance) -> Option<(Vec<OsString>, u64, Slots)> {
    let mut reader = Reader(bytes.strip_prefix(FORM)?);
    let limit = reader.number()?;
    let roots = reader.number()?;
    let root = |reader: &mut Reader<'_>| Some(OsString::from_vec(reader.text()?.to_vec()));
    let roots = (0..roots).map(|_| root(&mut reader)).collect::<Option<Vec<_>>>()?;
    let mut slots = Slots::new();
    while !reader.0.is_empty() {
        let (slot, held) = read_slot(&mut reader, all)?;
        slots.insert(slot, held);
    }
    Some((roots, limit, slots))
}

fn read_slot(reader: &mut Reader<'_>, all: &mut Inheritance) -> Option<(Slot, Held)> {
    let word = reader.text()?;
    let Word::Slot { slot, process, end, label, note } = Word::decode(word)? else { return None };
    let mut fds = |count: usize| {
        let all = (0..count).map(|_| reader.fd(all)).collect::<Option<Vec<_>>>()?;
        // all of them, or none
        Some(all.into_iter().collect::<Option<Vec<_>>>().unwrap_or_default())
    };
    let (files, pipe) = (fds(FILES)?, fds(PIPE)?);
    let handle = reader.fd(all)?;
    let mut held = Held::new(label, files);
    held.set_pipe(pipe);
    held.note = note.into();
    held.process = process.map(|begun| Process { begun, handle, end });
    Some((slot, held))
}

/// What a predecessor in this process has left, if there was one: what goes over, or why it does not.
pub(super) fn inherit() -> Option<io::Result<(Vec<OsString>, u64, Slots)>> {
    let name = OsStr::from_bytes(VARIABLE.strip_suffix(b"=").unwrap_or(VARIABLE));
    let number = std::env::var_os(name)?;
    Some(Inheritance::take().and_then(|mut all| {
        let bad = || io::Error::from(io::ErrorKind::InvalidData);
        let number = number.to_str().and_then(|number| number.parse().ok());
        let memory = number.and_then(|number| all.by_number(number)).ok_or_else(bad)?;
        let bytes = read_memfd(&memory, MOST_BYTES)?;
        read(&bytes, &mut all).ok_or_else(bad)
    }))
}

/// Becomes the program that has this one's path now. Comes back only with why not; then everything is
/// as it was.
pub(super) fn hand_over(setup: &Setup, slots: &Slots) -> io::Error {
    let memory = match memfd("portreeve-holder", &write(setup, slots)) {
        Ok(memory) => memory,
        Err(error) => return error,
    };
    let mut variables: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let name = OsStr::from_bytes(VARIABLE.strip_suffix(b"=").unwrap_or(VARIABLE));
    variables.retain(|(have, _)| have != name);
    variables.push((name.into(), number_of(&memory).to_string().into()));
    let handles = slots.values().filter_map(|held| held.process.as_ref()?.handle.as_ref());
    let files = slots.values().flat_map(|held| held.files.iter().chain(&held.pipe));
    let keep: Vec<_> = handles.chain(files).chain([&memory]).map(AsFd::as_fd).collect();
    become_program(&setup.program, &setup.words, &variables, &keep)
}

/// Whether the program that has this one's path now runs at all.
pub(super) fn rehearse(setup: &Setup) -> io::Result<()> {
    let program = CString::new(setup.program.as_os_str().as_bytes())?;
    let words = vec![c"portreeve-tools".into(), c"--version".into()];
    let given = Given::new(words, inherited());
    match fork()? {
        Forked::Child => {
            if let Ok(null) = std::fs::File::options().write(true).open("/dev/null") {
                let _ = rustix::stdio::dup2_stdout(null); // else its version is shown
            }
            let _ = given.execute(&program);
            leave(111)
        }
        Forked::Parent(pid) => {
            let raw = rustix::process::Pid::from_raw(pid.as_raw());
            let raw = raw.ok_or(io::ErrorKind::NotFound)?;
            let over = pidfd_open(raw, PidfdFlags::empty()).and_then(|handle| {
                poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&REHEARSAL))
            });
            if !over.is_ok_and(|over| over > 0) {
                let _ = kill(pid, Signal::Kill); // it has ended after all
                // not waited for, whatever it hangs on: it is reaped as an orphan is
                return Err(rustix::io::Errno::TIMEDOUT.into());
            }
            match wait_for(pid)?.map(|exit| exit.status) {
                Some(Status::Code(0)) => Ok(()),
                _ => Err(rustix::io::Errno::NOEXEC.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_supervise::end::End;
    use portreeve_supervise::holder::{Begun, MOST};

    #[test]
    fn slots_go_over_whole_and_nothing_else_is_taken_for_them() {
        let setup = Setup {
            program: "/bin/true".into(),
            words: Vec::new(),
            roots: vec![".".into(), "/b".into()],
            limit: 1024,
        };
        let mut slots = Slots::new();
        let mut held = Held::new(b"a label", Vec::new());
        held.note = (*b"a note").into();
        let begun = Begun { pid: 7, since: *b"twelve bytes" };
        held.process = Some(Process { begun, handle: None, end: Some(End::Code(3)) });
        slots.insert(4, held);
        slots.insert(9, Held::new(b"", Vec::new()));
        let bytes = write(&setup, &slots);
        let mut none = Inheritance::default();
        let (roots, limit, back) = read(&bytes, &mut none).unwrap();
        assert_eq!((roots, limit), (setup.roots, 1024));
        assert_eq!(back.len(), 2);
        assert_eq!(back[&4].word(4), slots[&4].word(4));
        assert_eq!(back[&9].word(9), slots[&9].word(9));
        for length in 0..bytes.len() {
            // cut behind a slot it is a shorter list
            if let Some((_, _, fewer)) = read(&bytes[..length], &mut none) {
                assert!(fewer.len() < 2);
            }
        }
        assert!(bytes.len() < 8 * MOST);
        assert!(read(b"portreeve holder 2\n", &mut none).is_none());
    }
}
