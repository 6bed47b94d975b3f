//! recordio, fixcrio: between a program and its connection.

use super::write_all;
use crate::applet::Call;
use crate::chain::Program;
use crate::trouble::Trouble;
use portreeve_sys::Pid;
use portreeve_sys::program::{Forked, fork};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, read, retry_on_intr};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::stdio::{dup2_stdin, dup2_stdout};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::ExitCode;

/// Bytes read at a time: what `recordio` shows in one line at most.
const PIECE: usize = 256;

/// `recordio PROGRAM`: what it reads and writes is shown on standard error.
pub(crate) fn recordio(call: &Call) -> Result<ExitCode, Trouble> {
    between(call, |program| {
        let recorder = move |sign: &'static str| Record { program, sign };
        (recorder("<"), recorder(">"))
    })
}

/// `fixcrio PROGRAM`: lines end with carriage return and line feed, both ways.
pub(crate) fn fixcrio(call: &Call) -> Result<ExitCode, Trouble> {
    between(call, |_| (FixLines { carriage: false }, FixLines { carriage: false }))
}

/// What happens to what passes, one way.
trait Passing {
    /// Takes a piece, empty at the end, and says what is passed on.
    fn pass(&mut self, piece: &[u8]) -> Vec<u8>;
}

struct Record {
    program: Pid,
    sign: &'static str,
}

impl Passing for Record {
    fn pass(&mut self, piece: &[u8]) -> Vec<u8> {
        let head = format!("{} {} ", self.program, self.sign);
        let mut told = Vec::new();
        if piece.is_empty() {
            told.extend_from_slice(head.as_bytes());
            told.extend_from_slice(b"[EOF]\n");
        }
        for line in piece.split_inclusive(|byte| *byte == b'\n') {
            told.extend_from_slice(head.as_bytes());
            match line.strip_suffix(b"\n") {
                Some(line) => told.extend_from_slice(&[line, b" \n"].concat()),
                None => told.extend_from_slice(&[line, b"+\n"].concat()),
            }
        }
        let _ = write_all(std::io::stderr().as_fd(), &told); // nobody reads it
        piece.to_vec()
    }
}

struct FixLines {
    /// The last byte was a carriage return.
    carriage: bool,
}

impl Passing for FixLines {
    fn pass(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut passed = Vec::with_capacity(piece.len());
        for byte in piece {
            if *byte == b'\n' && !self.carriage {
                passed.push(b'\r');
            }
            passed.push(*byte);
            self.carriage = *byte == b'\r';
        }
        passed
    }
}

/// One way: from here, changed, to there, until one of them ends.
struct Way<P> {
    /// Gone when this way has ended; what it leads to is closed then.
    ends: Option<(OwnedFd, OwnedFd)>,
    passing: P,
    /// Passed on, and not written yet: nothing is read before it is. So one way never waits for the
    /// other, whichever of the two does not read.
    left: Vec<u8>,
}

impl<P: Passing> Way<P> {
    fn new(from: OwnedFd, to: OwnedFd, passing: P) -> Self {
        Self { ends: Some((from, to)), passing, left: Vec::new() }
    }

    /// What it waits for.
    fn waits(&self) -> Option<PollFd<'_>> {
        let (from, to) = self.ends.as_ref()?;
        Some(match self.left.is_empty() {
            true => PollFd::new(from, PollFlags::IN),
            false => PollFd::new(to, PollFlags::OUT),
        })
    }

    /// What it waited for has come. A pipe or a connection with room has room for a whole piece.
    fn step(&mut self) {
        let Some((from, to)) = &self.ends else { return };
        let goes_on = if self.left.is_empty() {
            let mut piece = [0; PIECE];
            let count = retry_on_intr(|| read(from, &mut piece)).unwrap_or(0);
            self.left = self.passing.pass(piece.get(..count).unwrap_or_default());
            count > 0
        } else {
            write_all(to.as_fd(), &std::mem::take(&mut self.left)).is_ok()
        };
        if !goes_on {
            self.ends = None;
        }
    }
}

/// The program keeps this process; a copy of it stands between.
fn between<P: Passing>(call: &Call, passing: impl Fn(Pid) -> (P, P)) -> Result<ExitCode, Trouble> {
    let program = Program::of(&call.arguments).ok_or(Trouble::Usage)?;
    let no_pipe = |error: Errno| Trouble::system("unable to create pipe", &error.into());
    let own = Pid::own();
    let (from_us, to_program) = pipe_with(PipeFlags::CLOEXEC).map_err(no_pipe)?;
    let (from_program, to_us) = pipe_with(PipeFlags::CLOEXEC).map_err(no_pipe)?;
    match fork().map_err(|error| Trouble::system("unable to fork", &error))? {
        Forked::Child => {
            drop((from_us, to_us));
            let (inward, outward) = passing(own);
            Ok(stand(to_program, from_program, inward, outward))
        }
        Forked::Parent(_) => {
            let moved = dup2_stdin(&from_us).and_then(|()| dup2_stdout(&to_us));
            moved.map_err(|error| Trouble::system("unable to move descriptors", &error.into()))?;
            Err(program.run())
        }
    }
}

/// Copies both ways until the program writes no more.
fn stand<P: Passing>(to: OwnedFd, from: OwnedFd, inward: P, outward: P) -> ExitCode {
    let own = |fd: BorrowedFd<'_>| fd.try_clone_to_owned();
    let (stdin, stdout) = (own(std::io::stdin().as_fd()), own(std::io::stdout().as_fd()));
    let (Ok(stdin), Ok(stdout)) = (stdin, stdout) else { return ExitCode::from(111) };
    let mut ways = [Way::new(stdin, to, inward), Way::new(from, stdout, outward)];
    while let [_, Way { ends: Some(_), .. }] = ways {
        let ready = {
            let mut waiting: Vec<_> = ways.iter().filter_map(Way::waits).collect();
            if retry_on_intr(|| poll(&mut waiting, None)).is_err() {
                return ExitCode::from(111);
            }
            let mut told = waiting.iter().map(|fd| !fd.revents().is_empty());
            ways.each_ref().map(|way| way.ends.is_some() && told.next().unwrap_or(false))
        };
        for (way, _) in ways.iter_mut().zip(ready).filter(|(_, ready)| *ready) {
            way.step();
        }
    }
    ExitCode::SUCCESS
}
