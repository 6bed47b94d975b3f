//! Verdicts about mail that Exim's local scan and SA-Exim give.

use super::host::host;
use super::{Finding, Kind, UNKNOWN};
use crate::Named;
use crate::scan::{behind_each, bracketed, common, holds, offence};

/// `F=… H=… P=esmtp rejected by local_scan(): …`: the sender before and the reason behind are, or quote,
/// the client's text.
pub(super) fn local_scan(text: &[u8]) -> Finding {
    if !holds(text, b" rejected by local_scan(): ") {
        return Finding::Nothing("nothing was refused");
    }
    if !holds_certainly(text) {
        return Finding::Nothing("put off, not refused");
    }
    let hosts = behind_each(text, b" H=").filter_map(host).map(|(peer, _)| peer);
    match common(hosts) {
        Some(peer) => offence(Kind::Spam, peer, None, "refused by the local scan"),
        None => Finding::Nothing("mail of this host's own"),
    }
}

/// Whether not every `rejected` is a temporary one.
fn holds_certainly(text: &[u8]) -> bool {
    let all = behind_each(text, b" rejected by local_scan(): ").count();
    let later = behind_each(text, b" temporarily rejected by local_scan(): ").count();
    all > later
}

/// Whether this is SA-Exim's.
pub(in super::super) fn is_sa(text: &[u8]) -> bool {
    text.starts_with(b"SA: ")
}

/// What SA-Exim has done with spam.
const ACTIONS: [&[u8]; 6] = [
    b"flagged as Spam",
    b"silently tossed message",
    b"permanently rejected message",
    b"temporarily rejected message",
    b"stalled connection",
    b"teergrubed sender",
];

/// `SA: Action: silently tossed message: score=… Message-Id: … From <…> (host=NAME [ADDRESS]) for …`: identifier,
/// sender and recipient are the client's, so every reading must agree.
pub(in super::super) fn sa_exim(text: &[u8]) -> Finding {
    let Some(action) = text.strip_prefix(b"SA: Action: ") else { return Finding::Nothing(UNKNOWN) };
    if !ACTIONS.iter().any(|known| action.starts_with(known)) {
        return Finding::Nothing("not taken for spam");
    }
    let hosts = behind_each(action, b"(host=").filter_map(|behind| {
        let open = memchr::memchr(b'[', behind)?;
        let (name, address) = behind.split_at_checked(open)?;
        let placed = name.is_empty() || name.ends_with(b" ");
        let (peer, rest) = bracketed(address)?;
        let named = matches!(peer.named, Named::Address(_));
        (placed && named && rest.starts_with(b")")).then_some(peer)
    });
    match common(hosts) {
        Some(peer) => offence(Kind::Spam, peer, None, "SpamAssassin's verdict"),
        None => Finding::Nothing("mail of this host's own"),
    }
}
