//! Rules as people write them, and as they write them wrong; and clients for them.

use portreeve_tests::Random;

/// How many sets are tried: `PORTREEVE_SETS`, else few enough for every run.
pub(crate) fn sets() -> usize {
    std::env::var("PORTREEVE_SETS").ok().and_then(|sets| sets.parse().ok()).unwrap_or(20_000)
}

/// Both files, and who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) allow: String,
    pub(crate) deny: String,
    /// `daemon[@server]` and `[user@]client`.
    pub(crate) peers: Vec<(String, String)>,
}

/// The names of the private host: an address, its name, others.
pub(crate) const HOSTS: &str = "127.0.0.1 localhost\n\
    192.0.2.1 server.example.com\n192.0.2.10 host1.example.com\n192.0.2.99 plain\n\
    198.51.100.7 mail.other.org alias.other.org\n2001:db8::10 six.example.com\n\
    192.0.2.20 two.example.com\n192.0.2.21 two.example.com\n\
    203.0.113.1 one.liar.net two.liar.net\n203.0.113.2 two.liar.net\n";

/// Files that rules name, in the private host.
pub(crate) const LISTS: [(&str, &str); 7] = [
    ("/run/lists/some", "192.0.2.10 .other.org\n[2001:db8::10]\n# 198.51.100.0/24\n"),
    ("/run/lists/nested", "/run/lists/some /run/lists/none 203.0.113.\n"),
    ("/run/lists/words", "EXCEPT ALL,192.0.2.1 LOCAL joe@192.0.2.10 2001:db8::11\n"),
    ("/run/lists/empty", ""),
    ("/run/lists/deep", "\t/run/lists/nested\r\n\r\n*.com 10.0.0.0/8\r\n@nobody"),
    ("/run/lists/nets", "198.51.100.0/24 [2001:db8::]/32\n192.0.2.0/255.255.255.240 KNOWN\\\nx"),
    ("/run/lists/known", "UNKNOWN PARANOID plain six.example.com\n"),
];

const DAEMONS: &[&str] = &[
    "sshd",
    "sshd",
    "in.ftpd",
    "ALL",
    "ALL",
    "KNOWN",
    "UNKNOWN",
    "SSHD",
    ".ftpd",
    "in.",
    "ss*",
    "s?hd",
    "*",
    "22",
    "99999",
    "sshd@192.0.2.1",
    "sshd@server.example.com",
    "ALL@.example.com",
    "ALL@ALL",
    "sshd@UNKNOWN",
    "sshd@KNOWN",
    "ALL@192.0.2.0/24",
    "@sshd",
    "sshd@",
    "sshd@LOCAL",
    "sshd@*",
    "ALL@[2001:db8::1]",
    "022",
    "+22",
    "65535",
    "65536",
    "22@192.0.2.1",
    "*@192.0.2.1",
    "sshd@@nobody",
    "in.@ALL",
    ".ftpd@server.example.com",
    "sshd@192.0.2.0/255.255.255.0",
    "sshd@/run/lists/some",
    "sshd@192.0.2.",
    "KNOWN@KNOWN",
    "EXCEPT",
    "LOCAL",
    "PARANOID",
    "/run/lists/some",
    "/usr/sbin/sshd",
    "?",
    "????",
    "ssh?",
    "**",
    ".",
    "s",
];

