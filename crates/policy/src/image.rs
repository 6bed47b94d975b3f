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

    /// A part of it, if it is inside.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Option<Self> {
        self.bytes().get(range.clone())?;
        let start = self.range.start.checked_add(range.start)?;
        let end = self.range.start.checked_add(range.end)?;
        Some(Self { bytes: Arc::clone(&self.bytes), range: start..end })
    }

    /// Whether it is this very image, not only one of the same bytes.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.bytes, &other.bytes) && self.range == other.range
    }

    /// Its bytes. Whoever wrote them may be wrong or worse: they are read with every bound checked.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        (*self.bytes).as_ref().get(self.range.clone()).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Image {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
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
        let whole = Image::whole(b"xyz".to_vec());
        assert_eq!(whole.bytes(), b"xyz");
        let part = whole.part(1..3).unwrap();
        assert_eq!((part.bytes(), part.part(1..2).unwrap().bytes()), (&b"yz"[..], &b"z"[..]));
        assert!(part.part(1..3).is_none() && part.part(Range { start: 2, end: 1 }).is_none());
    }
}
