//! The image of hosts.allow and hosts.deny: a head, as a message, with the sets behind it.

use crate::{FrameError, decode, frame, split_frame};
use portreeve_model::wrappers::HostImage;

/// Bytes of a head, at most: some hundred thousand rules that are not plain. Decoded it takes many
/// times as much, and it is root that decodes it.
pub const MAX_HEAD: usize = 8 << 20;

/// An image.
///
/// # Errors
/// [`FrameError::TooLong`] above [`MAX_HEAD`].
pub fn image(head: &HostImage, sets: &[u8]) -> Result<Vec<u8>, FrameError> {
    let mut image = frame(head, MAX_HEAD)?;
    image.extend_from_slice(sets);
    Ok(image)
}

/// The head of an image, and where its sets begin.
///
/// # Errors
/// [`FrameError`] when it is none of this build.
pub fn head(image: &[u8]) -> Result<(HostImage, usize), FrameError> {
    let (body, used) = split_frame(image, MAX_HEAD)?.ok_or(FrameError::Malformed)?;
    Ok((decode(body)?, used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_comes_back_with_the_place_of_the_sets() {
        let image = image(&HostImage::default(), b"sets").expect("it fits");
        let (found, at) = head(&image).expect("it is one");
        assert_eq!(found, HostImage::default());
        assert_eq!(image.get(at..), Some(&b"sets"[..]));
        for cut in 0..at {
            assert!(head(image.get(..cut).expect("shorter")).is_err(), "{cut}");
        }
    }
}
