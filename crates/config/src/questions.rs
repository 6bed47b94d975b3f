//! What the host's resolver is to be asked about names, addresses and netgroups of rules. Nobody
//! asks while a configuration is read: `portreeve check` does, later.

use portreeve_diag::Span;
use portreeve_dialect::wrappers::Question;
use std::collections::BTreeMap;

/// Questions that are kept; the rest are counted.
pub(crate) const MOST: usize = 1000;

/// Places of one question that are kept.
const PLACES: usize = 4;

/// Questions, each once, with the first places where it arises.
#[derive(Clone, Debug, Default)]
pub struct Questions {
    places: BTreeMap<Question, Vec<Span>>,
    more: usize,
}

impl Questions {
    /// Adds a question.
    pub(crate) fn add(&mut self, question: Question, at: Span) {
        if let Some(places) = self.places.get_mut(&question) {
            if places.len() < PLACES {
                places.push(at);
            }
        } else if self.places.len() < MOST {
            self.places.insert(question, vec![at]);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// Names and netgroups before addresses, each with its places, of which there is one at least.
    pub fn iter(&self) -> impl Iterator<Item = (&Question, &[Span])> {
        self.places.iter().map(|(question, places)| (question, places.as_slice()))
    }

    /// How many were not kept.
    #[must_use]
    pub fn more(&self) -> usize {
        self.more
    }
}
