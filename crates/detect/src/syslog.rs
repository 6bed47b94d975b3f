//! What syslog daemons do to messages.

/// `message repeated 2 times: [ TEXT]`, as rsyslog puts it: how often, and the text. Any other
/// message is itself, once.
pub(crate) fn repeated(message: &[u8]) -> (u32, &[u8]) {
    let inner = || {
        let rest = message.strip_prefix(b"message repeated ")?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = rest.split_at_checked(digits)?;
        let times: u32 = std::str::from_utf8(number).ok()?.parse().ok()?;
        let text = rest.strip_prefix(b" times: [ ")?.strip_suffix(b"]")?;
        (times > 0).then_some((times, text))
    };
    inner().unwrap_or((1, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_message_is_unwrapped_once() {
        for (message, want) in [
            ("message repeated 2 times: [ text]", (2, "text")),
            ("message repeated 2 times: [ a [b]]", (2, "a [b]")),
            ("message repeated 12 times: [ ]", (12, "")),
            ("message repeated 0 times: [ text]", (1, "message repeated 0 times: [ text]")),
            ("message repeated 2 times: [ text", (1, "message repeated 2 times: [ text")),
            ("message repeated two times: [ x]", (1, "message repeated two times: [ x]")),
            (" message repeated 2 times: [ x]", (1, " message repeated 2 times: [ x]")),
            (
                "message repeated 2 times: [ message repeated 3 times: [ x]]",
                (2, "message repeated 3 times: [ x]"),
            ),
        ] {
            assert_eq!(repeated(message.as_bytes()), (want.0, want.1.as_bytes()));
        }
    }
}
