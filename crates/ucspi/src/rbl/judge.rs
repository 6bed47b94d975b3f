//! What the answers of the sources mean.

use super::answer::Records;

/// Bytes of a refusal's text.
const TEXT: usize = 200;

/// What stands for the client's address in a text of our own.
const ADDRESS: &[u8] = b"%IP%";

/// A source that is asked, in the order of the options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Whom it has.
    pub zone: Zone,
    /// The zone's name.
    pub base: Vec<u8>,
    /// Whether whom it lists is turned away for good (`-b`), not for now.
    pub bounce: bool,
    /// Whether a failure counts against the client (`-c`).
    pub closed: bool,
}

/// Whom a zone has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Zone {
    /// `-a`: who is let in.
    Anti,
    /// `-r`: who is turned away, with the words of its TXT record.
    Listed,
    /// `-r BASE:WORDS`: who is turned away, with these words; an A record is enough.
    ListedWith(Vec<u8>),
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// These records.
    Found(Records),
    /// There are none.
    Absent,
    /// It could not be found out.
    Failed,
}

/// The end of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The program runs.
    Admit,
    /// The client is turned away.
    Refuse(Refusal),
}

/// How a client is turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    bounce: bool,
    text: Vec<u8>,
}

impl Refusal {
    /// The line, without its end: the code, and at most 200 bytes that show.
    #[must_use]
    pub fn line(&self) -> Vec<u8> {
        let code = if self.bounce { b"553 " } else { b"451 " };
        let shown = |byte: &u8| if (32..127).contains(byte) { *byte } else { b'?' };
        code.iter().copied().chain(self.text.iter().take(TEXT).map(shown)).collect()
    }
}

/// What the variable `RBLSMTPD` decides, where it is set: empty admits, anything else is the text of
/// a refusal, for good if it begins with `-`.
#[must_use]
pub fn preset(variable: &[u8]) -> Verdict {
    match variable {
        b"" => Verdict::Admit,
        [b'-', text @ ..] => Verdict::Refuse(Refusal { bounce: true, text: text.to_vec() }),
        text => Verdict::Refuse(Refusal { bounce: false, text: text.to_vec() }),
    }
}

/// Hears one source after the other. Once one has failed, nobody is turned away for good any more:
/// that one might have let the client in.
#[derive(Debug, Default)]
pub struct Judge {
    doubtful: bool,
}

impl Judge {
    /// What this answer of a source decides about the client of this address (as text), if anything.
    pub fn hear(&mut self, address: &[u8], source: &Source, reply: &Reply) -> Option<Verdict> {
        let found = match reply {
            Reply::Found(found) => found,
            Reply::Absent => return None,
            Reply::Failed => {
                self.doubtful = true;
                return match (&source.zone, source.closed) {
                    (Zone::Anti, false) => Some(Verdict::Admit),
                    (Zone::Anti, true) | (_, false) => None,
                    (_, true) => Some(self.refuse(source, b"temporary RBL lookup error".to_vec())),
                };
            }
        };
        match &source.zone {
            Zone::Anti => (!found.addresses.is_empty()).then_some(Verdict::Admit),
            Zone::Listed => {
                (!found.text.is_empty()).then(|| self.refuse(source, found.text.clone()))
            }
            // RFC 5782, 2.1: a zone that gives other addresses is somebody else's now
            Zone::ListedWith(words) => found
                .addresses
                .iter()
                .any(|listed| listed.is_loopback())
                .then(|| self.refuse(source, filled(words, address))),
        }
    }

    fn refuse(&self, source: &Source, text: Vec<u8>) -> Verdict {
        Verdict::Refuse(Refusal { bounce: source.bounce && !self.doubtful, text })
    }
}

/// The words, with the address where it belongs; no more of them than is shown.
fn filled(mut words: &[u8], address: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    while text.len() < TEXT {
        if let Some(rest) = words.strip_prefix(ADDRESS) {
            text.extend_from_slice(address);
            words = rest;
            continue;
        }
        let Some((first, rest)) = words.split_first() else { break };
        text.push(*first);
        words = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(verdict: Option<Verdict>) -> Option<String> {
        verdict.map(|verdict| match verdict {
            Verdict::Admit => "in".to_owned(),
            Verdict::Refuse(refusal) => String::from_utf8(refusal.line()).unwrap(),
        })
    }

    fn source(zone: Zone, bounce: bool, closed: bool) -> Source {
        Source { zone, base: b"bl".to_vec(), bounce, closed }
    }

    #[test]
    fn every_answer_means_what_the_options_say() {
        let text = Reply::Found(Records { text: b"no".to_vec(), addresses: Vec::new() });
        let address =
            |ip: [u8; 4]| Reply::Found(Records { text: Vec::new(), addresses: vec![ip.into()] });
        let (listed, bought) = (address([127, 0, 0, 2]), address([192, 0, 2, 1]));
        let words = Zone::ListedWith(b"ask us of %IP%, %IP".to_vec());
        let failed = "451 temporary RBL lookup error";
        for (zone, bounce, closed, reply, want) in [
            (Zone::Listed, false, false, &text, Some("451 no")),
            (Zone::Listed, true, false, &text, Some("553 no")),
            (Zone::Listed, false, false, &listed, None),
            (Zone::Listed, false, true, &Reply::Absent, None),
            (Zone::Listed, false, false, &Reply::Failed, None),
            (Zone::Listed, true, true, &Reply::Failed, Some(failed)),
            (Zone::Anti, false, false, &text, None),
            (Zone::Anti, false, false, &listed, Some("in")),
            (Zone::Anti, false, false, &bought, Some("in")),
            (Zone::Anti, false, false, &Reply::Failed, Some("in")),
            (Zone::Anti, false, true, &Reply::Failed, None),
            (words.clone(), true, false, &listed, Some("553 ask us of 192.0.2.7, %IP")),
            (words.clone(), true, false, &bought, None),
            (words, true, true, &Reply::Failed, Some(failed)),
        ] {
            let source = source(zone, bounce, closed);
            let heard = Judge::default().hear(b"192.0.2.7", &source, reply);
            assert_eq!(said(heard).as_deref(), want, "{source:?} {reply:?}");
        }
    }

    #[test]
    fn after_a_failure_nobody_is_turned_away_for_good() {
        let mut judge = Judge::default();
        let listed = source(Zone::Listed, true, false);
        assert_eq!(judge.hear(b"192.0.2.7", &listed, &Reply::Failed), None);
        let text = Reply::Found(Records { text: b"no".to_vec(), addresses: Vec::new() });
        let heard = judge.hear(b"192.0.2.7", &listed, &text);
        assert_eq!(said(heard).as_deref(), Some("451 no"));
    }

    #[test]
    fn the_variable_admits_or_is_the_text() {
        assert_eq!(said(Some(preset(b""))).as_deref(), Some("in"));
        assert_eq!(said(Some(preset(b"-go\xe9\r\n"))).as_deref(), Some("553 go???"));
        assert_eq!(said(Some(preset(b"go"))).as_deref(), Some("451 go"));
        let long = preset(&[b'x'; 300]);
        assert_eq!(said(Some(long)).map(|line| line.len()), Some(204));
    }
}
