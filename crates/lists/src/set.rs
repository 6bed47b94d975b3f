//! Asking an image.

use crate::header::{Damaged, Layout};
use portreeve_model::unmapped;
use std::net::IpAddr;

/// An image, its header looked at. The bytes may be borrowed, shared or mapped.
#[derive(Clone, Debug)]
pub struct Set<B> {
    bytes: B,
    layout: Layout,
}

impl<B: AsRef<[u8]>> Set<B> {
    /// Looks at the header.
    ///
    /// # Errors
    /// [`Damaged`] where it is none, or its parts do not fill the bytes exactly.
    pub fn new(bytes: B) -> Result<Self, Damaged> {
        let layout = Layout::read(bytes.as_ref())?;
        Ok(Self { bytes, layout })
    }

    /// The smallest value of the networks and ranges that hold an address; an IPv4-mapped one is
    /// IPv4.
    #[must_use]
    pub fn by_address(&self, address: IpAddr) -> Option<u32> {
        let image = self.bytes.as_ref();
        match unmapped(address) {
            IpAddr::V4(v4) => self.layout.v4.value(image, u32::from(v4)),
            IpAddr::V6(v6) => self.layout.v6.value(image, u128::from(v6)),
        }
    }

    /// The smallest value of the entries that match a host name (any case, a final dot allowed).
    ///
    /// It takes as many steps as the name has bytes and labels, whatever the list holds, as long as
    /// whoever wrote the list's names does not know the seed.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<u32> {
        self.layout.names.find(self.bytes.as_ref(), name)
    }

    /// The smallest value of a name or domain, whether or not it matches; `None` without any.
    #[must_use]
    pub fn first_name(&self) -> Option<u32> {
        self.layout.header.first_name.checked_sub(1)
    }

    /// Entries of IPv4, of IPv6, and names, as they were given to the builder.
    #[must_use]
    pub fn counts(&self) -> (u32, u32, u32) {
        let header = &self.layout.header;
        (header.v4_entries, header.v6_entries, header.names)
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts() == (0, 0, 0)
    }

    /// The image itself.
    pub fn bytes(&self) -> &B {
        &self.bytes
    }
}
