//! The sets of an image, one behind the other.

use portreeve_lists::Builder;
use portreeve_model::Network;
use portreeve_model::wrappers::Piece;

/// The sets so far.
#[derive(Debug, Default)]
pub(super) struct Sets {
    bytes: Vec<u8>,
    entries: u64,
}

impl Sets {
    /// Counts what is kept elsewhere.
    pub(super) fn count(&mut self, entries: usize) {
        self.entries = self.entries.saturating_add(entries.try_into().unwrap_or(u64::MAX));
    }

    /// Adds a set of networks with their lines.
    pub(super) fn add(&mut self, networks: Vec<(Network, u32)>) -> Result<Piece, String> {
        self.count(networks.len());
        let mut builder = Builder::new(0); // its seed is for names, of which there are none
        for (network, line) in networks {
            builder.network(network, line);
        }
        let set = builder.build().map_err(|error| error.to_string())?;
        let number = |number: usize| {
            u32::try_from(number).map_err(|_| "its addresses take more than 4 GiB".to_owned())
        };
        let piece = Piece { offset: number(self.bytes.len())?, length: number(set.len())? };
        self.bytes.extend_from_slice(&set);
        Ok(piece)
    }

    /// All of them, and how many entries there are.
    pub(super) fn done(self) -> (Vec<u8>, u64) {
        (self.bytes, self.entries)
    }
}
