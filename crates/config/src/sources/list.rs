//! A native list: an address, network, range or name on each line.

use super::{Image, Reader};
use crate::world::Owner;
use portreeve_model::SourceFile;

/// Reads a list into its image.
pub(super) fn read(file: &SourceFile, reader: &mut Reader<'_>) -> Result<Image, String> {
    let bytes = reader.file(&file.path, Owner::Anybody);
    let bytes = bytes.map_err(|unread| reader.unread(&file.path, unread))?;
    let entries = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    Ok(Image { bytes, entries: entries.try_into().unwrap_or(u64::MAX) })
}
