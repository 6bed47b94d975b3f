//! A rules database as tcprules(1) makes it.

use super::{Image, Reader};
use crate::world::Owner;
use portreeve_model::{MissingRules, SourceFile};

/// Reads a rules database into its image: what it says of a peer becomes the environment of a
/// service, so it must be one that is believed.
pub(super) fn read(
    file: &SourceFile,
    missing: MissingRules,
    reader: &mut Reader<'_>,
) -> Result<Image, String> {
    let bytes = match (reader.file(&file.path, Owner::Believed), missing) {
        (Err(unread), MissingRules::Allow) if unread.absent => Vec::new(),
        (bytes, _) => bytes.map_err(|unread| reader.unread(&file.path, unread))?,
    };
    Ok(Image { bytes, entries: 0 })
}
