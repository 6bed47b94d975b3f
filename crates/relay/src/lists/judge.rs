//! What the addresses in a list's answer mean together.

use portreeve_model::{Code, DnsZone};
use std::net::Ipv4Addr;

/// What a list says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It has the peer.
    Listed,
    /// It has it not, or for nothing that counts.
    NotListed,
    /// It is no answer of a list.
    Unknown(String),
}

/// One answer that counts is enough; where none does, one that is a list's own is a no.
pub(super) fn judge(zone: &DnsZone, answers: &[Ipv4Addr]) -> Judgement {
    let first = |code| answers.iter().find(|answer| zone.code(**answer) == code);
    if first(Code::Listed).is_some() {
        Judgement::Listed
    } else if let Some(answer) = first(Code::Declined) {
        Judgement::Unknown(format!("it declines to answer ({answer})"))
    } else if let (Some(answer), None) = (first(Code::Foreign), first(Code::Other)) {
        Judgement::Unknown(format!("it answers {answer}, which no list does"))
    } else {
        Judgement::NotListed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_weighed_together() {
        let codes = vec![("127.0.0.2".parse().unwrap(), "127.0.0.4".parse().unwrap())];
        let zone = DnsZone { name: "bl.example".into(), codes };
        let declines = "it declines to answer (127.255.255.254)";
        let foreign = "it answers 203.0.113.5, which no list does";
        for (answers, want) in [
            ("", Judgement::NotListed),
            ("127.0.0.2", Judgement::Listed),
            ("127.0.0.9", Judgement::NotListed),
            ("127.0.0.9 127.0.0.3", Judgement::Listed),
            ("203.0.113.5", Judgement::Unknown(foreign.into())),
            ("203.0.113.5 127.0.0.9", Judgement::NotListed),
            ("203.0.113.5 127.0.0.2", Judgement::Listed),
            ("127.255.255.254", Judgement::Unknown(declines.into())),
            ("203.0.113.5 127.255.255.254", Judgement::Unknown(declines.into())),
        ] {
            let answers: Vec<_> =
                answers.split_whitespace().map(|answer| answer.parse().unwrap()).collect();
            assert_eq!(judge(&zone, &answers), want, "{answers:?}");
        }
    }
}
