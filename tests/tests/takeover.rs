//! Taking over a running host: a real sshd has port 22, and a real login through the door confirms;
//! or nobody does, or something dies, and everything is as it was.
#![forbid(unsafe_code)]

mod takeover {
    mod by_hand;
    mod faults;
    pub(crate) mod host;
    mod init_script;
    mod trial;
    mod units;
}
