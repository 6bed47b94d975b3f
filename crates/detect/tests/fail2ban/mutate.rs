//! Lines that are nearly those of a log.

/// A generator of numbers, the same for the same seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next()).unwrap_or(0) % end.max(1)
    }

    pub(crate) fn of<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        &list[self.below(list.len())]
    }
}

/// What may stand where an address stood.
const ADDRESSES: [&str; 20] = [
    "192.0.2.7",
    "999.1.1.1",
    "1.2.3.4.5",
    "01.2.3.4",
    "1.2.3",
    "::ffff:192.0.2.9",
    "::1.2.3.4",
    "2001:db8::7",
    "2001:DB8:0:0:0:0:0:8",
    "::",
    "1::2::3",
    "fe80::1%eth0",
    "host.example",
    "198.51.100.7.example",
    "[192.0.2.8]",
    "[2001:db8::9]",
    "192.0.2.7:80",
    "192.0.2.0/24",
    "",
    "unknown",
];

/// What may be put in anywhere.
const BITS: [&str; 28] = [
    " ",
    "  ",
    "\t",
    ":",
    "]",
    "[",
    "(",
    ")",
    "<",
    ">",
    "'",
    "\"",
    ",",
    ".",
    "-",
    "=",
    "/",
    "\\",
    "%",
    "0",
    "x",
    "Z",
    "_",
    "ä",
    "中",
    "\u{a0}",
    " from 198.51.100.99",
    "[198.51.100.98]",
];

/// A line made of others. `lines` are not empty.
pub(crate) fn mutated(random: &mut Random, lines: &[String]) -> String {
    let mut line = random.of(lines).clone();
    for _ in 0..1 + random.below(2) {
        line = once(random, &line, lines);
    }
    line
}

fn once(random: &mut Random, line: &str, lines: &[String]) -> String {
    let characters: Vec<char> = line.chars().collect();
    let at = random.below(characters.len() + 1);
    let text = |part: &[char]| part.iter().collect::<String>();
    match random.below(12) {
        0..=3 => address(random, line),
        4 => format!("{}{}{}", text(&characters[..at]), random.of(&BITS), text(&characters[at..])),
        5 => {
            let to = (at + 1 + random.below(3)).min(characters.len());
            format!("{}{}", text(&characters[..at]), text(&characters[to..]))
        }
        6 => text(&characters[..at]),
        7 => {
            let other: Vec<char> = random.of(lines).chars().collect();
            let from = random.below(other.len() + 1);
            format!("{}{}", text(&characters[..at]), text(&other[from..]))
        }
        8 => words(random, line),
        9 => digit(random, &characters),
        10 => {
            let swapped = characters.iter().enumerate().map(|(n, c)| {
                if n == at && c.is_lowercase() {
                    c.to_ascii_uppercase()
                } else {
                    c.to_ascii_lowercase()
                }
            });
            let changed: String = swapped.collect();
            if random.below(2) == 0 { changed } else { format!("{line}{}", random.of(&BITS)) }
        }
        _ => {
            let to = (at + random.below(12)).min(characters.len());
            let part = text(&characters[at..to]);
            format!("{}{part}{part}{}", text(&characters[..at]), text(&characters[to..]))
        }
    }
}

/// Puts something else in the place of one address.
fn address(random: &mut Random, line: &str) -> String {
    let is_part = |c: char| c.is_ascii_hexdigit() || c == '.' || c == ':';
    let mut places = Vec::new();
    let mut from = None;
    for (at, c) in line.char_indices().chain([(line.len(), ' ')]) {
        match (is_part(c), from) {
            (true, None) => from = Some(at),
            (false, Some(start)) => {
                let token = line[start..at].trim_end_matches([':', '.']);
                if token.len() > 6 && token.matches(['.', ':']).count() >= 3 {
                    places.push((start, start + token.len()));
                }
                from = None;
            }
            _ => {}
        }
    }
    if places.is_empty() {
        return words(random, line);
    }
    let &(start, end) = random.of(&places);
    format!("{}{}{}", &line[..start], random.of(&ADDRESSES), &line[end..])
}

/// Leaves a word out, or says it twice, or changes two.
fn words(random: &mut Random, line: &str) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    let (one, other) = (random.below(words.len()), random.below(words.len()));
    match random.below(3) {
        0 => _ = words.remove(one),
        1 => words.insert(other, words[one]),
        _ => words.swap(one, other),
    }
    words.join(" ")
}

/// Another digit in the place of one.
fn digit(random: &mut Random, characters: &[char]) -> String {
    let digits: Vec<usize> =
        (0..characters.len()).filter(|at| characters[*at].is_ascii_digit()).collect();
    let mut changed = characters.to_vec();
    if let Some(at) = digits.get(random.below(digits.len())) {
        changed[*at] = *random.of(&['0', '1', '2', '3', '5', '9']);
    }
    changed.into_iter().collect()
}
