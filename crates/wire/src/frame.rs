//! Bytes of a message.

use serde::{Serialize, de::DeserializeOwned};
use std::fmt;

/// Bytes of one packet between monitor and helper, at most.
pub const MAX_PACKET: usize = 128 * 1024;

/// First byte of each message; changes when messages do, so that programs of two builds say so
/// instead of misreading one another.
const EDITION: u8 = 1;

/// Why a message cannot be written or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// It is longer than the channel takes.
    TooLong {
        /// Its bytes.
        bytes: usize,
        /// The most the channel takes.
        limit: usize,
    },
    /// It was written by a program of another build.
    Edition(u8),
    /// The bytes are no message.
    Malformed,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes, limit } => {
                write!(f, "a message of {bytes} bytes is over the limit of {limit}")
            }
            Self::Edition(other) => write!(
                f,
                "the other program speaks edition {other}, this one {EDITION}: they are of different builds"
            ),
            Self::Malformed => f.write_str("the bytes are no message"),
        }
    }
}

impl std::error::Error for FrameError {}

/// The bytes of a message, at most `limit`.
///
/// # Errors
/// [`FrameError::TooLong`]; [`FrameError::Malformed`] when a value cannot be written.
pub fn encode<T: Serialize>(message: &T, limit: usize) -> Result<Vec<u8>, FrameError> {
    let bytes = postcard::to_extend(message, vec![EDITION]).map_err(|_| FrameError::Malformed)?;
    match bytes.len() {
        n if n > limit => Err(FrameError::TooLong { bytes: n, limit }),
        _ => Ok(bytes),
    }
}

/// Reads a message; bytes left over make it malformed.
///
/// # Errors
/// [`FrameError::Edition`] or [`FrameError::Malformed`].
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FrameError> {
    match bytes.split_first() {
        Some((&EDITION, body)) => match postcard::take_from_bytes(body) {
            Ok((message, [])) => Ok(message),
            _ => Err(FrameError::Malformed),
        },
        Some((&other, _)) => Err(FrameError::Edition(other)),
        None => Err(FrameError::Malformed),
    }
}

/// A message for a byte stream: four bytes of length, little-endian, then the message.
///
/// # Errors
/// As [`encode`].
pub fn frame<T: Serialize>(message: &T, limit: usize) -> Result<Vec<u8>, FrameError> {
    let body = encode(message, limit)?;
    let too_long = FrameError::TooLong { bytes: body.len(), limit };
    let mut out = u32::try_from(body.len()).map_err(|_| too_long)?.to_le_bytes().to_vec();
    out.extend_from_slice(&body);
    Ok(out)
}

/// Takes the first whole message off a stream's bytes: the message's bytes and how many bytes to
/// drop; `None` while it is incomplete.
///
/// # Errors
/// [`FrameError::TooLong`] as soon as the length says so.
pub fn split_frame(buffer: &[u8], limit: usize) -> Result<Option<(&[u8], usize)>, FrameError> {
    let Some((head, rest)) = buffer.split_first_chunk::<4>() else { return Ok(None) };
    let bytes = usize::try_from(u32::from_le_bytes(*head)).unwrap_or(usize::MAX);
    if bytes > limit {
        return Err(FrameError::TooLong { bytes, limit });
    }
    Ok(rest.get(..bytes).map(|body| (body, bytes.saturating_add(4))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_and_damage_is_noticed() {
        let bytes = frame(&("ssh", 22u16), 64).unwrap();
        let (body, used) = split_frame(&bytes, 64).unwrap().unwrap();
        assert_eq!(used, bytes.len());
        assert_eq!(decode::<(String, u16)>(body).unwrap(), ("ssh".into(), 22));
        assert_eq!(split_frame(&bytes[..6], 64).unwrap(), None);
        assert!(matches!(split_frame(&bytes, 3), Err(FrameError::TooLong { .. })));
        assert_eq!(decode::<(String, u16)>(&[2, 0]), Err(FrameError::Edition(2)));
        assert_eq!(decode::<(String, u16)>(&body[..3]), Err(FrameError::Malformed));
        let mut long = body.to_vec();
        long.push(0);
        assert_eq!(decode::<(String, u16)>(&long), Err(FrameError::Malformed));
        assert!(encode(&vec![0u8; 100], 50).is_err());
    }
}
