//! Where the ancestor and the door may differ: the rows of `docs/xinetd.md`, "Where the outcome
//! differs", each with the configurations and connections in which it shows.
//!
//! No outcome is ever looked at to decide whether it may differ. And what may differ is narrow:
//! either the door's verdict is prescribed, or what the ancestor did is mended and must then be
//! what the door did. A row that applies where nothing differs is a failure too, so that the table
//! can neither rot nor grow wide.

mod mend;
mod misread;
mod when;

use super::outcome::{Outcome, Verdict};
use super::{Input, within};
use Verdict::{Absent, Refused, Served};
use What::{Instead, Mended};
use misread::{mapped, mask, whole};

/// One difference.
pub struct Allowed {
    /// As `docs/xinetd.md` names it.
    pub defect: &'static str,
    /// Whether it shows in this connection.
    pub when: fn(&Input<'_>) -> bool,
    /// What then differs.
    pub what: What,
}

/// What may differ.
#[derive(Clone, Copy)]
pub enum What {
    /// The door does this, and the ancestor something else.
    Instead(Verdict),
    /// The ancestor's outcome, mended, is the door's.
    Mended(fn(&Input<'_>, &mut Outcome)),
}

impl std::fmt::Debug for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.defect)
    }
}

const fn row(defect: &'static str, what: What, when: fn(&Input<'_>) -> bool) -> Allowed {
    Allowed { defect, when, what }
}

/// All of them.
pub const ALL: &[Allowed] = &[
    row("late-defaults", Instead(Refused), |i| when::late(i) && !when::listed(i)),
    row("mask", Instead(Served), |i| when::differs(i, mask, true)),
    row("mask", Instead(Refused), |i| when::differs(i, mask, false)),
    row("ipv6-prefix", Instead(Served), |i| when::differs(i, whole, true)),
    row("ipv6-prefix", Instead(Refused), |i| when::differs(i, whole, false)),
    row("ipv6-prefix", Instead(Served), |i| when::dual(i) && when::differs(i, mapped, true)),
    row("ipv6-prefix", Instead(Refused), |i| when::dual(i) && when::differs(i, mapped, false)),
    row("unconfirmed-name", Instead(Refused), |i| {
        when::by_name(i) && i.visit.peer.to_string() == "10.1.2.5"
    }),
    row("repeated-suffix", Instead(Served), |i| {
        when::item(i, "only_from", |item, _| item == ".foo")
            && i.visit.peer.to_string() == "10.1.2.7"
    }),
    row("sensor-text", Instead(Served), |i| {
        // Shut out by the final zero of another's address.
        let zero = |by: &Input<'_>| within(&by.visit.peer.to_string(), i.visit.peer);
        when::welcome(i) && when::trapped(i, |by| zero(by) && by.visit.peer != i.visit.peer)
    }),
    row("sensor-text", Instead(Refused), |i| {
        let caught = |by: &Input<'_>| by.visit.peer == i.visit.peer;
        let otherwise = when::trapped(i, |by| caught(by) && !when::dual(by));
        when::trapped(i, |by| caught(by) && when::dual(by)) && !when::dual(i) && !otherwise
    }),
    row("sensor-network", Instead(Refused), |i| {
        when::welcome(i) && when::trapped(i, |by| when::near(by.visit.peer, i.visit.peer))
    }),
    row("sensor-itself", Instead(Served), |i| {
        i.visit.peer.is_loopback() && when::trapped(i, |by| by.visit.peer == i.visit.peer)
    }),
    row("cps-closes", Instead(Refused), |i| when::paused(i) && !when::strangers_only(i)),
    row("cps-closes", Instead(Refused), when::recounted),
    row("strangers-count", Instead(Served), |i| when::paused(i) && when::strangers_only(i)),
    row("strangers-count", Mended(mend::address_first), |i| {
        when::logged(i) && when::full(i) && !when::listed(i)
    }),
    row("reserved-name", Instead(Refused), |i| {
        let reserved = i.entry.is_some_and(|e| ["logging", "intercept"].contains(&e.name.as_str()));
        reserved && (when::full(i) || !when::listed(i))
    }),
    row("nameinargs-order", Instead(Served), |i| {
        let at = |attribute: &str| {
            i.entry.and_then(|e| e.lines.iter().position(|line| line.attribute == attribute))
        };
        i.entry.is_some_and(|e| e.flag("NAMEINARGS")) && at("server_args") < at("flags")
    }),
    row("blinded-sensor", Instead(Refused), |i| {
        when::sensor(i) && !i.entry.is_some_and(|e| e.has("cps")) && i.nth > 50
    }),
    row("bind-several", Instead(Absent), |i| {
        i.entry.is_some_and(|entry| {
            entry.bind().len() > 1 && !entry.bind().contains(&i.visit.to.ip().to_string())
        })
    }),
    row("v6only-no", Instead(Served), |i| i.word("v6only") == Some("no") && i.visit.peer.is_ipv4()),
    row("midnight", Instead(Served), |i| {
        i.entry.is_some_and(|entry| entry.words("access_times").iter().any(|t| when::midnight(t)))
    }),
    row("banner-rights", Mended(mend::secret_banner), when::secret_banner),
    row("missing-banner", Instead(Absent), when::missing_banner),
    row("unusable-program", Instead(Absent), when::unusable),
    row("exec-status", Mended(mend::exec_status), when::no_interpreter),
    row("internal-process", Mended(mend::no_process), |i| {
        let internal = i.entry.is_some_and(|entry| entry.is("INTERNAL"));
        internal && when::logged(i) && !when::sensor(i)
    }),
    row("refused-ident", Mended(mend::no_name), |i| {
        i.entry.is_some_and(|entry| entry.flag("IDONLY")) && !when::identified(i)
    }),
    row("refused-ident", Mended(mend::not_asked), |i| {
        let asked = i
            .entry
            .is_some_and(|entry| entry.words("log_on_failure").iter().any(|word| word == "USERID"));
        asked && when::full(i) && when::identified(i)
    }),
    row("niceness", Mended(mend::niceness), |i| {
        let negative = i.word("nice").is_some_and(|nice| nice.starts_with('-'));
        negative && i.word("user") != Some("root")
    }),
    row("unlisted-name", Instead(Refused), |i| {
        i.entry.is_some_and(|entry| ["sftp", "irc"].contains(&entry.name.as_str()))
    }),
    row("mapped-peer", Mended(mend::mapped), |i| when::dual(i) && when::logged(i)),
    row("early-start", Mended(mend::early_start), |i| {
        when::logged(i) && !when::full(i) && !when::sensor(i) && when::shut_out(i)
    }),
];
