//! What a line turned out to say, in the parts that are written down.

use portreeve_detect::{Finding, Named};
use std::net::IpAddr;

/// A line that is told of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told<'l> {
    /// The source's name, where there are several.
    pub(super) file: Option<&'l str>,
    /// Which line of it.
    pub(super) number: u64,
    /// When, in microseconds since the epoch.
    pub(super) time: Option<i64>,
    /// Whose word it is; none where nobody reads such lines.
    pub(super) by: Option<&'l str>,
    /// Why no address of it can be believed, if so.
    pub(super) doubt: Option<Doubt>,
    /// What it says.
    pub(super) finding: &'l Finding,
    /// The line itself, where it is to be shown.
    pub(super) line: Option<&'l [u8]>,
}

/// What makes a whole line doubtful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It does not say which program wrote it, so all of it may be a piece of a stranger's text.
    Bare,
    /// Only its beginning was looked at.
    Cut,
}

/// A finding, as every style shows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'f> {
    /// The kind's word; none where it is no offence.
    pub(super) offence: Option<&'static str>,
    named: Option<&'f Named>,
    /// The account that was aimed at.
    pub(super) user: Option<&'f [u8]>,
    /// The sentence that was recognised, or why it is none.
    pub(super) why: &'f str,
    /// How often, where the line stands for several.
    times: u32,
}

impl<'f> Parts<'f> {
    /// Those of a finding.
    pub(super) fn of(finding: &'f Finding) -> Self {
        let (offence, named, user, why, times) = match finding {
            Finding::Offence(one) => {
                let offence = Some(one.kind.word());
                (offence, Some(&one.named), one.user.as_deref(), &*one.why, one.times)
            }
            Finding::Success(one) => (None, Some(&one.named), one.user.as_deref(), &*one.why, 1),
            Finding::Nothing(why) => (None, None, None, *why, 1),
        };
        Self { offence, named, user, why, times }
    }

    /// How often, behind the sentence, where it is more than once.
    pub(super) fn several(&self) -> String {
        if self.times > 1 { format!(", {} times", self.times) } else { String::new() }
    }

    /// Whose it is, where the text can be believed.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.named?.address()
    }

    /// Why an offence is nobody's, behind the sentence: words, and a name to go with them; else
    /// nothing.
    pub(super) fn uncharged(&self, doubt: Option<Doubt>) -> [&'f str; 2] {
        let Some(named) = self.named.filter(|_| self.offence.is_some()) else { return [""; 2] };
        match (named, doubt) {
            (Named::Address(_), _) => ["", ""],
            (Named::Nobody, _) => ["; no address is where it belongs, so nobody is charged", ""],
            (Named::Host(name), _) => ["; names charge nobody: ", name],
            (Named::Ambiguous, Some(Doubt::Bare)) => {
                ["; the line does not say which program wrote it, so nobody is charged", ""]
            }
            (Named::Ambiguous, Some(Doubt::Cut)) => {
                ["; the line is longer than is looked at, so nobody is charged", ""]
            }
            (Named::Ambiguous, None) => ["; it reads in two ways, so nobody is charged", ""],
        }
    }
}

/// Appends an address. Most are IPv4, and a log has a million of them.
pub(super) fn push_address(out: &mut Vec<u8>, address: IpAddr) {
    let IpAddr::V4(address) = address else {
        return out.extend_from_slice(address.to_string().as_bytes());
    };
    for (at, octet) in address.octets().into_iter().enumerate() {
        if at > 0 {
            out.push(b'.');
        }
        if octet > 99 {
            out.push(b'0' + octet / 100);
        }
        if octet > 9 {
            out.push(b'0' + octet / 10 % 10);
        }
        out.push(b'0' + octet % 10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_the_standard_library_writes_them() {
        for text in ["0.0.0.0", "255.10.9.100", "1.99.101.200", "::1", "2001:db8::7"] {
            let mut out = Vec::new();
            push_address(&mut out, text.parse().unwrap());
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
