//! hosts.allow and hosts.deny (hosts_access(5)).

use super::{Image, Reader};
use crate::world::Owner;
use portreeve_model::SourceFile;

/// Reads both files into their image. One that is not there has no rules; since rules have programs
/// run, both must be believed.
pub(super) fn read(
    allow: &SourceFile,
    deny: &SourceFile,
    reader: &mut Reader<'_>,
) -> Result<Image, String> {
    let mut both = Vec::new();
    for file in [allow, deny] {
        match reader.file(&file.path, Owner::Believed) {
            Ok(bytes) => both.extend(bytes),
            Err(unread) if unread.absent => {}
            Err(unread) => return Err(reader.unread(&file.path, unread)),
        }
    }
    Ok(Image { bytes: both, entries: 0 })
}
