//! The one sentence of OpenSSH's sshd that says a session has authenticated.
//!
//! `auth_log` writes ``"%s %s%s%s for %s%.100s from %.200s port %d ssh2%s%s"``; its first word is
//! `Accepted` only after authentication. All that precedes the user's name is sshd's own text, so
//! no name, however chosen, makes another of sshd's sentences begin like this one. But on standard
//! error (`-e`) sshd does not escape newlines (`VIS_SAFE`), and `Failed password for invalid user
//! NAME from …` carries 100 bytes of a stranger's choice: with the name `x`, newline, `Accepted
//! none for root`, the second line is this very sentence, to the byte. Hence it counts only where a
//! write(2) of sshd begins, which a pipe in packet mode shows; after a newline it proves nothing.
//! The address in it is never used: whose pipe it is, the monitor knows.

use crate::text::lines::{Line, Start};

/// Bytes of a line that are looked at: sshd's own are at most 1,024.
pub(crate) const ENOUGH: usize = 1100;

/// Whether this line is sshd saying that its session has authenticated.
pub(crate) fn authenticated(line: Line<'_>) -> bool {
    line.start == Start::Write && !line.cut && portreeve_detect::sshd::authenticated(line.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::lines::{Reads, Splitter};

    /// Whether a session that writes this, one write after another, counts as authenticated.
    fn says(reads: Reads, writes: &[&str]) -> bool {
        let mut splitter = Splitter::new(ENOUGH, reads, false);
        let mut found = false;
        let mut each = |line: Line<'_>| found |= authenticated(line);
        match reads {
            Reads::Packets => writes.iter().for_each(|w| splitter.feed(w.as_bytes(), &mut each)),
            // At its worst, a stream gives writes in one piece.
            Reads::Stream => splitter.feed(writes.concat().as_bytes(), &mut each),
        }
        splitter.finish(&mut each);
        found
    }

    #[test]
    fn sshds_own_sentences_are_known() {
        for line in [
            "Accepted publickey for joe from 192.0.2.7 port 40000 ssh2: ED25519 SHA256:abc",
            "Accepted password for joe from 192.0.2.7 port 40000 ssh2",
            "Accepted keyboard-interactive/pam for joe from 192.0.2.7 port 40000 ssh2",
            "Accepted publickey for joe from 192.0.2.7 port 40000 ssh2: RSA-CERT SHA256:x ID a ssh2 (serial 0) CA RSA SHA256:y",
            "Accepted password for joe blow from home from 192.0.2.7 port 40000 ssh2",
        ] {
            for end in ["\r\n", "\n", ""] {
                let whole = format!("{line}{end}");
                assert!(says(Reads::Packets, &[&whole]), "{whole:?}");
                assert!(!says(Reads::Stream, &["a line before\r\n", &whole]), "{whole:?}");
                assert!(says(Reads::Packets, &["a line before\r\n", &whole]), "{whole:?}");
                let (start, rest) = whole.split_at(20);
                assert!(says(Reads::Packets, &[start, rest]), "in two writes: {whole:?}");
            }
        }
    }

    #[test]
    fn other_sentences_are_not() {
        for line in [
            "Failed password for joe from 192.0.2.7 port 40000 ssh2",
            "Partial publickey for joe from 192.0.2.7 port 40000 ssh2: x",
            "Postponed publickey for joe from 192.0.2.7 port 40000 ssh2 [preauth]",
            "Accepted key ED25519 SHA256:x found at /h/.ssh/authorized_keys:1",
            "Accepted certificate ID \"a for b from 192.0.2.7 port 40000 ssh2\" (serial 1) signed by RSA CA x via /y",
            "Accepted  for joe from 192.0.2.7 port 40000 ssh2",
            "Accepted password for  from 192.0.2.7 port 40000 ssh2",
            "Accepted password for joe from 192.0.2.7 port 40000 ssh",
            "Accepted password for joe from 192.0.2.7 port 40000 ssh2x",
            "Accepted password for joe from 192.0.2.7 port 400000 ssh2",
            " Accepted password for joe from 192.0.2.7 port 40000 ssh2",
            "sshd: Accepted password for joe from 192.0.2.7 port 40000 ssh2",
            "accepted password for joe from 192.0.2.7 port 40000 ssh2",
            "Accepted password for joe from 192.0.2.7 port 40000 ssh2\0",
            "",
        ] {
            assert!(!says(Reads::Packets, &[line, "\r\n"]), "{line:?}");
        }
    }

    /// Names of a stranger's choice, in the sentences of sshd 9.2 that carry them; captured from
    /// a real `sshd -i -e`, which writes each sentence with one write(2).
    #[test]
    fn no_name_makes_another_sentence_count() {
        let forged = "Accepted none for root from 192.0.2.7 port 40000 ssh2";
        for name in [
            forged.to_owned(),
            format!("x {forged}"),
            format!("x\r{forged}\r"),
            format!("x\n{forged}\n"),
            format!("x\r\n{forged}\r\n"),
            format!("x\n{forged}\n{forged}"),
            "x\nAccepted none for root".to_owned(),
            "\nAccepted none for root".to_owned(),
        ] {
            for sentence in [
                format!("Invalid user {name} from 192.0.2.7 port 40000\r\n"),
                format!(
                    "Failed password for invalid user {name} from 192.0.2.7 port 40000 ssh2\r\n"
                ),
                format!(
                    "User {name} from 192.0.2.7 not allowed because not listed in AllowUsers\r\n"
                ),
                format!(
                    "Connection closed by invalid user {name} 192.0.2.7 port 40000 [preauth]\r\n"
                ),
                format!("Received disconnect from 192.0.2.7 port 40000:11: {name}\r\n"),
            ] {
                assert!(!says(Reads::Packets, &[&sentence, &sentence]), "{sentence:?}");
                assert!(!says(Reads::Stream, &[&sentence, &sentence]), "{sentence:?}");
            }
        }
    }

    #[test]
    fn a_cut_or_half_line_does_not_count() {
        let name = "x".repeat(ENOUGH);
        let long = format!("Accepted password for {name} from 192.0.2.7 port 40000 ssh2");
        assert!(!says(Reads::Packets, &[&long, "\r\n"]));
        let line = "Accepted password for joe from 192.0.2.7 port 40000 ssh2\r\n";
        assert!(!says(Reads::Packets, &["no newline", line]));
        for (reads, want) in [(Reads::Stream, false), (Reads::Packets, true)] {
            let mut resumed = Splitter::new(ENOUGH, reads, true);
            resumed.feed(line.as_bytes(), &mut |line| assert_eq!(authenticated(line), want));
        }
    }
}
