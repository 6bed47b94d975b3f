//! Our door's tables over files, as the door itself has them read.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use portreeve_config::{Disk, Entry, SourceRead, Trust, load, reread};
use portreeve_diag::Level;
use portreeve_model::{Config, Source, SourceId};
use portreeve_policy::{
    Facts, IdentAnswer, Image, Names, NoTrace, Own, ServiceIndex, State, Tables, Verdict, consider,
};

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
            tables.set_source(source, outcome.map(|image| Image::whole(image.bytes)));
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

    /// Reads a source of it again, without the configuration, as the compiler does.
    pub(crate) fn read_again(&self, source: SourceId) -> Result<Vec<u8>, Failure> {
        let sources: Vec<(SourceId, Source)> = (0..)
            .map(SourceId)
            .zip(&self.config.sources)
            .filter(|(id, _)| *id == source)
            .map(|(id, source)| (id, source.clone()))
            .collect();
        let (read, _, _) = reread(&sources, &self.config.files, &mut Disk::new(trust()));
        let image = read.into_iter().next().map(|read| read.outcome);
        Ok(image.ok_or("there is no such source")??.bytes)
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

/// The benchmark's own files are believed.
fn trust() -> Trust {
    Trust::User(rustix::process::getuid().as_raw())
}
