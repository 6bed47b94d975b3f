//! What keys compare with, and what their rules do.

use crate::rules::{Action, Stored};

/// One look-up after the other, in tcpserver's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// `user@address`.
    UserAddress,
    /// `user@=host`.
    UserHost,
    /// `address`.
    Address,
    /// `=host`.
    Host,
    /// The beginning of an address, with its dot or colon.
    Prefix,
    /// `=` and the end of a host name, from a dot on.
    Tail,
    /// `=`: whoever has a name.
    AnyHost,
    /// The empty key.
    Everybody,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::UserAddress,
        Self::UserHost,
        Self::Address,
        Self::Host,
        Self::Prefix,
        Self::Tail,
        Self::AnyHost,
        Self::Everybody,
    ];

    /// The steps in which a key can be asked for, by its form alone. Two for what may be an address
    /// or the beginning of one, as `2001:db8::`.
    pub(super) fn of(key: &[u8]) -> [Option<Self>; 2] {
        if key.is_empty() {
            return [Some(Self::Everybody), None];
        }
        if let Some(at) = key.iter().rposition(|byte| *byte == b'@') {
            let host = key.get(at..).is_some_and(|rest| rest.starts_with(b"@="));
            return [Some(if host { Self::UserHost } else { Self::UserAddress }), None];
        }
        match key.strip_prefix(b"=") {
            Some([]) => [Some(Self::AnyHost), None],
            Some([b'.', ..]) => [Some(Self::Tail), None],
            Some(_) => [Some(Self::Host), None],
            None => {
                let prefix = matches!(key.last(), Some(b'.' | b':'));
                [Some(Self::Address), prefix.then_some(Self::Prefix)]
            }
        }
    }

    fn shift(self) -> u32 {
        match self {
            Self::UserAddress => 0,
            Self::UserHost => 3,
            Self::Address => 6,
            Self::Host => 9,
            Self::Prefix => 12,
            Self::Tail => 15,
            Self::AnyHost => 18,
            Self::Everybody => 21,
        }
    }
}

/// What rules may do to whoever they match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Does(pub(super) u8);

impl Does {
    /// Lets in, and nothing else.
    const LETS_IN: u8 = 1;
    /// Lets in, and sets variables.
    const SETS: u8 = 2;
    /// Refuses.
    const REFUSES: u8 = 4;

    /// What a rule does.
    pub(super) fn of(rule: &Stored<'_>) -> Self {
        Self(match rule.action {
            Action::Deny => Self::REFUSES,
            Action::Allow if rule.settings.is_empty() => Self::LETS_IN,
            Action::Allow => Self::SETS,
        })
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one of the rules refuses.
    pub(super) fn may_refuse(self) -> bool {
        self.0 & Self::REFUSES != 0
    }

    /// Whether the end would be another one, did one of these rules come before that rule.
    pub(super) fn may_change(self, rule: Option<&Stored<'_>>) -> bool {
        let other = match rule.map_or(Self(Self::LETS_IN), Self::of).0 {
            Self::LETS_IN => Self::SETS | Self::REFUSES,
            Self::REFUSES => Self::LETS_IN | Self::SETS,
            // other variables, perhaps
            _ => Self::LETS_IN | Self::SETS | Self::REFUSES,
        };
        self.0 & other != 0
    }
}

/// What the rules of each step do; nothing where there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary(pub(super) u64);

impl Summary {
    pub(super) fn add(&mut self, step: Step, does: Does) {
        self.0 |= u64::from(does.0) << step.shift();
    }

    pub(super) fn of(self, step: Step) -> Does {
        Does(u8::try_from(self.0 >> step.shift() & 7).unwrap_or(7))
    }

    /// Whether a key can be asked for in this step at all.
    pub(super) fn has(self, step: Step) -> bool {
        self.of(step) != Does::default()
    }
}
