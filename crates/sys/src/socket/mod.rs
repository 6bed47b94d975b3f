//! TCP sockets of the door: listening, accepting, refusing without reading.

mod accept;
mod address;
mod farewell;
mod given;
mod holder;
mod listen;
mod load;
mod outgoing;
mod post;
mod route;

pub use accept::{AcceptError, Accepted, accept, as_ipv4};
pub(crate) use address::internet;
pub use address::{local_address, local_addresses, unmapped};
pub use farewell::{Discard, discard, keep_alive, reset_on_close, send_once, shutdown_write};
pub use given::{Place, place, take};
pub use holder::{Holder, ListeningSocket, listening_sockets, port_holder};
pub use listen::{
    KeepAlive, ListenError, ListenOptions, ListenStep, listen, reconfigure, try_bind,
};
pub use load::load_average;
pub use outgoing::{datagrams_to, stream_from};
pub use post::send_file_to;
pub use route::{drop_ip_options, is_source_routed};
