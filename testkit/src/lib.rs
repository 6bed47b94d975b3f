//! Private hosts, ancestors and small servers, for tests alone.
//!
//! A [`World`] is a host made of namespaces: its own network, mounts, processes and `/etc`, with
//! clients at addresses of the test's choice. Real programs run in it: sshd, xinetd, portreeve.
//! Nothing of the host changes, and everything is gone when the world is dropped.
//!
//! The kit never skips: where root or a program is missing it panics and names what to install.
//! It refuses to be polite about failures in general: every deed that must succeed panics with
//! what was attempted, since the caller is a test.
//!
//! ```no_run
//! use portreeve_testkit::{World, Xinetd, read_to_end_bounded};
//! use std::time::Duration;
//!
//! let world = World::standard();
//! let server = world.bin("portreeve-probe");
//! let _xinetd = Xinetd::start(&world, &format!(
//!     "service probe\n{{\n type = UNLISTED\n socket_type = stream\n wait = no\n user = thisuser\n \
//!      bind = 192.168.0.1\n port = 700\n server = {}\n}}\n", server.display()));
//! let stream = world.connect("lan", "192.168.0.1:700").unwrap();
//! let report = read_to_end_bounded(&stream, 1 << 20, Duration::from_secs(10)).text();
//! assert!(report.contains("\"REMOTE_HOST\":\"192.168.0.50\""));
//! ```

#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    reason = "a test kit is all edge: it starts programs and reads clocks, files and environment"
)]

mod accounts;
mod batch;
mod dir;
mod dns;
mod ident;
mod manager;
mod must;
pub mod naive;
pub mod probe;
mod process;
mod requirements;
mod root;
mod running;
mod ssh;
mod stream;
mod syslog;
mod wait;
mod world;
mod xinetd;

pub use batch::{Answer, Asked, Batch, Question};
pub use dir::Dir;
pub use dns::{DnsQuery, DnsServer, Misbehaviour, Zone};
pub use ident::{IdentReply, IdentServer};
pub use manager::{Manager, Setup};
pub use process::{ProcStatus, bin_dir, children, open_descriptors, proc_status};
pub use requirements::{is_root, missing};
pub use root::Root;
pub use running::Running;
/// What [`Running::signal`] sends.
pub use rustix::process::Signal;
pub use ssh::SshKeys;
pub use stream::{End, Received, read_to_end_bounded, read_until};
pub use wait::{poll_for, wait_for};
pub use world::World;
pub use xinetd::{Message, Record, Xinetd};
