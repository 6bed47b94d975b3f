//! The services that a line names.

use super::outcome::Outcome;
use super::place::{Place, Places};
use std::ffi::OsString;

/// Each service once, in the order of the line, and what is no service.
pub(super) fn find(words: &[OsString], places: &Places<'_>) -> (Vec<Place>, Vec<Outcome>) {
    let (mut found, mut wrong): (Vec<Place>, Vec<Outcome>) = (Vec::new(), Vec::new());
    for word in words {
        match places.find(word) {
            Ok(place) if found.iter().any(|other| other.path == place.path) => {}
            Ok(place) => found.push(place),
            Err(failure) => wrong.push(Outcome::unknown(word, failure)),
        }
    }
    (found, wrong)
}
