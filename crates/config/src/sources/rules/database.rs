//! A database.

use super::super::Image;
use super::Said;
use crate::codes;
use portreeve_diag::{Diagnostic, Level};
use portreeve_ucspi::image::{of_sound, sound};
use portreeve_ucspi::rules::{Stored, doubt};

/// An image of a database, and what is to be said of its keys.
pub(super) fn read(bytes: &[u8], said: &mut Said<'_>) -> Result<Image, String> {
    let read = sound(bytes).and_then(|database| Ok((of_sound(&database)?, database)));
    let (image, database) = read.map_err(|bad| {
        let why = format!("as a database of rules it is damaged or none: {bad}");
        said.unusable(why)
    })?;
    let mut entries = 0_u64;
    for (record, is_found) in database.records() {
        entries = entries.saturating_add(1);
        if !is_found {
            said.key(record.key, "stands there more than once, and the first decides");
        } else if let Some(why) = doubt(record.key) {
            said.key(record.key, &format!("can never match: {why}"));
        }
        if Stored::parse(record.data).settings.iter().any(|setting| setting.name.is_empty()) {
            said.key(record.key, "sets a variable without a name, which no program is told");
        }
    }
    Ok(Image { bytes: image, entries })
}

impl Said<'_> {
    fn key(&mut self, key: &[u8], what: &str) {
        let (path, key) = (&self.file.path, key.escape_ascii());
        let message = format!("`{path}`: the key `{key}` {what}");
        self.say(Diagnostic::new(Level::Warning, codes::RULES_NEVER_MATCH, None, message));
    }
}