const CLIENTS: &[&str] = &[
    "ALL",
    "ALL",
    "KNOWN",
    "UNKNOWN",
    "PARANOID",
    "LOCAL",
    "192.0.2.10",
    "192.0.2.",
    "192.",
    ".example.com",
    "host1.example.com",
    "HOST1.Example.COM",
    "host1.",
    ".2.10",
    ".org",
    "192.0.2",
    "192.0.2.*",
    "*.com",
    "*",
    "?????",
    "h*t1.*",
    "192.0.2.0/255.255.255.0",
    "192.0.2.0/24",
    "192.0.2.10/32",
    "192.0.2.0/255.255.255.240",
    "192.0.0.10/255.255.0.255",
    "10.0.0.0/8",
    "192.0.2/24",
    "192.0.2.010",
    "010.0.0.0/8",
    "[2001:db8::10]",
    "[2001:DB8:0::10]",
    "[2001:db8::]/32",
    "[2001:db8::]/0",
    "[2001:db8::10]/128",
    "[2001:db8::1]/64",
    "[::ffff:192.0.2.10]",
    "[::ffff:192.0.2.0]/120",
    "[2001:db8::/32]",
    "[192.0.2.10]",
    "joe@ALL",
    "joe@192.0.2.10",
    "jo*@192.0.2.",
    "KNOWN@ALL",
    "UNKNOWN@ALL",
    "ALL@host1.example.com",
    "root@[2001:db8::10]",
    "joe@",
    "@nobody",
    "joe@@nobody",
    "/run/lists/some",
    "/run/lists/nested",
    "/run/lists/words",
    "/run/lists/empty",
    "/run/lists/none",
    "joe@/run/lists/some",
    "plain",
    "mail.other.org",
    "alias.other.org",
    "two.liar.net",
    "unknown",
    "allow",
    "FAIL",
    "#x",
    "0.0.0.0/0.0.0.0",
    "256.1.2.3/24",
    "[nonsense]/64",
    "all",
    "known",
    "local",
    "[2001:db8:0:0:0:0:0:10]",
    "[2001:db8::10]/64",
    "[2001:DB8::]/16",
    "[2001:db8::]/1",
    "[2001:db8::11]/127",
    "[::]/0",
    "[::1]",
    "[fe80::1]",
    "[fe80::]/10",
    "[::FFFF:192.0.2.10]",
    "[::ffff:0:0]/96",
    "[]",
    "[]/8",
    "192.0.2.10/255.255.255.254",
    "192.0.2.8/29",
    "192.0.2.11/32",
    "128.0.0.0/1",
    "192.0.2.0/024",
    "0xc0.0.2.0/24",
    "0300.0.2.0/24",
    "3221225985/32",
    "1.2/16",
    "/24",
    "192.0.2.0/255.0.255.0",
    "10.0.0.0/255.0.0.0",
    "*.*",
    "**",
    "?",
    "192.0.2.1?",
    "*:*",
    "2001*",
    "*::10",
    "*2.10",
    "h*.example.???",
    "*.example.com",
    ".",
    "..",
    "0",
    "1",
    ".com",
    ".COM",
    "e.com",
    "host1",
    "six.example.com",
    "two.",
    "one.liar.net",
    ".liar.net",
    "localhost",
    "127.",
    "j?e@ALL",
    ".oe@ALL",
    "jo.@ALL",
    "JOE@ALL",
    "joe@joe@ALL",
    "@joe@ALL",
    "KNOWN@KNOWN",
    "ALL@UNKNOWN",
    "joe@LOCAL",
    "joe@[2001:db8::]/32",
    "joe@192.0.2.0/24",
    "joe@*",
    "unknown@192.0.2.10",
    "PARANOID@ALL",
    "x@y@192.0.2.10",
    "@",
    "@@nobody",
    "/run/lists/deep",
    "/run/lists/nets",
    "/run/lists/known",
    "//run/lists/some",
    "joe@/run/lists/words",
    "ALL@/run/lists/deep",
    "EXCEPT",
    "allow:",
    "deny",
];

const OPTIONS: &[&str] = &[
    "allow",
    "deny",
    "ALLOW",
    "severity mail.info",
    "severity notice",
    "severity auth.loud",
    "severity authpriv.info",
    "spawn (/bin/echo %h %a %u %d %%) &",
    "spawn echo %c %n %N %H %s %A %r %R",
    "spawn echo %x %",
    "twist /bin/echo go away",
    "aclexec /bin/true %a",
    "keepalive",
    "keepalive yes",
    "linger 5",
    "linger -1",
    "linger x",
    "rfc931",
    "rfc931 5",
    "rfc931 0",
    "nice",
    "nice 3",
    "nice x",
    "setenv NAME value of %h",
    "setenv = A b",
    "umask 022",
    "umask 0777",
    "umask 1777",
    "umask 9",
    "banners /run/banners",
    "banners",
    "spawn",
    "",
    "bogus",
    "bogus = 1",
    "deny now",
    "allow=",
    "nice= 2",
    "spawn echo a\\:b",
    "severity = mail.debug",
    "twist",
    "user no-such-user",
    "group no-such-group",
    "user nobody.no-such-group",
    "SPAWN echo x",
    "user .nogroup",
    "group 65534",
    "user 65534",
    "user",
    "spawn=/bin/true",
    "spawn = /bin/true %a",
    "spawn  /bin/true  ",
    "severity",
    "severity =",
    "severity mail",
    "severity mail.",
    "severity .info",
    "severity MAIL.INFO",
    "severity local7.emerg",
    "severity  warning",
    "severity mail.info x",
    "linger",
    "linger 0",
    "linger 5 5",
    "linger 5x",
    "linger 0x10",
    "nice -5",
    "nice 99",
    "nice 3 3",
    "nice 3x",
    "nice =",
    "umask",
    "umask 0",
    "umask -1",
    "umask 22",
    "umask 0x12",
    "umask 022 x",
    "umask 1000",
    "rfc931 x",
    "rfc931 -5",
    "rfc931 5x",
    "rfc931 99999",
    "rfc931=3",
    "keepalive=1",
    "keepalive=",
    "aclexec",
    "aclexec =",
    "aclexec false",
    "banners /run/nowhere",
    "banners=/run/banners",
    "banners /run/banners/other",
    "setenv A",
    "setenv",
    "setenv A=b",
    "setenv A  b  c ",
    "setenv A %c%h%%",
    "allow x",
    "allow = x",
    "deny =",
    "=",
    "= allow",
    "== allow",
    "al low",
    "allowed",
    "#deny",
    "allow # why",
    "twist = /bin/true",
    "twist /bin/echo %",
    "spawn \\\\: x",
    "spawn a\\b",
    "spawn echo %%%1 % h",
    "\\:",
];

