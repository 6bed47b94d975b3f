//! SMTP (RFC 5321) with a client that is turned away: it may greet and leave, and nothing else.

/// Bytes of a command that are looked at: no verb is as long.
const VERB: usize = 8;

const GREETING: &[u8] = b"220 rblsmtpd.local\r\n";
const FINE: &[u8] = b"250 rblsmtpd.local\r\n";
const BYE: &[u8] = b"221 rblsmtpd.local\r\n";

/// What follows a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Nothing yet.
    More,
    /// This answer.
    Say(&'a [u8]),
    /// This answer, and the end.
    Leave(&'a [u8]),
}

/// One conversation. It holds the beginning of one line, however long the line is.
#[derive(Debug)]
pub struct Conversation {
    /// The refusal, its line end included.
    refusal: Vec<u8>,
    verb: [u8; VERB],
    /// Bytes of the line so far; where it is longer than a verb, how long does not matter.
    length: usize,
}

impl Conversation {
    /// With a client who is told this line, given without its end.
    #[must_use]
    pub fn new(line: &[u8]) -> Self {
        Self { refusal: [line, b"\r\n"].concat(), verb: [0; VERB], length: 0 }
    }

    /// What is said first.
    #[must_use]
    pub fn greeting(&self) -> &'static [u8] {
        GREETING
    }

    /// The refusal, as it is sent.
    #[must_use]
    pub fn refusal(&self) -> &[u8] {
        &self.refusal
    }

    /// Takes what the client sends, byte by byte.
    pub fn take(&mut self, byte: u8) -> Step<'_> {
        if byte != b'\n' {
            if let Some(place) = self.verb.get_mut(self.length) {
                *place = byte;
            }
            self.length = self.length.saturating_add(1);
            return Step::More;
        }
        let line = self.verb.get(..self.length).unwrap_or(&self.verb);
        self.length = 0;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let verb = line.split(|byte| *byte == b' ').next().unwrap_or_default();
        let is = |known: &[u8]| verb.eq_ignore_ascii_case(known);
        if is(b"quit") {
            Step::Leave(BYE)
        } else if [&b"helo"[..], b"ehlo", b"mail", b"rset", b"noop"].into_iter().any(is) {
            Step::Say(FINE)
        } else {
            Step::Say(&self.refusal)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_greetings_are_answered_and_a_farewell() {
        let mut talk = Conversation::new(b"451 no");
        let mut said = |line: &str| {
            let mut steps = Vec::new();
            for byte in line.bytes() {
                match talk.take(byte) {
                    Step::More => {}
                    Step::Say(b"451 no\r\n") => steps.push('n'),
                    Step::Say(text) if text == FINE => steps.push('f'),
                    Step::Leave(text) if text == BYE => steps.push('b'),
                    other @ (Step::Say(_) | Step::Leave(_)) => panic!("{other:?}"),
                }
            }
            steps.into_iter().collect::<String>()
        };
        let lines = "EHLO x\r\nhelo\nMail from:<a>\r\nRSET\r\nnoop \r\nQuit\r\n";
        assert_eq!(said(lines), "fffffb");
        assert_eq!(
            said("RCPT to:<a>\r\nDATA\r\n\r\n\nVRFY\nquit\rx\nquit\r\r\nquitter\n"),
            "nnnnnnnn"
        );
        assert_eq!(said("noop\0x\nehlo\tx\nehlo "), "nn");
        assert_eq!(said(&"x".repeat(100_000)), "");
        assert_eq!(said("\nquit"), "f", "the line before had begun with a greeting");
    }
}
