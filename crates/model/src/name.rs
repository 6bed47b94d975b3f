//! Names of services.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadName {
    /// Nothing there.
    Empty,
    /// It starts with a dot or a dash.
    Leading,
    /// It is longer than the limit.
    TooLong,
    /// The byte at this offset is not allowed.
    Char(usize),
}

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a name cannot be empty"),
            Self::Leading => f.write_str("a name cannot start with `.` or `-`"),
            Self::TooLong => f.write_str("a name has at most 64 characters (a key 128)"),
            Self::Char(at) => write!(f, "character {} is not allowed in a name", at + 1),
        }
    }
}

impl std::error::Error for BadName {}

fn checked(text: &str, max: usize, extra: &[u8]) -> Result<(), BadName> {
    let bad = |b: &u8| !b.is_ascii_alphanumeric() && !b"._-+".contains(b) && !extra.contains(b);
    match text.as_bytes() {
        [] => Err(BadName::Empty),
        [b'.' | b'-', ..] => Err(BadName::Leading), // no hidden files, no option look-alikes
        bytes if bytes.len() > max => Err(BadName::TooLong),
        bytes => bytes.iter().position(bad).map_or(Ok(()), |at| Err(BadName::Char(at))),
    }
}

/// A service name as logs and people use it (xinetd's `id`): one safe path component. Several
/// services may share one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceName(Box<str>);

/// The unique key of a service in a configuration: its name, or `name@address:port` where several
/// share the name. Stable over reloads, so that old and new services can be paired.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceKey(Box<str>);

macro_rules! text_newtype {
    ($type:ident, $max:expr, $extra:expr) => {
        impl $type {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $type {
            type Err = BadName;
            fn from_str(text: &str) -> Result<Self, BadName> {
                checked(text, $max, $extra).map(|()| Self(text.into()))
            }
        }
        impl TryFrom<String> for $type {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                text.parse()
            }
        }
        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0.into()
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_newtype!(ServiceName, 64, b"");
text_newtype!(ServiceKey, 128, b"@:[]*#");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_safe_path_component() {
        for (text, want) in [
            ("ssh", Ok(())),
            ("", Err(BadName::Empty)),
            ("-i", Err(BadName::Leading)),
            ("..", Err(BadName::Leading)),
            ("a/b", Err(BadName::Char(1))),
        ] {
            assert_eq!(text.parse::<ServiceName>().map(drop), want, "{text}");
        }
        assert!("ssh@[2001:db8::1]:22".parse::<ServiceKey>().is_ok());
    }
}
