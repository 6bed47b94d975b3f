//! The two kinds of numbers that addresses are: `u32` and `u128`.

/// An address as a number.
pub(crate) trait Key: Copy + Ord {
    /// Bytes of one.
    const BYTES: usize;
    /// The least of all.
    const LEAST: Self;

    /// The one after, unless this is the last.
    fn after(self) -> Option<Self>;

    /// What tables spread: the number itself, or the network half of an IPv6 address.
    fn spread(self) -> u64;

    /// Appends its bytes.
    fn write(self, out: &mut Vec<u8>);

    /// Reads the key at the beginning of some bytes; of too few, zero.
    fn read(bytes: &[u8]) -> Self;
}

macro_rules! key {
    ($type:ty, $spread:expr) => {
        impl Key for $type {
            const BYTES: usize = size_of::<$type>();
            const LEAST: Self = 0;

            fn after(self) -> Option<Self> {
                self.checked_add(1)
            }

            #[inline]
            fn spread(self) -> u64 {
                $spread(self)
            }

            fn write(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            #[inline]
            fn read(bytes: &[u8]) -> Self {
                bytes.first_chunk().map_or(0, |key| Self::from_le_bytes(*key))
            }
        }
    };
}

key!(u32, u64::from);
key!(u128, high);

fn high(address: u128) -> u64 {
    u64::try_from(address >> 64).unwrap_or(u64::MAX)
}
