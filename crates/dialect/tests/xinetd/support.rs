//! A host made of texts, and services as a person would compare them.

use portreeve_diag::{Diagnostics, Paint, Sources, render};
use portreeve_dialect::xinetd::{self, Loaded};
use portreeve_dialect::{DirectoryEntry, EntryKind, Files, Host, ReadFailure, services};
use portreeve_model::Zone;
use std::collections::BTreeMap;

/// What the published configurations find in /etc/services, the line they ask for included.
pub(crate) const SERVICES: &str = "echo 7/tcp\ndiscard 9/tcp sink null\ndaytime 13/tcp\nchargen 19/tcp\n\
    ftp 21/tcp\nssh 22/tcp\ntelnet 23/tcp\nsmtp 25/tcp mail\ntime 37/tcp\nhttp 80/tcp www\n\
    auth 113/tcp ident\nimaps 993/tcp\nlogin 513/tcp\nshell 514/tcp\nrootexternalssh 33333/tcp\n";

/// Files in memory. A text that is absent from the map is an entry of another kind.
#[derive(Default)]
pub(crate) struct Tree {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) others: BTreeMap<String, EntryKind>,
}

impl Tree {
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let pair = |(path, text): &(&str, &str)| ((*path).to_owned(), text.as_bytes().to_vec());
        Self { files: files.iter().map(pair).collect(), others: BTreeMap::new() }
    }
}

impl Files for Tree {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, ReadFailure> {
        let missing = || ReadFailure { reason: "no such file or directory".into() };
        self.files.get(path).cloned().ok_or_else(missing)
    }

    fn read_optional(&mut self, path: &str) -> Result<Option<Vec<u8>>, ReadFailure> {
        self.read(path).map(Some).or(Ok(None))
    }

    fn list(&mut self, directory: &str) -> Result<Vec<DirectoryEntry>, ReadFailure> {
        let prefix = format!("{}/", directory.trim_end_matches('/'));
        let files = self.files.keys().map(|path| (path, EntryKind::File));
        let others = self.others.iter().map(|(path, kind)| (path, *kind));
        let inside = files.chain(others).filter_map(|(path, kind)| {
            let name = path.strip_prefix(&prefix)?.to_owned();
            (!name.contains('/')).then_some(DirectoryEntry { name, kind })
        });
        let mut found: Vec<_> = inside.collect();
        found.reverse(); // any order must do
        match found.is_empty() {
            true => Err(ReadFailure { reason: "no such file or directory".into() }),
            false => Ok(found),
        }
    }
}

/// Everything one run gives.
pub(crate) struct Outcome {
    pub(crate) loaded: Loaded,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) sources: Sources,
}

impl Outcome {
    pub(crate) fn of(path: &str, tree: &mut Tree) -> Self {
        let table = services::Table::parse(SERVICES);
        let zone = Zone::utc();
        let host = Host { services: &table, zone: &zone };
        let mut sources = Sources::new();
        let mut diagnostics = Diagnostics::new();
        let loaded = xinetd::load(path, tree, &host, &mut sources, &mut diagnostics);
        Self { loaded, diagnostics, sources }
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::of("/etc/xinetd.conf", &mut Tree::of(&[("/etc/xinetd.conf", text)]))
    }

    /// `level code` of every finding.
    pub(crate) fn codes(&self) -> Vec<String> {
        self.diagnostics.iter().map(|d| format!("{} {}", d.level, d.code)).collect()
    }

    pub(crate) fn rendered(&self) -> String {
        render(&self.diagnostics, &self.sources, Paint::Plain)
    }
}

/// A stream service that lacks nothing, around some lines.
pub(crate) fn service(lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("\t{line}\n")).collect();
    format!(
        "service ssh\n{{\n\tsocket_type = stream\n\twait = no\n\tuser = root\n\
         \tserver = /usr/sbin/sshd\n{lines}}}\n"
    )
}

/// Checks a table of texts and the findings each gives, all rows at once.
pub(crate) fn table(rows: &[(&str, &[&str])]) {
    let wrong: Vec<String> = rows
        .iter()
        .map(|(text, want)| (text, want, Outcome::text(text)))
        .filter(|(_, want, outcome)| outcome.codes() != **want)
        .map(|(text, want, outcome)| format!("{text}\nwant {want:?}\n{}", outcome.rendered()))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n----\n"));
}

/// The same for lines inside an otherwise whole service.
pub(crate) fn lines(rows: &[(&str, &[&str])]) {
    let texts: Vec<String> = rows.iter().map(|(lines, _)| service(lines)).collect();
    let rows: Vec<(&str, &[&str])> =
        texts.iter().zip(rows).map(|(text, (_, want))| (text.as_str(), *want)).collect();
    table(&rows);
}

/// The one service a text must give, without an error.
pub(crate) fn only(text: &str) -> portreeve_model::Service {
    let outcome = Outcome::text(text);
    assert!(!outcome.diagnostics.has_errors(), "{}", outcome.rendered());
    let mut services = outcome.loaded.into_services();
    assert_eq!(services.len(), 1, "{text}");
    services.remove(0)
}
