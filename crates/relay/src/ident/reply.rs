//! One line of an ident server (RFC 1413, section 4), which is the peer's own word.

use crate::printable::escape;
use portreeve_wire::relay::{IdentReply, MAX_IDENT};

/// Bytes of a line, end of line included, that are read; more is no answer.
pub(crate) const MAX_LINE: usize = 1024;

/// Bytes of an error's name, at most.
const MAX_TOKEN: usize = 64;

/// The ports of a connection: the other end's, then this end's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    /// Of the host that is asked.
    pub(crate) theirs: u16,
    /// Of this host.
    pub(crate) ours: u16,
}

impl Ports {
    /// The question, end of line included.
    pub(crate) fn question(self) -> String {
        format!("{},{}\r\n", self.theirs, self.ours)
    }
}

/// What a line says: the text after the second colon (`UNIX : joe`) and the user in it, or why
/// there is none.
///
/// `line` is everything up to, and without, the line feed. The ports must be those asked for.
/// Whatever is not printable ASCII comes out as `\xNN`, the backslash too, so that the text is
/// unambiguous and harmless in a log; the user comes as it is, since blanks are part of it (RFC
/// 1413, 6). A zero octet, which no user has, makes the line no answer.
pub(crate) fn parse(line: &[u8], ports: Ports) -> IdentReply {
    read(line, ports).unwrap_or_else(|| IdentReply::Missing("bad response".to_owned()))
}

fn read(line: &[u8], ports: Ports) -> Option<IdentReply> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (pair, rest) = split(line, b':')?;
    let (theirs, ours) = split(pair, b',')?;
    if port(theirs)? != ports.theirs || port(ours)? != ports.ours {
        return None;
    }
    let (kind, text) = split(rest, b':')?;
    let kind = blank_trimmed(kind);
    if kind.eq_ignore_ascii_case(b"USERID") {
        // The text is `system : user`; the user part may hold anything but a line's end.
        let (system, user) = split(text, b':')?;
        let told = !blank_trimmed(system).is_empty() && !user.is_empty() && !user.contains(&b'\0');
        told.then(|| IdentReply::User {
            text: escape(leading_blanks_dropped(text), MAX_IDENT),
            user: user.get(..user.len().min(MAX_IDENT)).unwrap_or_default().to_vec(),
        })
    } else if kind.eq_ignore_ascii_case(b"ERROR") {
        let name = blank_trimmed(text);
        let token = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        let fits = (1..=MAX_TOKEN).contains(&name.len()) && name.iter().all(token);
        fits.then(|| IdentReply::Declined(format!("error : {}", escape(name, MAX_TOKEN))))
    } else {
        None
    }
}

