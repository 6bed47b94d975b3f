//! Our door's tables over files, as the door itself has them read.

use std::fs::File;
use std::io::Write;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portreeve_config::{Disk, Entry, SourceRead, Trust, load, reread};
use portreeve_diag::Level;
use portreeve_model::{Config, Source, SourceId};
use portreeve_policy::{
    Facts, IdentAnswer, Image, Names, NoTrace, Own, ServiceIndex, Shared, State, Tables, Verdict,
    consider,
};
use portreeve_sys::file::{self, Mapped};

use crate::Failure;

/// A configuration, read with its sources, and its tables.
pub(crate) struct Door {
    pub(crate) config: Config,
    pub(crate) tables: Tables,
    state: State,
}

impl Door {
    /// Reads a configuration.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let entry = Entry::Native(path.display().to_string());
        let loaded = load(&entry, &mut Disk::new(trust()));
        let config = loaded.config.ok_or_else(|| {
            let mut found = loaded.diagnostics.iter().filter(|one| one.level == Level::Error);
            let said = found.next().map(|one| one.message.clone()).unwrap_or_default();
            format!("{}: {said}", path.display())
        })?;
        let mut tables = Tables::compile(&config);
        for SourceRead { source, outcome, .. } in loaded.images {
            let placed = outcome.map(|image| place(written(&image.bytes)?)).and_then(|image| image);
            tables.set_source(source, placed);
        }
        let mut state = State::new(config.settings.max_sessions, 0);
        state.adopt(&tables);
        Ok(Self { config, tables, state })
    }

    /// The source that a file is.
    pub(crate) fn source(&self, file: &Path) -> Result<SourceId, Failure> {
        let is = |source: &Source| source.kind.files().any(|one| Path::new(&one.path) == file);
        let found = (0..).map(SourceId).zip(&self.config.sources).find(|(_, source)| is(source));
        found.map(|(id, _)| id).ok_or_else(|| format!("{} is no source", file.display()))
    }

    /// The image of the source that a file is.
    pub(crate) fn image(&self, file: &Path) -> Result<&[u8], Failure> {
        let image = self.tables.image(self.source(file)?);
        image.map(Image::bytes).ok_or_else(|| format!("{} has no image", file.display()))
    }

    /// The service of a name.
    pub(crate) fn service(&self, name: &str) -> Result<ServiceIndex, Failure> {
        let mut services = self.tables.services();
        let found = services.find(|(_, key)| key.to_string() == name);
        found.map(|(index, _)| index).ok_or_else(|| format!("there is no service {name}"))
    }

    /// Reads a source of it again, without the configuration, as the compiler does, and writes its
    /// image where the door finds it.
    pub(crate) fn read_again(&self, source: SourceId) -> Result<OwnedFd, Failure> {
        let sources: Vec<(SourceId, Source)> = (0..)
            .map(SourceId)
            .zip(&self.config.sources)
            .filter(|(id, _)| *id == source)
            .map(|(id, source)| (id, source.clone()))
            .collect();
        let (read, _, _) = reread(&sources, &self.config.files, &mut Disk::new(trust()));
        let image = read.into_iter().next().map(|read| read.outcome);
        written(&image.ok_or("there is no such source")??.bytes)
    }

    /// Whether a service refuses a peer.
    pub(crate) fn refuses(&self, service: ServiceIndex, peer: IpAddr) -> bool {
        let facts = Facts {
            peer,
            port: 40_000,
            now: Duration::ZERO,
            wall: 0,
            load: None,
            dice: 50,
            names: Names::NotAsked,
            server_names: Names::NotAsked,
            own: Own::default(),
            answered: &[],
            listed: None,
            ident: IdentAnswer::NotAsked,
        };
        let verdict = consider(&self.tables, service, &self.state, &facts, &mut NoTrace);
        matches!(verdict, Verdict::Refuse(_))
    }
}

/// What the compiler does with an image: a file in memory, in huge pages where there are some.
pub(crate) fn written(image: &[u8]) -> Result<OwnedFd, Failure> {
    let failed = |error: std::io::Error| format!("a file in memory: {error}");
    let mut file = File::from(file::open_memfd("images").map_err(failed)?);
    file.write_all(image).map_err(failed)?;
    let _ = file::gather(&file); // else in small ones, as the compiler leaves it
    Ok(file.into())
}

/// What the door does with such a file.
pub(crate) fn place(memory: OwnedFd) -> Result<Image, Failure> {
    let failed = |error: std::io::Error| format!("a file in memory: {error}");
    file::seal(&memory).map_err(failed)?;
    let mapped: Shared = Arc::new(Mapped::new(memory, u64::MAX).map_err(failed)?);
    let length = (*mapped).as_ref().len();
    Image::within(&mapped, 0..length).ok_or_else(|| "an image outside of its file".to_owned())
}

/// The benchmark's own files are believed.
fn trust() -> Trust {
    Trust::User(rustix::process::getuid().as_raw())
}
