//! What peers and services say: ident servers' replies, and lines of evidence.

use super::{Outcome, Target, signature};
use portreeve_clerk::evidence_lines;
use portreeve_relay::ident_reply;
use portreeve_wire::relay::IdentReply;

pub(super) const IDENT: Target = Target {
    name: "ident",
    about: "replies of ident servers (RFC 1413)",
    check: ident,
    seeds: || {
        let lines = [
            "6193, 23 : USERID : UNIX : joe\r",
            "6193,23:ERROR:NO-USER",
            "6193 , 23 : USERID : OTHER , US-ASCII :  a b:c",
        ];
        lines.map(|line| line.as_bytes().to_vec()).to_vec()
    },
    words: || {
        ["6193", "23", ",", ":", "USERID", "ERROR", "UNIX", " ", "\r", "\0", "NO-USER"]
            .map(String::from)
            .to_vec()
    },
    longest: 2048,
};

pub(super) const EVIDENCE: Target = Target {
    name: "evidence",
    about: "what services write about their sessions",
    check: evidence,
    seeds: || {
        let texts = [
            "Accepted publickey for joe from 192.0.2.1 port 7 ssh2: ED25519 SHA256:x\r\n\u{c}more\n",
            "Failed password for invalid user x\nAccepted none for root from 192.0.2.1 port 1 ssh2\n",
            "\u{1b}[31mred\u{7}\u{202e}\n\u{c}half",
        ];
        texts.map(|text| text.as_bytes().to_vec()).to_vec()
    },
    words: || {
        ["Accepted ", " for ", " from ", " port ", " ssh2", "\n", "\r\n", "\u{c}", "\\x"]
            .map(String::from)
            .to_vec()
    },
    longest: 16 << 10,
};

/// Longest word of a peer that may come through, escaped.
const MOST: usize = 4 * 2048;

fn ident(bytes: &[u8]) -> Outcome {
    let (kind, text) = match ident_reply(bytes, 6193, 23) {
        IdentReply::User { text, user } => {
            if user.is_empty() || user.contains(&0) {
                return Err("a user that none has".into());
            }
            ("user", text)
        }
        IdentReply::Declined(text) => ("declined", text),
        IdentReply::Missing(text) => ("missing", text),
    };
    let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    match printable && text.len() <= MOST {
        true => Ok(signature([kind, &text.len().min(9).to_string()])),
        false => Err(format!("{text:?} is not fit for a log")),
    }
}

/// Form feeds part what is read at a time.
fn evidence(bytes: &[u8]) -> Outcome {
    let mut kinds = Vec::new();
    for (keep, packets) in [(1100, true), (1100, false), (20, false)] {
        let reads: Vec<&[u8]> = bytes.split(|byte| *byte == 0x0c).collect();
        let (lines, authenticated) = evidence_lines(reads, keep, packets);
        let fit =
            |line: &String| line.len() <= 4 * keep && !line.contains(|c: char| c.is_control());
        if !lines.iter().all(fit) {
            return Err(format!("{lines:?} are not fit for a log"));
        }
        if authenticated > lines.len() {
            return Err("more have authenticated than lines say".into());
        }
        kinds.push(format!("{} {}", lines.len().min(5), authenticated.min(2)));
    }
    Ok(signature(kinds.iter().map(String::as_str)))
}
