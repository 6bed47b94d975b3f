//! Bounds on what one configuration may hold: far above any real one, far below what would hurt.

/// Bytes of one file.
pub(super) const FILE_BYTES: usize = 1 << 20;
/// Bytes of all files together.
pub(super) const ALL_BYTES: usize = 8 << 20;
/// Bytes of a line, xinetd's own limit.
pub(super) const LINE_BYTES: usize = 16 << 10;
/// Lines of all files together, blank ones and comments aside.
pub(super) const LINES: usize = 1 << 18;
/// Words of all files together.
pub(super) const WORDS: usize = 1 << 20;
/// Files read, the main one included.
pub(super) const FILES: usize = 1024;
/// Files in a chain of includes.
pub(super) const DEPTH: usize = 16;
/// Entries, `defaults` and disabled ones included.
pub(super) const ENTRIES: usize = 4096;
/// Addresses of one `bind`.
pub(super) const BINDS: usize = 64;
/// Access rules of all services together, inherited ones counted for each.
pub(super) const RULES: usize = 1 << 19;
