//! `[watch.NAME]`: what is watched.

use super::Desk;
use super::documents::Document;
use portreeve_model::Watch;

/// What the files say is watched.
pub(super) fn read(_desk: &mut Desk<'_>, _documents: &[Document]) -> Vec<Watch> {
    Vec::new()
}
