//! DenyHosts: its configuration, its lists, the files of its work directory, and its hosts.deny.
//!
//! Everything is read as DenyHosts 3.1 reads it, with what its code does by accident told instead of
//! repeated. Text in, values and findings out: whoever calls brings the files, the environment and
//! the clock. Each key of the configuration is in one registry ([`KEYS`]) with what becomes of it;
//! a file that names one that is not served is told so by name.

mod allowed;
mod asctime;
pub mod codes;
mod counter;
mod deny_file;
mod door;
mod keys;
mod lines;
mod private;
mod registry;
mod restricted;
mod rule;
mod settings;
mod store;
mod values;

pub use allowed::{Allowed, Entry, Reading};
pub use asctime::Civil;
pub use counter::{BadLine, Counter, Counters};
pub use deny_file::{Block, DENY_MARK, DenyFile, DenyLine, Line, Purged};
pub use door::{tell_command, tell_door};
pub use keys::{Fate, Form, Key, Need};
pub use private::{PRIVATE, is_private, private};
pub use registry::KEYS;
pub use restricted::{Restricted, restricted};
pub use rule::{iptables_rule, of_ipv6};
pub use settings::{EmailMethod, Four, Settings, Smtp, read};
pub use store::{Deed, Store};
