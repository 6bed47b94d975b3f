//! What a readiness event is about, in the 64 bits the kernel keeps for us.

/// A watched descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Signals,
    Control,
    Client(u64),
    Clerk,
    Relay,
    Compiler,
    Listener(u64),
    Farewell(u64),
    Notify(u64),
    Adopted(u64),
    Retired(u64),
    Delayed(u64),
    Sources,
    SourceCompiler,
    WatchedPlaces,
    WatchedOpening,
    Enforcer(u64),
    Firewall,
}

const KINDS: u64 = 56; // eight bits of kind above 56 bits of number

impl Token {
    /// Numbers are never reused while the monitor runs, so a late event finds nothing instead of
    /// somebody else.
    pub(crate) fn bits(self) -> u64 {
        let (kind, number) = match self {
            Self::Signals => (0, 0),
            Self::Control => (1, 0),
            Self::Client(n) => (2, n),
            Self::Clerk => (3, 0),
            Self::Relay => (4, 0),
            Self::Compiler => (5, 0),
            Self::Listener(n) => (6, n),
            Self::Farewell(n) => (7, n),
            Self::Notify(n) => (8, n),
            Self::Adopted(n) => (9, n),
            Self::Retired(n) => (10, n),
            Self::Delayed(n) => (11, n),
            Self::Sources => (12, 0),
            Self::SourceCompiler => (13, 0),
            Self::WatchedPlaces => (14, 0),
            Self::WatchedOpening => (15, 0),
            Self::Enforcer(n) => (16, n),
            Self::Firewall => (17, 0),
        };
        (kind << KINDS) | (number & ((1 << KINDS) - 1))
    }

    pub(crate) fn from_bits(bits: u64) -> Option<Self> {
        let number = bits & ((1 << KINDS) - 1);
        Some(match bits >> KINDS {
            0 => Self::Signals,
            1 => Self::Control,
            2 => Self::Client(number),
            3 => Self::Clerk,
            4 => Self::Relay,
            5 => Self::Compiler,
            6 => Self::Listener(number),
            7 => Self::Farewell(number),
            8 => Self::Notify(number),
            9 => Self::Adopted(number),
            10 => Self::Retired(number),
            11 => Self::Delayed(number),
            12 => Self::Sources,
            13 => Self::SourceCompiler,
            14 => Self::WatchedPlaces,
            15 => Self::WatchedOpening,
            16 => Self::Enforcer(number),
            17 => Self::Firewall,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_the_kernel() {
        for token in [Token::Signals, Token::Client(7), Token::Notify(1 << 40), Token::Relay] {
            assert_eq!(Token::from_bits(token.bits()), Some(token));
        }
        assert_eq!(Token::from_bits(u64::MAX), None);
    }
}
