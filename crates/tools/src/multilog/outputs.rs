//! Where lines go: logs, status files, standard error.

use super::folder::Folder;
use super::insist;
use crate::options::shown;
use crate::say;
use crate::trouble::Trouble;
use portreeve_supervise::script::{Action, Script};
use rustix::fs::{Mode, OFlags, openat};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;

/// Bytes of a status file.
const STATUS: usize = 1001;

/// Bytes of a line on standard error.
const SHOWN: usize = 200;

/// One for each action of the script.
pub(super) struct Outputs(Vec<Output>);

enum Output {
    /// The action needs none.
    None,
    Status(File, String),
    Log(Box<Folder>),
}

impl Output {
    fn log(&mut self) -> Option<&mut Folder> {
        match self {
            Self::Log(folder) => Some(&mut **folder),
            Self::None | Self::Status(..) => None,
        }
    }
}

impl Outputs {
    /// Opens all of them, status files first; nothing has been read yet when one cannot be.
    pub(super) fn open(script: &Script) -> Result<Self, Trouble> {
        let mut outputs = Vec::with_capacity(script.actions.len());
        for action in &script.actions {
            outputs.push(match action {
                Action::Status(path) => status(OsStr::from_bytes(path))?,
                Action::Deselect(_) | Action::Select(_) | Action::Error | Action::Log(_) => {
                    Output::None
                }
            });
        }
        for (output, action) in outputs.iter_mut().zip(&script.actions) {
            if let Action::Log(log) = action {
                *output = Output::Log(Box::new(Folder::open(log)?));
            }
        }
        Ok(Self(outputs))
    }

    fn chosen<'o>(&'o mut self, sorted: &'o [bool]) -> impl Iterator<Item = &'o mut Folder> + 'o {
        let chosen = self.0.iter_mut().zip(sorted).filter(|(_, chosen)| **chosen);
        chosen.filter_map(|(output, _)| output.log())
    }

    fn logs(&mut self) -> impl Iterator<Item = &mut Folder> {
        self.0.iter_mut().filter_map(Output::log)
    }

    /// Bytes for the logs that were chosen.
    pub(super) fn append(&mut self, sorted: &[bool], bytes: &[u8]) {
        self.chosen(sorted).for_each(|folder| folder.append(bytes));
    }

    /// A whole line for all logs.
    pub(super) fn line(&mut self, label: &[u8], line: &[u8]) {
        self.logs().for_each(|folder| folder.line(label, line));
    }

    /// A line is whole: where a file is full enough, the next one begins.
    pub(super) fn end_line(&mut self, sorted: &[bool]) {
        self.chosen(sorted).for_each(Folder::end_line);
    }

    /// The line takes the place of what a status file held.
    pub(super) fn replace(&mut self, number: usize, line: &[u8]) {
        let Some(Output::Status(file, name)) = self.0.get(number) else { return };
        let mut text = [b'\n'; STATUS];
        text.iter_mut().zip(line).for_each(|(place, byte)| *place = *byte);
        insist(|| format!("unable to write to {name}"), || file.write_all_at(&text, 0));
    }

    /// To standard error.
    pub(super) fn show(line: &[u8]) {
        match line.get(..SHOWN).filter(|_| line.len() > SHOWN) {
            Some(cut) => say([cut, b"...\n"].concat()),
            None => say([line, b"\n"].concat()),
        }
    }

    pub(super) fn write_out(&mut self) {
        self.logs().for_each(Folder::write_out);
    }

    /// Puts on the disk what is full.
    pub(super) fn finish(&mut self) {
        self.logs().for_each(Folder::finish);
    }

    /// Whether something full is not on the disk yet.
    pub(super) fn unfinished(&mut self) -> bool {
        self.logs().any(|folder| folder.unfinished())
    }

    pub(super) fn rotate_all(&mut self) {
        self.logs().for_each(Folder::rotate_now);
    }

    /// Everything on the disk, and marked as whole.
    pub(super) fn close(&mut self) {
        self.logs().for_each(Folder::close);
    }
}

fn status(path: &OsStr) -> Result<Output, Trouble> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let name = shown(path);
    let opened = openat(rustix::fs::CWD, path, flags, Mode::RUSR | Mode::WUSR);
    let opened = opened.map_err(io::Error::from);
    match opened {
        Ok(file) => Ok(Output::Status(File::from(file), name)),
        Err(error) => Err(Trouble::system(&format!("unable to create {name}"), &error)),
    }
}
