//! The rules of one pair of files, with everything that was read for them.

use super::decide::{Decision, Start, decide};
use super::request::{Answers, Request};
use portreeve_model::wrappers::{HostWords, ListFile, Tables};
use std::collections::BTreeMap;

/// What admission asks about hosts.allow and hosts.deny.
#[derive(Clone, Debug, Default)]
pub struct HostRules {
    tables: Tables,
    lists: BTreeMap<Vec<u8>, ListFile>,
    words: HostWords,
}

impl HostRules {
    /// Rules, the files that they name, and what the host says about their words.
    #[must_use]
    pub fn new(tables: Tables, lists: BTreeMap<Vec<u8>, ListFile>, words: HostWords) -> Self {
        Self { tables, lists, words }
    }

    /// Decides. A file that was not read is one that cannot be.
    pub(crate) fn decide(
        &self,
        request: &Request,
        answers: &Answers,
        start: Start,
    ) -> Decision<'_> {
        let answers = Answers { lists: self.lists.clone(), ..answers.clone() };
        decide(&self.tables, request, &answers, start)
    }

    /// Users, groups and banners.
    pub(crate) fn words(&self) -> &HostWords {
        &self.words
    }
}
