//! Files of rules and requests, from a seed: few names and addresses, so that they meet.

/// Numbers that follow from a seed (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((x ^ (x >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }

    pub(crate) fn one(&mut self, of: &[&'static str]) -> &'static str {
        of[self.below(of.len())]
    }
}

pub(crate) const DAEMONS: [&str; 5] = ["sshd", "in.ftpd", "vsftpd", "unknown", "22"];

pub(crate) const ADDRESSES: [&str; 10] = [
    "192.0.2.1",
    "192.0.2.10",
    "192.0.2.77",
    "192.0.3.1",
    "10.1.2.3",
    "198.51.100.7",
    "2001:db8::1",
    "2001:db8:1::2",
    "fe80::1%eth0",
    "::ffff:192.0.2.10",
];

const PLAIN: [&str; 16] = [
    "192.0.2.1",
    "192.0.2.10",
    "192.0.2.",
    "192.0.",
    "10.",
    "10.1.2.3",
    "192.0.2.0/24",
    "192.0.2.0/28",
    "192.0.2.0/255.255.255.192",
    "198.51.100.0/25",
    "0.0.0.0/0.0.0.0",
    "[2001:db8::1]",
    "[2001:db8::]/32",
    "[2001:db8:1::]/48",
    "[fe80::1]",
    "203.0.113.9",
];

const OTHER: [&str; 24] = [
    "ALL",
    "LOCAL",
    "KNOWN",
    "UNKNOWN",
    "PARANOID",
    ".example.com",
    "host1.example.com",
    "host*",
    "joe@192.0.2.",
    "192.0.2.10/24",
    "192.0.2.1/33",
    "192.0.2.1/32",
    "0.0.0.0/0",
    "10.0.0.0/255.0.255.0",
    "192.0.2",
    ".2.10",
    "192.0.2.*",
    "2001:db8::1",
    "[2001:db8::1",
    "[::ffff:192.0.2.1]",
    "@group",
    "/l1",
    "/l2",
    "EXCEPT",
];

const LISTS: [&str; 8] = ["sshd", "sshd", "ALL", "in.ftpd", "sshd, vsftpd", "22", "*ftpd", "known"];

const ODD_LISTS: [&str; 4] = ["sshd@192.0.2.1", "ALL EXCEPT sshd", "SSHD", ".ftpd"];

const OPTIONS: [&str; 6] =
    [" : allow", " : deny", " : severity mail.info", " : spawn x", " : nice x", " :"];

/// A file: bursts of plain rules, among others of every form.
pub(crate) fn rules(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.below(5) {
        if random.below(3) > 0 {
            for _ in 0..random.below(60) {
                text.push_str(&plain(random));
            }
        } else {
            text.push_str(&other(random));
        }
    }
    if random.below(20) == 0 {
        text.pop(); // the last line feed
    }
    text
}

fn plain(random: &mut Random) -> String {
    let list = random.one(&LISTS);
    let mut clients = random.one(&PLAIN).to_owned();
    for _ in 0..random.below(3) {
        clients.push_str(random.one(&[" ", ", ", "\t"]));
        clients.push_str(random.one(&PLAIN));
    }
    let between = random.one(&[": ", ":", " : "]);
    let end = random.one(&["\n", "\n", "\n", "\r\n", "\n\n", "\n# comment\n", " \n", "\n \\\n"]);
    format!("{list}{between}{clients}{end}")
}

fn other(random: &mut Random) -> String {
    let list = if random.below(2) == 0 { random.one(&ODD_LISTS) } else { random.one(&LISTS) };
    let mut clients = String::new();
    for _ in 0..=random.below(3) {
        let of: &[&str] = if random.below(2) == 0 { &PLAIN } else { &OTHER };
        clients.push_str(random.one(of));
        clients.push(' ');
    }
    let option = if random.below(3) == 0 { random.one(&OPTIONS) } else { "" };
    let begin = random.one(&["", "", "", " ", "# ", "# \\\n", "no colon\n"]);
    let end = random.one(&["\n", "\n", "\\\n \n", " # more\n"]);
    format!("{begin}{list}: {clients}{option}{end}")
}

/// A file that `/path` names.
pub(crate) fn list(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.below(8) {
        let of: &[&str] = if random.below(3) > 0 { &PLAIN } else { &OTHER };
        text.push_str(random.one(of));
        text.push_str(random.one(&[" ", "\n", "\t"]));
    }
    text
}
