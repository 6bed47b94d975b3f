//! A host made of texts.

use portreeve_diag::{Diagnostics, FileId, Paint, Sources, Span, render};
use portreeve_dialect::fail2ban::{Filter, Jail, Judgement, Wanted, filter, jails};
use portreeve_dialect::{DirectoryEntry, EntryKind, Files, ReadFailure};
use std::collections::BTreeMap;

/// Files by path, below `/f` unless they are absolute.
#[derive(Clone, Default)]
pub(crate) struct Host(BTreeMap<String, Vec<u8>>);

impl Host {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        files.iter().fold(Self::default(), |host, (path, text)| host.with(path, text))
    }

    pub(crate) fn with(mut self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/f/{path}") };
        self.0.insert(path, bytes.as_ref().to_vec());
        self
    }

    /// The jails, and the findings as text.
    pub(crate) fn jails(&self, wanted: &Wanted) -> (Vec<Jail>, String) {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let at = sources.add("portreeve.toml", "fail2ban = \"/f\"\n");
        let at = Some(Span::new(at, 11, 15));
        let read = jails("/f", at, wanted, &mut self.clone(), &mut sources, &mut found);
        read.iter().for_each(|jail| jail.tell_watched(&mut found));
        (read, render(&found, &sources, Paint::Plain))
    }

    /// How the enabled jails judge, and the findings as text.
    pub(crate) fn judgements(&self) -> (Vec<Option<Judgement>>, String) {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let wanted = Wanted::Enabled { except: Vec::new() };
        let read = jails("/f", None, &wanted, &mut self.clone(), &mut sources, &mut found);
        let judgements = read.iter().map(|jail| jail.judgement(&mut found)).collect();
        (judgements, render(&found, &sources, Paint::Plain))
    }

    /// The enabled jails.
    pub(crate) fn enabled(&self) -> (Vec<Jail>, String) {
        self.jails(&Wanted::Enabled { except: Vec::new() })
    }

    /// One filter.
    pub(crate) fn filter(&self, path: &str) -> (Option<Filter>, String) {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let read = filter(path, None, false, &mut self.clone(), &mut sources, &mut found);
        (read, render(&found, &sources, Paint::Plain))
    }
}

/// Names of jails as a configuration asks for them.
pub(crate) fn asked(names: &[&str]) -> Vec<(String, Span)> {
    names.iter().map(|name| ((*name).to_owned(), Span::new(FileId(0), 0, 3))).collect()
}

impl Files for Host {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, ReadFailure> {
        let reason = "permission denied".to_owned();
        self.0
            .get(path)
            .filter(|bytes| *bytes != b"unreadable")
            .cloned()
            .ok_or(ReadFailure { reason })
    }

    fn read_optional(&mut self, path: &str) -> Result<Option<Vec<u8>>, ReadFailure> {
        self.read(path).map(Some).or(Ok(None))
    }

    fn list(&mut self, directory: &str) -> Result<Vec<DirectoryEntry>, ReadFailure> {
        let prefix = format!("{directory}/");
        let inside = self.0.keys().filter_map(|path| path.strip_prefix(&prefix));
        let kinds: BTreeMap<&str, EntryKind> = inside
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => (name, EntryKind::Other),
                None => (rest, EntryKind::File),
            })
            .collect();
        if kinds.is_empty() {
            return Err(ReadFailure { reason: "no such file or directory".into() });
        }
        let entry = |(name, kind): (&str, EntryKind)| DirectoryEntry { name: name.into(), kind };
        Ok(kinds.into_iter().map(entry).collect())
    }
}
