//! hosts.allow and hosts.deny.

use super::Page;
use crate::words::quote;
use portreeve_model::{Config, Offer, Service, SourceKind};

/// The files, if a service asks them; whether one does.
pub(super) fn import(page: &mut Page<'_>, config: &Config) -> bool {
    for source in &config.sources {
        let SourceKind::Wrappers { allow, deny } = &source.kind else { continue };
        let (allow, deny) = (quote::text(&allow.path), quote::text(&deny.path));
        page.header("import", None);
        let files = format!("{{ allow = {allow}, deny = {deny} }}");
        page.sited("hosts-access", &files, source.origin);
        page.asks = true;
    }
    page.asks
}

/// Under which name a service asks them.
pub(super) fn print(page: &mut Page<'_>, service: &Service) {
    match (&service.admission.wrappers, &service.offer) {
        (Some(asks), _) => page.sited("hosts-access", &quote::text(&asks.daemon), asks.origin),
        (None, Offer::Program(_) | Offer::Internal(_)) if page.asks => {
            page.line("hosts-access", "false");
        }
        (None, _) => {}
    }
}
