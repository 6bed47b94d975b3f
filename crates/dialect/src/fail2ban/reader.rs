//! Files, with those they include, in the order in which fail2ban lets them speak.

use super::fault::{Fault, fault, say, shown};
use super::ini::{self, INCLUDES, Ini};
use super::interpolate::Lookup;
use super::map::Map;
use super::store::Store;
use super::text::Text;
use super::{bounds, codes};
use crate::{EntryKind, Files};
use portreeve_diag::{Diagnostics, Level, Sources, Span};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Reads each file once, however many filters include it.
pub(super) struct Reader<'a> {
    files: &'a mut dyn Files,
    /// Every text that was read.
    pub(super) sources: &'a mut Sources,
    /// Every finding.
    pub(super) found: &'a mut Diagnostics,
    /// What is left of [`bounds::STEPS`].
    pub(super) steps: Rc<Cell<u32>>,
    parsed: BTreeMap<String, Option<Rc<Ini>>>,
    listed: BTreeMap<String, Option<BTreeMap<String, EntryKind>>>,
    bytes: usize,
    full: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        files: &'a mut dyn Files,
        sources: &'a mut Sources,
        found: &'a mut Diagnostics,
    ) -> Self {
        Self {
            files,
            sources,
            found,
            steps: Rc::new(Cell::new(bounds::STEPS)),
            parsed: BTreeMap::new(),
            listed: BTreeMap::new(),
            bytes: 0,
            full: false,
        }
    }

    /// `NAME.conf`, `NAME.d/*.conf`, `NAME.local` and `NAME.d/*.local`, as far as they are there;
    /// `None` when none is.
    pub(super) fn named(&mut self, base: &str, because: Option<Span>) -> Option<Store> {
        let folder = format!("{base}.d");
        let mut names: Vec<String> = Vec::new();
        if self.kind(&folder) == Some(EntryKind::Other) {
            let inside = self.list(&folder);
            names.extend(inside.into_iter().flat_map(|names| names.keys().cloned()));
        }
        names.retain(|name| !name.starts_with('.'));
        let mut paths = Vec::new();
        for ending in [".conf", ".local"] {
            paths.push(format!("{base}{ending}"));
            let inside = names.iter().filter(|name| name.ends_with(ending));
            paths.extend(inside.map(|name| format!("{folder}/{name}")));
        }
        paths.retain(|path| self.is_there(path));
        self.all(&paths, because)
    }

    /// Files that are there, each with its own `.local` and what they include.
    pub(super) fn all(&mut self, paths: &[String], because: Option<Span>) -> Option<Store> {
        let mut order = Vec::new();
        self.includes(paths, &mut Vec::new(), &mut order, because);
        let mut store = Store::default();
        let mut any = false;
        for path in order {
            if let Some(ini) = self.parse(&path, because) {
                store.add(&ini);
                any = true;
            }
        }
        any.then_some(store)
    }

    /// Puts files behind those that speak before them and before those that speak after them.
    fn includes(
        &mut self,
        paths: &[String],
        open: &mut Vec<String>,
        order: &mut Vec<String>,
        because: Option<Span>,
    ) {
        let mut with_local = Vec::new();
        for path in paths {
            with_local.push(path.clone());
            let local = format!("{}.local", without_ending(path));
            if !paths.contains(&local) && self.is_there(&local) {
                with_local.push(local);
            }
        }
        for path in with_local {
            if open.len() >= bounds::DEPTH || order.len() >= bounds::READINGS {
                let message = format!("`{}` is included too deep, or too often", shown(&path));
                self.too_large(because, message);
                return;
            }
            let Some(ini) = self.parse(&path, because) else { continue };
            let [before, after] = self.included(&path, &ini, open);
            open.push(path.clone());
            for (path, at) in before {
                self.includes(&[path], open, order, at);
            }
            order.push(path);
            for (path, at) in after {
                self.includes(&[path], open, order, at);
            }
            open.pop();
        }
    }

    /// What a file includes before and after itself, with the places that say so.
    fn included(
        &mut self,
        path: &str,
        ini: &Ini,
        open: &[String],
    ) -> [Vec<(String, Option<Span>)>; 2] {
        let mut alone = Store::default();
        alone.add(ini);
        let lookup = Lookup { store: &alone, steps: &self.steps };
        let both = ["before", "after"].map(|name| {
            let listed = alone.sections.has(INCLUDES);
            listed.then(|| lookup.get(INCLUDES, name, &Map::default()))
        });
        both.map(|listed| match listed {
            None | Some(Ok(None)) => Vec::new(),
            Some(Ok(Some(listed))) => self.paths(path, &listed, open),
            Some(Err(fault)) => {
                self.found.push(*fault);
                Vec::new()
            }
        })
    }

    fn paths(&mut self, from: &str, listed: &Text, open: &[String]) -> Vec<(String, Option<Span>)> {
        let mut paths = Vec::new();
        for name in listed.split('\n').iter().filter(|name| !name.is_empty()) {
            let (path, at) = (beside(from, name.as_str()), name.place(0));
            if open.contains(&path) || path == from {
                let message = format!("`{}` is being read already: not again", shown(&path));
                let help = "fail2ban does the same; include it once";
                self.found.push(say(Level::Warning, codes::INCLUDE_TWICE, at, message, help));
            } else if self.is_there(&path) {
                paths.push((path, at));
            } else if !path.ends_with(".local") {
                let message = format!("`{}` is not there", shown(&path));
                let help = "fail2ban goes on without it too; remove the include, or write the file";
                self.found.push(say(Level::Warning, codes::INCLUDE_MISSING, at, message, help));
            }
        }
        paths
    }

    /// A file, taken apart; `None` when it cannot be read, which has been told.
    fn parse(&mut self, path: &str, because: Option<Span>) -> Option<Rc<Ini>> {
        if let Some(known) = self.parsed.get(path) {
            return known.clone();
        }
        let read = self.read(path, because).map(Rc::new);
        self.parsed.insert(path.to_owned(), read.clone());
        read
    }

    fn read(&mut self, path: &str, because: Option<Span>) -> Option<Ini> {
        let bytes = match self.files.read(path) {
            Ok(bytes) => bytes,
            Err(failure) => {
                let message = format!("cannot read `{}`: {}", shown(path), failure.reason);
                let help = "let it be read, or move it away";
                self.found.push(say(Level::Error, codes::UNREADABLE, because, message, help));
                return None;
            }
        };
        self.bytes = self.bytes.saturating_add(bytes.len());
        if bytes.len() > bounds::FILE_BYTES
            || self.bytes > bounds::ALL_BYTES
            || self.parsed.len() >= bounds::FILES
        {
            let message = format!("with `{}` the configuration is too large", shown(path));
            self.too_large(because, message);
            return None;
        }
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(bad) => {
                let before = bad.as_bytes().iter().take(bad.utf8_error().valid_up_to());
                let line = before.filter(|byte| **byte == b'\n').count() + 1;
                let message = format!("`{}`, line {line}, is not UTF-8", shown(path));
                let help = "save it as UTF-8: fail2ban does not read it either";
                self.found.push(say(Level::Error, codes::ENCODING, because, message, help));
                return None;
            }
        };
        let file = self.sources.add(path, text);
        let (ini, faults) = ini::parse(file, self.sources.text(file));
        let whole = faults.is_empty();
        faults.into_iter().for_each(|fault| self.found.push(*fault));
        whole.then_some(ini)
    }

    fn too_large(&mut self, at: Option<Span>, message: String) {
        if !std::mem::replace(&mut self.full, true) {
            let help = "portreeve reads 2000 files of 4 MiB each, and 32 MiB in all";
            self.found.push(say(Level::Error, codes::TOO_LARGE, at, message, help));
        }
    }

    /// Whether a regular file is at a path.
    pub(super) fn is_there(&mut self, path: &str) -> bool {
        // a link to nothing and the like are read, to be told
        matches!(self.kind(path), Some(EntryKind::File | EntryKind::Dangling))
    }

    fn kind(&mut self, path: &str) -> Option<EntryKind> {
        let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
        let folder = if folder.is_empty() { "/" } else { folder };
        self.list(folder)?.get(name).copied()
    }

    fn list(&mut self, folder: &str) -> Option<&BTreeMap<String, EntryKind>> {
        if !self.listed.contains_key(folder) {
            let names = self.files.list(folder).ok();
            let names = names.map(|names| names.into_iter().map(|one| (one.name, one.kind)));
            self.listed.insert(folder.to_owned(), names.map(Iterator::collect));
        }
        self.listed.get(folder)?.as_ref()
    }

    /// Why a folder cannot be listed, if it cannot.
    pub(super) fn no_folder(&mut self, folder: &str, at: Option<Span>) -> Option<Fault> {
        let failure = self.files.list(folder).err()?;
        let message = format!("cannot read `{}`: {}", shown(folder), failure.reason);
        Some(fault(codes::UNREADABLE, at, message, "name the folder of fail2ban's configuration"))
    }
}

/// A path without its last ending, as `os.path.splitext` divides it.
fn without_ending(path: &str) -> &str {
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    let plain = path.get(name..).unwrap_or_default();
    let dots = plain.len() - plain.trim_start_matches('.').len();
    match plain.get(dots..).and_then(|rest| rest.rfind('.')) {
        Some(dot) => path.get(..name + dots + dot).unwrap_or(path),
        None => path,
    }
}

/// A path that a file names: absolute, or beside that file.
fn beside(from: &str, path: &str) -> String {
    match from.rsplit_once('/') {
        Some((folder, _)) if !path.starts_with('/') => format!("{folder}/{path}"),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_those_of_the_name_alone() {
        for (path, want) in
            [("/a.d/b.conf", "/a.d/b"), ("/a.d/b", "/a.d/b"), ("/a/.b", "/a/.b"), ("x.y.z", "x.y")]
        {
            assert_eq!(without_ending(path), want);
        }
    }
}
