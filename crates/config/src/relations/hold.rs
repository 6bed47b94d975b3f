//! Refusals and endings that defeat one another.

use crate::check::{self, Check};
use crate::codes;
use crate::native::Fields;
use portreeve_model::{KeepAlive, Refuse, Service};
use std::time::Duration;

/// Words for refused peers: twice, or where nobody hears them.
pub(super) fn words(check: &mut Check, fields: Fields<'_>, service: &Service) {
    // what a table writes itself replaces what `[defaults]` say, but nothing is said to who is reset
    let reset = service.refusals.refuse == Refuse::Reset;
    let (refuse, banner) = match (fields.own("refuse"), fields.own("banner-refused")) {
        (None, None) => (fields.default("refuse"), fields.default("banner-refused")),
        (None, own) if reset => (fields.default("refuse"), own),
        own => own,
    };
    let (Some(refuse), Some(banner)) = (refuse, banner.filter(|item| !item.is_word("none"))) else {
        return;
    };
    if reset {
        let message = "`banner-refused`, but a connection that is reset is told nothing";
        let finding = check::warning(codes::WORDS_UNSAID, banner.named, message);
        check.say(
            finding
                .also(refuse.named, "reset here")
                .help("remove `banner-refused`, or write `refuse = \"close\"`"),
        );
    } else if service.refusals.words.is_some() {
        let message = "`banner-refused` and the `words` of `refuse` are two ways to say the same";
        let finding = check::error(codes::EXCLUSIVE, banner.named, message);
        check.say(finding.also(refuse.named, "already said here").help("keep one of them"));
    }
}

/// Keep-alives that never ask.
pub(super) fn probes(check: &mut Check, fields: Fields<'_>, service: &Service) {
    let (Some(idle), KeepAlive::Probes(probes)) = (service.ends.idle, service.socket.keepalive)
    else {
        return;
    };
    let Some(item) = fields.get("keep-alive") else { return };
    if idle.value <= Duration::from_secs(probes.every.into()) {
        let message = "`keep-alive` never asks: `idle` ends a session that is silent for so long";
        let finding = check::warning(codes::NEVER_PROBED, item.named, message);
        check.say(finding.help("write a shorter `every`, or a longer `idle`"));
    }
}
