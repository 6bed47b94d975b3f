//! The addresses, networks and hours of which configurations are made.

use portreeve_tests::Random;

/// Peers at the edges of the networks below.
pub(crate) const PEERS4: &[&str] = &[
    "10.1.2.0",
    "10.1.2.1",
    "10.1.2.3",
    "10.1.2.127",
    "10.1.2.128",
    "10.1.2.255",
    "10.1.3.0",
    "10.2.0.1",
    "172.16.9.0",
    "172.16.9.77",
    "192.168.0.50",
    "203.0.113.7",
];

/// As above.
pub(crate) const PEERS6: &[&str] = &[
    "2001:db8:a::1",
    "2001:db8:a::5",
    "2001:db8:a:0:ffff:ffff:ffff:ffff",
    "2001:db8:a:1::1",
    "2001:db8:a:1::5",
    "2001:db8:a:2::1",
    "2001:db8:f::7",
];

/// Items of native lists.
pub(crate) const NETWORKS: &[&str] = &[
    "10.1.2.3",
    "10.1.2.0/24",
    "10.1.2.0/25",
    "10.1.2.128/25",
    "10.1.2.0/23",
    "10.1.2.0/31",
    "10.0.0.0/8",
    "0.0.0.0/0",
    "172.16.9.0",
    "192.168.0.0/24",
    "203.0.113.7",
    "2001:db8:a::/48",
    "2001:db8:a::/64",
    "2001:db8:a::/63",
    "2001:db8:a:1::5",
    "2001:db8::/32",
    "::/0",
];

/// Items of xinetd's lists, those among them that xinetd reads wrongly.
pub(crate) const ITEMS: &[&str] = &[
    "10.1.2.3",
    "10.1.2.0",
    "10.1.0.0",
    "10.0.0.0",
    "0.0.0.0",
    "10.1.2.0/25",
    "10.1.2.0/31",
    "10.1.{2,3}",
    "10.1.2.{0,3}",
    "192.168.0.0",
    "203.0.113.7",
    "10.1.2.0/255.255.255.128",
    "10.1.2.3/255.255.255.0",
    "172.16.9.0/255.255.0.0",
    "2001:db8:a::/48",
    "2001:db8:a::/64",
    "2001:db8:a:1::5",
    "2001:db8:a:1::5/128",
    "2001:db8:a::5/128",
    "2001:db8:a::1/128",
    "2001:db8::/32",
];

/// Host names, for lists and for peers that are assumed to have them.
pub(crate) const NAMES: &[&str] = &["good.example", "a.below.example", "other.test"];

/// Hours anywhere in the day, over midnight too.
pub(crate) fn any_hours(random: &mut Random) -> String {
    let mut minute = || random.below(24) * 60 + *random.pick(&[0, 1, 30, 59]);
    let (from, to) = (minute(), minute());
    let to = if to == from { (to + 61) % 1440 } else { to };
    let show = |m: usize| format!("{:02}:{:02}", m / 60, m % 60);
    format!("{}-{}", show(from), show(to))
}

/// A moment as RFC 3339 has it, in UTC. (Howard Hinnant's days-to-civil.)
pub(crate) fn rfc3339(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400) + 719_468, seconds.rem_euclid(86_400));
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
