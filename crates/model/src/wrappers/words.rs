//! What the host says about words of the rules: read with the rules, by whoever reads them.

use crate::Ids;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Bytes of a banner that are sent, at most, before `%` is replaced.
pub const MOST_BANNER: usize = 64 << 10;

/// Users, groups and banners that rules name. What is not here is not on the host: a rule that names
/// such a user or group refuses, a banner that is not there is not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostWords {
    /// Who `user` means, by its value as it was written: `name` or `name.group`.
    pub users: BTreeMap<Vec<u8>, Ids>,
    /// Which group `group` means.
    pub groups: BTreeMap<Vec<u8>, u32>,
    /// The content of a daemon's file in a folder of banners, by folder and daemon; `%` is not
    /// replaced yet.
    pub banners: BTreeMap<(Vec<u8>, Vec<u8>), Vec<u8>>,
}
