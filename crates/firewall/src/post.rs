//! What the monitor is told: the newest of each kind, as soon as it takes it.

use portreeve_sys::channel::Channel;
use portreeve_wire::firewall::FromFirewall;
use portreeve_wire::{MAX_PACKET, encode};
use std::collections::VecDeque;
use std::io;
use std::mem::discriminant;

/// What waits: never more than there are kinds.
#[derive(Debug, Default)]
pub(crate) struct Post(VecDeque<FromFirewall>);

impl Post {
    /// Tells something; of the same kind the newest counts.
    pub(crate) fn tell(&mut self, message: FromFirewall) {
        self.0.retain(|other| discriminant(other) != discriminant(&message));
        self.0.push_back(message);
    }

    /// Sends what the channel takes.
    ///
    /// # Errors
    /// The monitor is gone.
    pub(crate) fn flush(&mut self, channel: &Channel) -> io::Result<()> {
        while let Some(message) = self.0.front() {
            let bytes = encode(message, MAX_PACKET).map_err(io::Error::other)?;
            match channel.send(&bytes, &[]) {
                Ok(()) => drop(self.0.pop_front()),
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_sys::channel::pair;
    use portreeve_wire::decode;

    #[test]
    fn the_newest_of_each_kind_waits_in_order() {
        let (ours, theirs) = pair().unwrap();
        let mut post = Post::default();
        for message in [
            FromFirewall::Applied(1),
            FromFirewall::Synchronise,
            FromFirewall::Applied(2),
            FromFirewall::Trouble("no".into()),
        ] {
            post.tell(message);
        }
        post.flush(&ours).unwrap();
        assert!(post.is_empty());
        let mut buffer = [0; 256];
        let mut heard = Vec::new();
        while let Ok(Some((length, _))) = theirs.recv(&mut buffer) {
            heard.push(decode::<FromFirewall>(&buffer[..length]).unwrap());
        }
        let wanted = [
            FromFirewall::Synchronise,
            FromFirewall::Applied(2),
            FromFirewall::Trouble("no".into()),
        ];
        assert_eq!(heard, wanted);
    }
}
