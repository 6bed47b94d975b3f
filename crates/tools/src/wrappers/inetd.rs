//! inetd.conf, as far as tcpdmatch and tcpdchk want to know what it starts.

use portreeve_sys::file::read_bounded;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Bytes of it, at most.
const LARGEST: usize = 1 << 20;

/// Where it is looked for.
const PLACES: [&str; 2] = ["/etc/inetd.conf", "/etc/inet/inetd.conf"];

/// A configuration of inetd.
#[derive(Debug)]
pub(super) struct Inetd {
    pub(super) path: PathBuf,
    services: Vec<Service>,
}

/// One line of it.
#[derive(Debug)]
struct Service {
    line: u32,
    fields: Vec<String>,
}

impl Inetd {
    /// Reads the one named, or the one that is there; none is none.
    pub(super) fn open(named: Option<&Path>) -> Result<Option<Self>, String> {
        let place = match named {
            Some(path) => path,
            None => match PLACES.iter().map(Path::new).find(|path| path.exists()) {
                Some(path) => path,
                None => return Ok(None),
            },
        };
        let content = read_bounded(place, LARGEST)
            .map_err(|error| format!("open {}: {}\n", place.display(), super::because(&error)))?;
        let text = String::from_utf8_lossy(&content.bytes);
        let services = (1..).zip(text.lines()).filter_map(|(line, text)| {
            let text = text.split('#').next().unwrap_or_default();
            let fields: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            (!fields.is_empty()).then_some(Service { line, fields })
        });
        Ok(Some(Self { path: place.to_owned(), services: services.collect() }))
    }

    /// What is to be said of a daemon that a rule or a try names.
    pub(super) fn warnings_about(&self, daemon: &str) -> Vec<String> {
        let mut named = self.services.iter().filter(|service| service.process() == Some(daemon));
        match named.next() {
            None => vec![format!("{daemon}: no such process name in {}", self.path.display())],
            Some(first) if !first.is_wrapped() && !named.any(Service::is_wrapped) => {
                vec![format!("{daemon}: service possibly not wrapped")]
            }
            Some(_) => Vec::new(),
        }
    }

    /// What is wrong with it: line and text.
    pub(super) fn doubts(&self) -> Vec<(u32, String)> {
        self.services.iter().filter_map(|service| Some((service.line, service.doubt()?))).collect()
    }
}

impl Service {
    fn program(&self) -> Option<&Path> {
        self.fields.get(5).map(Path::new)
    }

    /// What follows the program: its own name first.
    fn called(&self) -> Option<&str> {
        self.fields.get(6).map(String::as_str)
    }

    fn is_wrapped(&self) -> bool {
        self.program().and_then(Path::file_name).is_some_and(|name| name == "tcpd")
    }

    fn process(&self) -> Option<&str> {
        let called =
            if self.is_wrapped() { self.called() } else { self.fields.get(5).map(String::as_str) };
        called.map(|called| called.rsplit('/').next().unwrap_or(called))
    }

    /// The daemon that runs in the end.
    fn daemon(&self) -> Option<PathBuf> {
        match (self.is_wrapped(), self.called()) {
            (true, Some(called)) => Some(Path::new("/usr/sbin").join(called)),
            (true, None) => None,
            (false, _) => self.program().map(Path::to_owned),
        }
    }

    fn doubt(&self) -> Option<String> {
        if self.fields.get(5).is_some_and(|program| program == "internal") {
            return None;
        }
        let rpc = self.fields.get(2).is_some_and(|protocol| protocol == "rpc/tcp");
        if rpc && self.is_wrapped() {
            return Some(format!("{}: cannot wrap rpc/tcp services", self.fields.first()?));
        }
        let Some(daemon) = self.daemon().filter(|_| self.fields.len() >= 6) else {
            return Some("incomplete line".to_owned());
        };
        let shown = daemon.display();
        if self.is_wrapped() && daemon.file_name().is_some_and(|name| name == "tcpd") {
            return Some(format!("{shown} is recursively calling itself"));
        }
        if self.process().is_some_and(|name| name.ends_with("rexd")) {
            return Some(format!("{shown} may be an insecure service"));
        }
        let Ok(meta) = std::fs::metadata(&daemon) else {
            return Some(format!("{shown}: not found"));
        };
        let mode = meta.permissions().mode();
        if !meta.is_file() || mode & 0o111 == 0 {
            return Some(format!("{shown}: not executable"));
        }
        (mode & 0o6000 != 0).then(|| format!("{shown}: file is set-uid or set-gid"))
    }
}
