//! Channels to our own processes: whole messages, with descriptors, over UNIX sockets.

mod control;
mod credentials;
mod message;
mod passing;

pub use control::{ControlError, control_accept, control_connect, control_listen};
pub use credentials::{Credentials, peer_credentials, peer_in_group};
pub use message::{Channel, MAX_DESCRIPTORS, pair, pair_streams};
pub use passing::{read_with, write_with};
