//! The DNS lists of a service: the last of the access lists, since each is a look-up.
//!
//! They only refuse. A list that does not answer lets nobody in: the others have granted on their
//! own, and whether it then refuses is the administrator's choice.

use super::{Case, Stop};
use crate::trace::Question;
use crate::verdict::Listing;
use crate::{Detail, Need, Reason};
use portreeve_model::{DnsList, ListAnswer, Origin, WhenUnknown, may_be_listed};

/// What a list said, or that it was not asked.
type Said<'a> = Option<&'a ListAnswer>;

impl Case<'_> {
    pub(super) fn dns_lists(&mut self) -> Result<(), Stop> {
        let lists = &self.table.dns_lists;
        let Some(first) = lists.deny.first() else { return Ok(()) };
        let origin = Some(first.origin);
        if !may_be_listed(self.peer) {
            return self.dns_step(None, origin, || Listing::Private);
        }
        let both = || lists.deny.iter().chain(&lists.except);
        if both().any(|list| self.said(list).is_none()) {
            return Err(self.need(Question::DnsLists, Need::DnsLists, origin, || Detail::Nothing));
        }
        let on = |list: &&DnsList| matches!(self.said(list), Some(ListAnswer::Listed(_)));
        let unknown = |list: &&DnsList| matches!(self.said(list), Some(ListAnswer::Unknown(_)));
        let refuses = |list: &&DnsList| list.when_unknown == WhenUnknown::Refuse;
        let found = lists.deny.iter().find(on);
        let found = found.or_else(|| lists.deny.iter().filter(unknown).find(refuses));
        match (found, lists.except.iter().find(on)) {
            (None, _) => {
                let open = lists.deny.iter().find(unknown);
                let unknown = open.map(|list| (list.zone.name.as_str().into(), self.words(list)));
                let asked = u32::try_from(lists.deny.len()).unwrap_or(u32::MAX);
                self.dns_step(None, origin, || Listing::Nowhere { asked, unknown })
            }
            (Some(list), Some(by)) => {
                let (zone, exception) = (list.zone.name.as_str(), by.zone.name.as_str());
                self.dns_step(None, Some(by.origin), || Listing::Excepted {
                    zone: zone.into(),
                    by: exception.into(),
                })
            }
            (Some(list), None) => {
                let (zone, words) = (list.zone.name.as_str().into(), self.words(list));
                let (reason, listing) = match self.said(list) {
                    Some(ListAnswer::Listed(_)) => {
                        (Reason::Listed, Listing::On { zone, text: words })
                    }
                    Some(ListAnswer::Unknown(_) | ListAnswer::NotListed) | None => {
                        (Reason::ListFailed, Listing::Unknown { zone, why: words })
                    }
                };
                self.dns_step(Some(reason), Some(list.origin), || listing)
            }
        }
    }

    fn dns_step(
        &mut self,
        refused: Option<Reason>,
        origin: Option<Origin>,
        listing: impl FnOnce() -> Listing,
    ) -> Result<(), Stop> {
        self.pass_unless(Question::DnsLists, refused, origin, || Detail::DnsLists(listing()))
    }

    /// What a list said of this peer.
    fn said(&self, list: &DnsList) -> Said<'_> {
        let answers = self.facts.listed.unwrap_or_default();
        answers.iter().find(|(zone, _)| *zone == list.zone).map(|(_, answer)| answer)
    }

    /// In its words.
    fn words(&self, list: &DnsList) -> Box<str> {
        match self.said(list) {
            Some(ListAnswer::Listed(words) | ListAnswer::Unknown(words)) => words.as_str().into(),
            Some(ListAnswer::NotListed) | None => Box::default(),
        }
    }
}
