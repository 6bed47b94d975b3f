//! Files, opened so that neither their kind nor their place can surprise us.

mod bounded;
mod folder;
mod foreign;
mod huge;
mod log;
mod mapped;
mod regular;
mod remote;
mod sealed;
mod state;

pub use bounded::{Content, read_bounded, read_bounded_at};
pub use folder::Folder;
pub use foreign::{
    Foreign, ForeignError, Place, names_as_reader, names_as_root, open_as_reader, open_as_root,
    open_place,
};
pub use huge::gather;
pub use log::{LogError, LogRefusal, open_log};
pub use mapped::Mapped;
pub use regular::open_regular;
pub use remote::{is_remote, is_remote_at};
pub use sealed::{memfd, open_memfd, read_memfd, seal};
pub use state::make_state_dir;