/// Where the ancestor was mended: so that the table is tried too.
const MENDED: &[&str] = &[
    "192.0.2.10/24",
    "192.0.2.10/255.255.255.0",
    "0.0.0.0/0",
    "192.0.2.10/255.255.255.255",
    "192.0.2.0/33",
    "192.0.2.0/24x",
    "[2001:db8::]/abc",
    "[2001:db8::]/129",
    "2001:db8::10",
    "2001:db8::/32",
    "[2001:db8::10",
    "192.0.2.0/255.255.0",
    "192.0.2.0/",
    "192.0.2.0/ 24",
    "192.0.2.0/0x18",
    "192.0.2.0/+24",
    "192.0.2.0/-1",
    "192.0.2.0/255.255.255.256",
    "198.51.100.77/25",
    "192.0.2.11/30",
    "10.1.2.3/8",
    "10.0.0.0/0",
    "[2001:db8::10]/",
    "[2001:db8::10]/-1",
    "[2001:db8::10]/64x",
    "[fe80::]/999",
    "2001:db8::10]",
    "fe80::1",
    "::1",
    "joe@2001:db8::10",
    "joe@192.0.2.10/24",
    "joe@[2001:db8::]/abc",
    "/run/lists/",
    "joe@/",
    "[fe80::1%lo]",
    "[fe80::1%9]",
];

/// As above, of options.
const MENDED_OPTIONS: &[&str] = &[
    "user nobody",
    "user nobody.nogroup",
    "user root.root",
    "user nobody.",
    "group nogroup",
    "linger 99999999999",
    "nice 99999999999",
    "umask 99999999999",
];

const PEER_DAEMONS: &[&str] = &[
    "sshd",
    "sshd",
    "sshd",
    "in.ftpd",
    "SSHD",
    "unknown",
    "22",
    "sshd@192.0.2.1",
    "sshd@server.example.com",
    "in.ftpd@192.0.2.1",
    "sshd@2001:db8::10",
    "sshd@192.0.2.10",
    "sshd@host1.example.com",
    "sshd@unknown",
    "sshd@paranoid",
    "sshd@two.example.com",
    "sshd@nobody.invalid",
    "in.ftpd@plain",
    "a.b",
    "KNOWN",
    "ALL",
    "0",
    "/usr/sbin/sshd",
];

const PEER_CLIENTS: &[&str] = &[
    "192.0.2.10",
    "192.0.2.11",
    "198.51.100.7",
    "10.1.2.3",
    "2001:db8::10",
    "2001:db8::11",
    "fe80::1",
    "::ffff:192.0.2.10",
    "host1.example.com",
    "HOST1.example.com",
    "mail.other.org",
    "alias.other.org",
    "plain",
    "localhost",
    "six.example.com",
    "two.example.com",
    "two.liar.net",
    "one.liar.net",
    "unknown",
    "paranoid",
    "joe@192.0.2.10",
    "joe@host1.example.com",
    "root@2001:db8::10",
    "unknown@192.0.2.10",
    "jo-hn@mail.other.org",
    "x y@192.0.2.10",
    "192.0.2.99",
    "192.0.2.1",
    "203.0.113.1",
    "203.0.113.2",
    "127.0.0.1",
    "::1",
    "2001:DB8::10",
    "2001:db8:0::11",
    "fe80::1%lo",
    "::ffff:198.51.100.7",
    "::",
    "0.0.0.0",
    "10.0.0.0",
    "UNKNOWN",
    "KNOWN",
    "joe@unknown",
    "joe@paranoid",
    "joe@",
    "@192.0.2.10",
    "joe@ann@192.0.2.10",
    "nobody.invalid",
    "unknown@two.liar.net",
    "KNOWN@192.0.2.10",
    "allow@10.1.2.3",
];

