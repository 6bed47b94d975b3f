//! Texts of a connection: names in variables, fields of log lines, what an ident server says.

use std::net::{IpAddr, SocketAddr};

/// Bytes of a field of a log line.
const FIELD: usize = 100;

/// A host name as a variable has it: lower case, and in octal what no name should hold.
pub(super) fn host(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                text.push(char::from(byte.to_ascii_lowercase()));
            }
            byte => text.push_str(&format!("\\{byte:03o}")),
        }
    }
    text
}

/// A field of a log line: nothing in it ends the field or the line.
pub(super) fn field(bytes: &[u8]) -> String {
    let plain = |byte: &u8| match byte {
        b'%' | b':' | ..33 | 127.. => '?',
        byte => char::from(*byte),
    };
    let mut text: String = bytes.iter().take(FIELD).map(plain).collect();
    if bytes.len() > FIELD {
        text.push_str("...");
    }
    text
}

/// What an ident server's answer says, as the ancestor takes it: all behind the third colon of its
/// line, without blanks; nothing there is an empty user, and no whole line is none.
pub(super) fn info(answer: &[u8]) -> Option<Vec<u8>> {
    let end = answer.iter().position(|byte| *byte == b'\n')?;
    let line = answer.get(..end).unwrap_or_default();
    let user = line.splitn(4, |byte| *byte == b':').nth(3).unwrap_or_default();
    // a variable ends where a NUL is
    let user = user.split(|byte| *byte == 0).next().unwrap_or_default();
    Some(portreeve_ucspi::environment::info(user))
}

/// An address as it is shown: IPv4 in IPv6 as IPv4, unless all of them are to be IPv6.
pub(super) fn shown_as(address: SocketAddr, as_ipv6: bool) -> (IpAddr, u16) {
    let ip = match (address.ip(), as_ipv6) {
        (IpAddr::V4(ip), true) => ip.to_ipv6_mapped().into(),
        (ip, _) => ip,
    };
    (ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ident_server_is_believed_as_by_the_ancestor() {
        for (answer, want) in [
            (&b"1,2:USERID:OTHER, US-ASCII: a b:c\r\n"[..], Some(&b"ab:c"[..])),
            (b"1, 2 : ERROR : NO-USER\r\n", Some(b"")),
            (b"nonsense\n", Some(b"")),
            (b"1, 2 : USERID : UNIX : joe", None),
            (b"1,2:USERID:UNIX:a\0b\n", Some(b"a")),
            (b"", None),
        ] {
            assert_eq!(info(answer).as_deref(), want, "{}", String::from_utf8_lossy(answer));
        }
    }

    #[test]
    fn names_and_fields_are_clean() {
        assert_eq!(host(b"We:ird.Dom"), "we\\072ird.dom");
        assert_eq!(field(b"a b%c:d\x7fe~"), "a?b?c?d?e~");
        assert_eq!(field(&[b'x'; 101]), format!("{}...", "x".repeat(100)));
    }
}
