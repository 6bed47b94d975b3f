//! Mutations of texts and messages: bytes, tokens, lines, splices, and growth.

use crate::random::Random;

/// Texts that readers stumble over, wherever they stand.
const ODD: [&str; 58] = [
    "",
    "0",
    "-1",
    "1",
    "00",
    "+1",
    "0x10",
    "010",
    "1e9",
    "1.5",
    "nan",
    "inf",
    "65535",
    "65536",
    "4294967295",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999",
    "true",
    "\"",
    "'",
    "\"\"\"",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "#",
    "=",
    "+=",
    "-=",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    "/",
    "//",
    "/../",
    "*",
    ":",
    "::",
    "::/0",
    "0.0.0.0/0",
    "%",
    "\\",
    "\u{0}",
    "\u{feff}",
    "\u{a0}",
    "\u{200b}",
    "\u{202e}",
    "\u{ff11}",
    "\u{430}",
    "\u{1b}[31m",
    "\u{c}",
    "é",
];

/// Bytes at the edges of what numbers and lengths can say.
const EDGES: [u8; 10] = [0, 1, 2, 0x7f, 0x80, 0x81, 0xfe, 0xff, b'\n', b' '];

/// A mutation of `input`, in up to six steps, no longer than `longest`. `other` is what splices
/// come from, `words` are the language's own.
pub(crate) fn mutate(
    random: &mut Random,
    input: &[u8],
    other: &[u8],
    words: &[String],
    longest: usize,
) -> Vec<u8> {
    let mut text = input.to_vec();
    for _ in 0..=random.below(6) {
        step(random, &mut text, other, words, longest);
        text.truncate(longest);
    }
    text
}

fn step(random: &mut Random, text: &mut Vec<u8>, other: &[u8], words: &[String], longest: usize) {
    match random.below(20) {
        0 => {
            let at = random.below(text.len());
            let bit = 1 << random.below(8);
            if let Some(byte) = text.get_mut(at) {
                *byte ^= bit;
            }
        }
        1 => {
            let (at, byte) = (random.below(text.len()), random.pick(&EDGES).copied());
            if let (Some(old), Some(byte)) = (text.get_mut(at), byte) {
                *old = byte;
            }
        }
        2 => {
            let at = random.below(text.len() + 1);
            text.insert(at, random.byte());
        }
        3 => drop(text.drain(random.range(text.len()))),
        4 => {
            let piece = text.get(random.range(text.len())).unwrap_or_default().to_vec();
            put(random, text, &piece);
        }
        5 | 6 => {
            let odd = random.pick(&ODD).copied().unwrap_or_default();
            put(random, text, odd.as_bytes());
        }
        7 | 8 => {
            let word = random.pick(words).cloned().unwrap_or_default();
            put(random, text, word.as_bytes());
        }
        9..=11 => token(random, text, words),
        12..=14 => lines(random, text, other),
        15 => {
            let tail = other.get(random.below(other.len() + 1)..).unwrap_or_default();
            text.truncate(random.below(text.len() + 1));
            text.extend_from_slice(tail);
        }
        16 => text.truncate(random.below(text.len() + 1)),
        17 => grow(random, text, longest),
        18 => number(random, text),
        _ => case_or_ends(random, text),
    }
}

/// Puts a piece somewhere, over what stands there or between.
fn put(random: &mut Random, text: &mut Vec<u8>, piece: &[u8]) {
    let start = random.below(text.len() + 1);
    let over = if random.below(2) == 0 { 0 } else { piece.len().min(text.len() - start) };
    text.splice(start..start + over, piece.iter().copied());
}

/// Replaces a token by an odd text or a word of the language.
fn token(random: &mut Random, text: &mut Vec<u8>, words: &[String]) {
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./:".contains(byte);
    let at = random.below(text.len());
    let start = text.get(..at).and_then(|head| head.iter().rposition(|b| !token(b)));
    let start = start.map_or(0, |before| before + 1);
    let rest = text.get(start..).unwrap_or_default();
    let end = start + rest.iter().position(|b| !token(b)).unwrap_or(rest.len());
    let odd = random.pick(&ODD).copied().unwrap_or_default();
    let word = random.pick(words).map_or(odd, String::as_str);
    let new = if random.below(2) == 0 { odd } else { word }.as_bytes().to_vec();
    text.splice(start..end.max(start), new);
}

/// Drops, doubles, moves or takes over a line.
fn lines(random: &mut Random, text: &mut Vec<u8>, other: &[u8]) {
    let mut all: Vec<Vec<u8>> = text.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    let at = random.below(all.len() + 1);
    match (random.below(4), at < all.len()) {
        (0, true) => drop(all.remove(at)),
        (1, true) => {
            let line = all.remove(at);
            all.insert(random.below(all.len() + 1), line.clone());
            all.insert(random.below(all.len() + 1), line);
        }
        (2, true) => {
            let line = all.remove(at);
            all.insert(random.below(all.len() + 1), line);
        }
        _ => {
            let theirs: Vec<&[u8]> = other.split_inclusive(|b| *b == b'\n').collect();
            let line = random.pick(&theirs).map_or_else(Vec::new, |line| line.to_vec());
            all.insert(at, line);
        }
    }
    *text = all.concat();
}

/// Repeats a piece many times: work must not grow faster than the text.
fn grow(random: &mut Random, text: &mut Vec<u8>, longest: usize) {
    let range = random.range(text.len());
    let piece = text.get(range.clone()).unwrap_or_default().to_vec();
    let most = longest / piece.len().max(1);
    let times = (1 << random.below(15)).min(most);
    text.splice(range, piece.repeat(times));
}

/// Changes a digit somewhere behind a random place.
fn number(random: &mut Random, text: &mut [u8]) {
    let from = random.below(text.len());
    let digit = b'0' + u8::try_from(random.below(10)).unwrap_or(0);
    let found = text.iter_mut().skip(from).find(|b| b.is_ascii_digit());
    if let Some(old) = found {
        *old = digit;
    }
}

/// The same text in other letters, or with other line ends.
fn case_or_ends(random: &mut Random, text: &mut Vec<u8>) {
    match random.below(4) {
        0 => text.make_ascii_uppercase(),
        1 => text.make_ascii_lowercase(),
        2 => {
            let lines: Vec<&[u8]> = text.split(|b| *b == b'\n').collect();
            *text = lines.join(b"\r\n".as_slice());
        }
        _ => drop(text.pop()),
    }
}
