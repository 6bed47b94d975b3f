//! The ancestor and the door side by side: the same configuration, the same connections, and what
//! came of them compared field by field.
//!
//! A [`Scene`] is a configuration with what is done to it. [`Scene::run`] has it run by a real
//! xinetd or a real portreeved and returns what every connection met and what was written into
//! the service logs. [`differences`] compares the two. What may differ is listed in
//! [`allowed::ALL`], by configuration and connection alone.

pub mod allowed;
mod differ;
mod entry;
mod fold;
mod outcome;
mod peers;
mod record;
mod run;
mod scene;

pub use differ::{Compared, differences};
pub use entry::{Entry, Line};
pub use fold::list;
pub use outcome::{Outcome, Told, Verdict};
pub use peers::within;
pub use record::Line as LogLine;
pub use run::{Side, Stage};
pub use scene::{Input, Scene, Script, Step, Visit, from};