fn list(random: &mut Random, words: &[&str], mended: bool) -> String {
    if random.chance(2) {
        return (*random.pick(&["", "EXCEPT", "EXCEPT ALL"])).into();
    }
    let mut text = String::new();
    let count = *random.pick(&[1, 1, 1, 2, 2, 3, 5, 8]);
    for number in 0..count {
        if number > 0 {
            text += if random.chance(25) {
                *random.pick(&[" EXCEPT ", " except ", " EXCEPT", ",Except\t", " EXCEPT, "])
            } else {
                *random.pick(&[" ", ", ", ",", "\t", "  ", "\r", " ,,\t"])
            };
        }
        let pool = if mended && random.chance(2) { MENDED } else { words };
        text += *random.pick(pool);
    }
    text
}

/// Lines that are hardly rules.
const NO_RULES: [&str; 18] = [
    "",
    "# a comment",
    "#sshd: ALL",
    "   ",
    "no colon",
    "\t",
    "# x \\\n: y",
    "\\\n",
    ":",
    "::",
    "sshd",
    ": ALL",
    "sshd:",
    "sshd::deny",
    "\r",
    "ALL ALL ALL",
    "sshd \\ \n: ALL",
    "#\\\n#\\\nALL: ALL",
];

fn rule(random: &mut Random) -> String {
    if random.chance(4) {
        return (*random.pick(&NO_RULES)).into();
    }
    let mut text = list(random, DAEMONS, false);
    if random.chance(1) {
        text += " 0";
    }
    text += *random.pick(&[":", ": ", " : ", ":\t"]);
    text += &list(random, CLIENTS, true);
    if random.chance(35) {
        for _ in 0..*random.pick(&[1, 1, 2, 3]) {
            text += *random.pick(&[":", " : ", " :\\\n  ", "\t:\r", " : "]);
            let pool = if random.chance(3) { MENDED_OPTIONS } else { OPTIONS };
            text += *random.pick(pool);
        }
        if random.chance(3) {
            text += *random.pick(&[":", " : ", "::"]);
        }
    }
    misshapen(random, text)
}

/// A rule, some of the time with something that happens to a line.
fn misshapen(random: &mut Random, mut text: String) -> String {
    if random.chance(2) {
        // as long as a line may be, and a little longer
        let wanted = 2040 + random.below(12);
        let blanks = wanted.saturating_sub(text.len());
        text.insert_str(text.find(':').unwrap_or(0), &" ".repeat(blanks));
    }
    if random.chance(1) {
        let at = random.below(text.len() + 1);
        if text.is_char_boundary(at) {
            let odd = *random.pick(&["\0", "\r", "\u{b}", "\\", "\u{fc}"]);
            text.insert_str(at, odd);
        }
    }
    if random.chance(3) {
        let at = random.below(text.len() + 1);
        if text.is_char_boundary(at) {
            text.insert_str(at, "\\\n"); // anywhere, also inside a word
        }
    }
    if random.chance(1) {
        text = format!("  # {text}");
    }
    text
}

fn file(random: &mut Random) -> String {
    let count = *random.pick(&[0, 1, 1, 2, 3, 6]);
    let rules: Vec<String> = (0..count).map(|_| rule(random)).collect();
    let end = if random.chance(8) { "\r\n" } else { "\n" };
    let mut text: String = rules.iter().map(|rule| format!("{rule}{end}")).collect();
    if random.chance(4) {
        text = text.trim_end_matches('\n').to_owned();
    }
    text
}

/// One set.
pub(crate) fn set(random: &mut Random) -> Set {
    let (allow, deny) = (file(random), file(random));
    let peers = (0..3).map(|_| {
        let odd = random.chance(1);
        let client = random.pick(if odd { &["192.0.2.010", "1.2.3"] } else { PEER_CLIENTS });
        ((*random.pick(PEER_DAEMONS)).to_owned(), (*client).to_owned())
    });
    Set { peers: peers.collect(), allow, deny }
}