fn split(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = text.iter().position(|byte| *byte == at)?;
    Some((text.get(..place)?, text.get(place + 1..)?))
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn leading_blanks_dropped(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_blank(*byte)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

fn blank_trimmed(text: &[u8]) -> &[u8] {
    let text = leading_blanks_dropped(text);
    let end = text.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last + 1);
    text.get(..end).unwrap_or_default()
}

fn port(text: &[u8]) -> Option<u16> {
    let digits = blank_trimmed(text);
    let sound = (1..=5).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| sound)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTS: Ports = Ports { theirs: 6193, ours: 23 };

    fn told(line: &[u8]) -> String {
        match parse(line, PORTS) {
            IdentReply::User { text, .. } => format!("ok: {text}"),
            IdentReply::Declined(why) => format!("declined: {why}"),
            IdentReply::Missing(why) => format!("no: {why}"),
        }
    }

    #[test]
    fn the_question_is_their_port_first() {
        assert_eq!(PORTS.question(), "6193,23\r\n");
    }

    #[test]
    fn answers_read_as_the_ancestor_reads_them() {
        let rows: [(&[u8], &str); 27] = [
            (b"6193, 23 : USERID : UNIX : joe bloggs\r", "ok: UNIX : joe bloggs"),
            (b"6193,23:USERID:UNIX:joe", "ok: UNIX:joe"),
            (b" 6193 ,\t23 :USERID: \tOTHER : joe ", "ok: OTHER : joe "),
            (b"6193, 23 : UserId : UNIX,US-ASCII :joe", "ok: UNIX,US-ASCII :joe"),
            (b"6193, 23 : USERID : UNIX : a:b:c", "ok: UNIX : a:b:c"),
            (b"6193, 23 : USERID : UNIX : \x1b[2Jx\\y\x7f", "ok: UNIX : \\x1b[2Jx\\x5cy\\x7f"),
            (b"6193, 23 : USERID : UNIX : b\xc3\xbc", "ok: UNIX : b\\xc3\\xbc"),
            (b"6193, 23 : USERID : UNIX : a\rb", "ok: UNIX : a\\x0db"),
            (b"6193, 23 : USERID : UNIX : root\0x", "no: bad response"),
            (b"6193, 23 : ERROR : NO-USER\r", "declined: error : NO-USER"),
            (b"6193,23:error:HIDDEN-USER", "declined: error : HIDDEN-USER"),
            (b"6193, 23 : ERROR : X-NOT TODAY", "no: bad response"),
            (b"6193, 23 : ERROR : ", "no: bad response"),
            (b"6193, 23 : ERROR : N\x07", "no: bad response"),
            (b"23, 6193 : USERID : UNIX : joe", "no: bad response"), // the wrong way round
            (b"6193, 24 : USERID : UNIX : joe", "no: bad response"),
            (b"6193, 23 : USERID : UNIX", "no: bad response"),
            (b"6193, 23 : USERID : : joe", "no: bad response"),
            (b"6193, 23 : USERID : UNIX :", "no: bad response"),
            (b"6193, 23 : USERID", "no: bad response"),
            (b"6193, 23", "no: bad response"),
            (b"+6193, 23 : USERID : UNIX : joe", "no: bad response"),
            (b"006193, 23 : USERID : UNIX : joe", "no: bad response"),
            (b"6193 7, 23 : USERID : UNIX : joe", "no: bad response"),
            (b"71729, 23 : USERID : UNIX : joe", "no: bad response"),
            (b"6193, 23 : WHOAMI : UNIX : joe", "no: bad response"),
            (b"", "no: bad response"),
        ];
        for (line, want) in rows {
            assert_eq!(told(line), want, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn a_user_comes_with_every_octet_of_its_own() {
        let rows: [(&[u8], &[u8]); 4] = [
            (b"6193, 23 : USERID : UNIX : joe \r", b" joe "),
            (b"6193,23:USERID:UNIX:joe", b"joe"),
            (b"6193, 23 : USERID : UNIX :a:b:c\\", b"a:b:c\\"),
            (b"6193, 23 : USERID : OTHER, US-ASCII :\x1b\xff", b"\x1b\xff"),
        ];
        for (line, want) in rows {
            let IdentReply::User { user, .. } = parse(line, PORTS) else { panic!() };
            assert_eq!(user, want, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn long_answers_are_cut_between_characters() {
        let mut line = b"6193, 23 : USERID : UNIX : ".to_vec();
        line.extend([0xff; MAX_LINE]);
        let IdentReply::User { text, user } = parse(&line, PORTS) else { panic!() };
        assert_eq!(user.len(), MAX_IDENT);
        assert!(text.len() <= MAX_IDENT && text.len() > MAX_IDENT - 4);
        assert!(text.ends_with("\\xff"));
    }

    #[test]
    fn no_answer_brings_more_than_printable_ascii() {
        for mut line in crate::hostile::texts(b"6193, 23 : USERID : ERROR : UNIX : joe\r", 4000) {
            for prefix in [b"".as_slice(), b"6193,23:USERID:", b"6193,23:ERROR:"] {
                line.splice(0..0, prefix.iter().copied());
                let answer = parse(&line, PORTS);
                if let IdentReply::User { user, .. } = &answer {
                    assert!(user.len() <= MAX_IDENT && !user.contains(&0));
                }
                let (Ok(text) | Err(text)) = answer.told();
                assert!(text.len() <= MAX_IDENT.max(MAX_TOKEN + 8));
                assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{text:?}");
            }
        }
    }
}
