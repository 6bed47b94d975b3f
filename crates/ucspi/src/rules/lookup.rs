//! Which rule decides.

/// Who comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peer<'a> {
    /// Its address, in the text of `TCPREMOTEIP`.
    pub address: &'a [u8],
    /// Its host name, if it is known (`TCPREMOTEHOST`).
    pub host: Option<&'a [u8]>,
    /// What its ident server said, if it said anything (`TCPREMOTEINFO`).
    pub info: Option<&'a [u8]>,
}

/// Asks `find` for one key after the other, in tcpserver's order, until one is there: the rule that
/// decides, and its key.
///
/// `INFO@address`, `INFO@=host`, `address`, `=host`, the address's prefixes that end in a dot (or
/// colon), longest first, `=` and the host's tails that begin with a dot, longest first, `=`, and
/// the empty key.
///
/// # Errors
/// The first that `find` returns.
pub fn look_up<V, E>(
    peer: &Peer<'_>,
    mut find: impl FnMut(&[u8]) -> Result<Option<V>, E>,
) -> Result<Option<(Vec<u8>, V)>, E> {
    let mut key = Vec::with_capacity(128);
    let mut ask = |parts: [&[u8]; 3]| {
        key.clear();
        parts.iter().for_each(|part| key.extend_from_slice(part));
        find(&key).map(|found| found.map(|value| (key.clone(), value)))
    };
    if let Some(info) = peer.info {
        if let Some(found) = ask([info, b"@", peer.address])? {
            return Ok(Some(found));
        }
        if let Some(host) = peer.host
            && let Some(found) = ask([info, b"@=", host])?
        {
            return Ok(Some(found));
        }
    }
    if let Some(found) = ask([peer.address, b"", b""])? {
        return Ok(Some(found));
    }
    if let Some(host) = peer.host
        && let Some(found) = ask([b"=", host, b""])?
    {
        return Ok(Some(found));
    }
    for prefix in prefixes(peer.address) {
        if let Some(found) = ask([prefix, b"", b""])? {
            return Ok(Some(found));
        }
    }
    if let Some(host) = peer.host {
        for tail in tails(host) {
            if let Some(found) = ask([b"=", tail, b""])? {
                return Ok(Some(found));
            }
        }
        if let Some(found) = ask([b"=", b"", b""])? {
            return Ok(Some(found));
        }
    }
    ask([b"", b"", b""])
}

/// Shorter and shorter beginnings that end in a dot or colon.
fn prefixes(address: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = address.iter().enumerate().rev().filter(|(_, byte)| matches!(byte, b'.' | b':'));
    ends.filter_map(|(at, _)| address.get(..=at))
}

/// Shorter and shorter ends that begin with a dot.
fn tails(host: &[u8]) -> impl Iterator<Item = &[u8]> {
    let starts = host.iter().enumerate().filter(|(_, byte)| **byte == b'.');
    starts.filter_map(|(at, _)| host.get(at..))
}
