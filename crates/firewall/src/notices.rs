//! What the kernel tells of changes: which of them others have made in our table.

use crate::answer::Message;
use crate::kernel::Kernel;
use crate::message::{Ask, INET, NFTABLES};

/// `NFT_MSG_NEWGEN`: the end of a transaction, with who made it.
const GENERATION: u16 = (NFTABLES << 8) | 15;
/// Bytes of a program's name, as the kernel keeps it.
const NAME: usize = 15;
/// This program's.
const OURS: &str = "portreeve-firew";

/// A change by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// The program, as the kernel names it.
    pub(crate) by: String,
    /// What it did.
    pub(crate) what: &'static str,
    /// Whether it is another of these, which an earlier monitor may have left at work for a moment.
    pub(crate) ours: bool,
}

/// What has been heard of a transaction that has not been told whole.
#[derive(Debug, Default)]
pub(crate) struct Notices(Option<&'static str>);

impl Notices {
    /// Hears a message; what another has done to the table, once it is known who.
    pub(crate) fn hear(
        &mut self,
        message: &Message<'_>,
        kernel_says_ours: bool,
        table: &str,
    ) -> Option<Foreign> {
        if kernel_says_ours {
            return None;
        }
        if message.kind == GENERATION {
            let what = self.0.take()?;
            let name = message.text(3).unwrap_or_default();
            let by: String = name.chars().take(NAME).filter(|c| !c.is_control()).collect();
            let ours = by == OURS;
            return Some(Foreign { by, what, ours });
        }
        if message.family() == INET && message.text(1) == Some(table) {
            // the first is the worst: what follows it is what went with it
            let what = deed(message.kind);
            self.0 = match self.0 {
                Some(known) if what != REMOVED => Some(known),
                _ => Some(what),
            };
        }
        None
    }
}

const REMOVED: &str = "removed the table";

fn deed(kind: u16) -> &'static str {
    let is = |ask: Ask| kind == ask.kind();
    if is(Ask::DelTable) {
        REMOVED
    } else if is(Ask::DelElements) {
        "took something out of its sets"
    } else if is(Ask::NewElements) {
        "put something into its sets"
    } else if is(Ask::NewRule) || is(Ask::DelRule) {
        "changed its rules"
    } else {
        "changed what it is made of"
    }
}

/// Hears everything that waits.
///
/// # Errors
/// Those of the socket.
pub(crate) fn hear_all(
    kernel: &mut Kernel,
    notices: &mut Notices,
    table: &str,
) -> std::io::Result<(Option<Foreign>, crate::kernel::Told)> {
    let mut foreign = None;
    let port = kernel.port();
    let told = kernel.hear(|message| {
        if let Some(found) = notices.hear(message, message.port == port, table) {
            foreign = Some(found);
        }
    })?;
    Ok((foreign, told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::messages;
    use crate::message::Batch;

    /// Messages as a batch has them, told of by another.
    fn told(fill: impl FnOnce(&mut Batch)) -> Vec<u8> {
        let mut batch = Batch::new(1);
        fill(&mut batch);
        batch.finish().0
    }

    #[test]
    fn what_others_do_to_our_table_is_noticed_and_nothing_else() {
        let generation = |name: &str| {
            let mut bytes = crate::message::question(Ask::GetSet, 9, |body| body.text(3, name));
            bytes[4..6].copy_from_slice(&GENERATION.to_ne_bytes());
            bytes
        };
        let removal = told(|batch| {
            batch.ask(Ask::DelRule, |body| body.text(1, "portreeve"));
            batch.ask(Ask::DelTable, |body| body.text(1, "portreeve"));
            batch.ask(Ask::DelSet, |body| body.text(1, "portreeve"));
        });
        let other = told(|batch| batch.ask(Ask::DelTable, |body| body.text(1, "other")));
        let mut notices = Notices::default();
        let mut hear = |bytes: &[u8], ours: bool| {
            messages(bytes).filter_map(|m| notices.hear(&m, ours, "portreeve")).last()
        };
        assert_eq!(hear(&other, false), None);
        assert_eq!(hear(&generation("nft"), false), None);
        assert_eq!(hear(&removal, true), None);
        assert_eq!(hear(&generation("portreeve-firew"), true), None);
        assert_eq!(hear(&removal, false), None);
        let found = hear(&generation("nft"), false).unwrap();
        assert_eq!((found.by.as_str(), found.what, found.ours), ("nft", REMOVED, false));
        assert_eq!(hear(&removal, false), None);
        assert!(hear(&generation("portreeve-firew"), false).unwrap().ours);
        assert_eq!(hear(&generation("nft"), false), None);
    }
}
