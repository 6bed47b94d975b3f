//! How much a configuration may hold.

use portreeve_model::FilterText;

/// Bytes of one file.
pub(super) const FILE_BYTES: usize = 4 << 20;
/// Bytes of all files together.
pub(super) const ALL_BYTES: usize = 32 << 20;
/// Files, each counted once.
pub(super) const FILES: usize = 2000;
/// Files that one configuration or filter consists of, each counted as often as it is included.
pub(super) const READINGS: usize = 500;
/// How deep includes may go.
pub(super) const DEPTH: usize = 16;
/// Bytes that one option may come to.
pub(super) const TEXT: usize = FilterText::MOST_TEXTS;
/// References that may be followed in one configuration, whatever they come to.
pub(super) const STEPS: u32 = 4_000_000;
/// Jails of one configuration.
pub(super) const JAILS: usize = 1000;
