//! What rules say of names and users, beside what services ask: told once, when a configuration is
//! loaded.

use super::super::SourceRead;
use crate::check::{Check, note, place};
use crate::codes;
use portreeve_model::{Asked, Service};
use portreeve_ucspi::image::{Image, Step};

/// Says which services never ask for what their rules speak of.
pub(crate) fn tell(check: &mut Check, read: &[SourceRead], services: &[Service]) {
    for service in services {
        let Some(used) = &service.admission.rules else { continue };
        let of_this = read.iter().find(|read| read.source == used.source);
        let Some(Ok(image)) = of_this.map(|read| &read.outcome) else { continue };
        let Ok(rules) = Image::open(&image.bytes) else { continue };
        let Some(at) = place(&check.sources, used.origin) else { continue };
        let has = |steps: &[Step]| steps.iter().any(|step| rules.has(*step));
        let names = [Step::UserHost, Step::Host, Step::Tail, Step::AnyHost];
        let users = [Step::UserAddress, Step::UserHost];
        for (asked, steps, key, what, written) in [
            (used.names, &names[..], "names", "host names", "`=host`"),
            (used.ident, &users[..], "ident", "users", "`user@address`"),
        ] {
            if asked == Asked::Never && has(steps) {
                let name = &service.key;
                let message = format!(
                    "`{name}` never asks for {what}: rules for {written} match nobody there"
                );
                let finding = note(codes::RULES_NEVER_ASKED, at, message);
                check.say(finding.help(format!("leave out `{key} = \"never\"`, or those rules")));
            }
        }
    }
}
