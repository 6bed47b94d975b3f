//! The image of a source: bytes in which admission looks things up.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Bytes that several images may lie in.
pub type Shared = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// An image; a copy shares the bytes.
#[derive(Clone)]
pub struct Image {
    bytes: Shared,
    range: Range<usize>,
}

impl Image {
    /// The part of `bytes` that a range names, if it is inside.
    #[must_use]
    pub fn within(bytes: &Shared, range: Range<usize>) -> Option<Self> {
        (**bytes).as_ref().get(range.clone())?;
        Some(Self { bytes: Arc::clone(bytes), range })
    }

    /// An image that is all of these bytes.
    #[must_use]
    pub fn whole(bytes: Vec<u8>) -> Self {
        let range = 0..bytes.len();
        Self { bytes: Arc::new(bytes), range }
    }

    /// Its bytes. Whoever wrote them may be wrong or worse: they are read with every bound checked.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        (*self.bytes).as_ref().get(self.range.clone()).unwrap_or_default()
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({} bytes)", self.range.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_lies_inside_its_bytes_or_is_none() {
        let bytes: Shared = Arc::new(b"abcdef".to_vec());
        assert_eq!(Image::within(&bytes, 2..4).unwrap().bytes(), b"cd");
        assert_eq!(Image::within(&bytes, 6..6).unwrap().bytes(), b"");
        for outside in [Range { start: 5, end: 7 }, Range { start: 4, end: 2 }] {
            assert!(Image::within(&bytes, outside).is_none());
        }
        assert_eq!(Image::whole(b"xy".to_vec()).bytes(), b"xy");
    }
}
