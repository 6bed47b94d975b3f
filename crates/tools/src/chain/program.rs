//! The program that takes this one's place.

use crate::options::shown;
use crate::trouble::Trouble;
use portreeve_sys::program::Given;
use rustix::fs::{Access, AtFlags, CWD, FileType, accessat, statat};
use rustix::io::Errno;
use std::ffi::{CString, NulError, OsString};
use std::os::unix::ffi::OsStrExt;

/// Where programs are looked for when there is no `PATH`.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// A program, its arguments, and the environment it will have.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    name: OsString,
    arguments: Vec<OsString>,
    /// `NAME=VALUE` each.
    environment: Vec<Vec<u8>>,
    /// Where it is looked for: this process's own, whatever the program's will be.
    path: OsString,
}

/// This process's environment, `NAME=VALUE` each.
fn environment() -> impl Iterator<Item = Vec<u8>> {
    std::env::vars_os().map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat())
}

/// A program at a known place, with this process's environment.
pub(crate) fn given(arguments: Vec<CString>) -> Given {
    Given::new(arguments, inherited())
}

/// This process's environment.
pub(crate) fn inherited() -> Vec<CString> {
    // an entry of an environment holds no NUL
    environment().filter_map(|entry| CString::new(entry).ok()).collect()
}

impl Program {
    /// The program that these words call, with this process's environment; nothing without a word.
    pub(crate) fn of(words: &[OsString]) -> Option<Self> {
        let name = words.first()?.clone();
        let path = std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
        let environment = environment().collect();
        Some(Self { name, arguments: words.to_vec(), environment, path })
    }

    /// Another name than its path as its first argument.
    pub(crate) fn called(mut self, arguments: &[OsString]) -> Self {
        self.arguments = arguments.to_vec();
        self
    }

    /// As it was called, for messages.
    pub(crate) fn name(&self) -> String {
        shown(&self.name)
    }

    /// Where it is found now: as it is called, or in the first folder of the path that has such a file,
    /// which may be executed. Nothing where there is none.
    pub(crate) fn place(&self) -> Option<CString> {
        let places = self.places().ok()?;
        if self.name.as_bytes().contains(&b'/') {
            return places.into_iter().next();
        }
        places.into_iter().find(|place| {
            let file = statat(CWD, place, AtFlags::empty());
            let regular = |mode| FileType::from_raw_mode(mode) == FileType::RegularFile;
            file.is_ok_and(|stat| regular(stat.st_mode))
                && accessat(CWD, place, Access::EXEC_OK, AtFlags::EACCESS).is_ok()
        })
    }

    /// Its arguments and its environment; nothing where one of them cannot be a program's.
    pub(crate) fn texts(&self) -> Option<(Vec<CString>, Vec<CString>)> {
        let arguments = self.arguments.iter().map(|word| CString::new(word.as_bytes()));
        let environment = self.environment.iter().map(|entry| CString::new(&**entry));
        Some((
            arguments.collect::<Result<_, _>>().ok()?,
            environment.collect::<Result<_, _>>().ok()?,
        ))
    }

    /// The files it may be, in the order in which they are tried.
    fn places(&self) -> Result<Vec<CString>, NulError> {
        let name = self.name.as_bytes();
        if name.contains(&b'/') {
            return Ok(vec![CString::new(name)?]);
        }
        let folders = self.path.as_bytes().split(|byte| *byte == b':');
        let folders = folders.map(|folder| if folder.is_empty() { b"." } else { folder });
        folders.map(|folder| CString::new([folder, b"/", name].concat())).collect()
    }

    /// Sets a variable.
    pub(crate) fn set(&mut self, name: &[u8], value: &[u8]) {
        self.put([name, b"=", value].concat());
    }

    /// Takes an entry in: `NAME=VALUE` sets, `NAME` alone takes the variable away.
    pub(crate) fn put(&mut self, entry: Vec<u8>) {
        let end = entry.iter().position(|byte| *byte == b'=');
        let name = entry.get(..end.unwrap_or(entry.len())).unwrap_or_default();
        let other =
            |have: &Vec<u8>| have.strip_prefix(name).is_none_or(|rest| rest.first() != Some(&b'='));
        self.environment.retain(other);
        if end.is_some() {
            self.environment.push(entry);
        }
    }

    /// Becomes it. Comes back only with the reason why not.
    pub(crate) fn run(self) -> Trouble {
        match self.ready() {
            Ok(ready) => ready.run(),
            Err(trouble) => trouble,
        }
    }

    /// Everything that takes memory, done: what is left takes none.
    pub(crate) fn ready(self) -> Result<Ready, Trouble> {
        let deed = format!("unable to run {}", shown(&self.name));
        let failed = |error: NulError| Trouble::system(&deed, &error.into());
        let text = |bytes: &[u8]| CString::new(bytes).map_err(failed);
        let places = self.places().map_err(failed)?;
        let arguments = self.arguments.iter().map(|word| text(word.as_bytes()));
        let environment = self.environment.iter().map(|entry| text(entry));
        let given = Given::new(
            arguments.collect::<Result<_, _>>()?,
            environment.collect::<Result<_, _>>()?,
        );
        Ok(Ready { deed, places, given })
    }
}

/// A program that only has to be executed.
#[derive(Debug)]
pub(crate) struct Ready {
    deed: String,
    places: Vec<CString>,
    given: Given,
}

impl Ready {
    /// Becomes it. Comes back only with the reason why not.
    pub(crate) fn run(self) -> Trouble {
        let mut kept = None;
        for place in &self.places {
            let error = self.given.execute(place);
            match Errno::from_io_error(&error) {
                Some(Errno::NOENT) => {}
                // there may be a better one further on; if not, this is what to say
                Some(Errno::ACCESS | Errno::PERM | Errno::ISDIR) => kept = Some(error),
                _ => return Trouble::system(&self.deed, &error),
            }
        }
        Trouble::system(&self.deed, &kept.unwrap_or_else(|| Errno::NOENT.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_replaces_its_variable_alone() {
        let mut program = Program::of(&["x".into()]).unwrap();
        program.environment = vec![b"A=1".to_vec(), b"AB=2".to_vec(), b"B=3".to_vec()];
        program.put(b"A".to_vec());
        program.set(b"B", b"x=y");
        program.put(b"C=D=4".to_vec());
        assert_eq!(program.environment, [&b"AB=2"[..], b"B=x=y", b"C=D=4"]);
    }
}
