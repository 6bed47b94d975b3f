//! Escapes and classes.

use regex_syntax::hir::ClassUnicode;

use super::ast::{Assert, Node};
use super::class;
use super::parse::{Fault, Flags, Reader, literal};

/// What an escape in a class stands for.
enum Member {
    One(char),
    Several(ClassUnicode),
}

impl Reader {
    /// What stands after a backslash.
    pub(super) fn escape(&mut self, flags: Flags) -> Result<Node, Fault> {
        let from = self.at.saturating_sub(1);
        let Some(c) = self.next() else {
            return self.fault(from, "there is nothing after this backslash");
        };
        Ok(match c {
            'A' => Node::Assert(Assert::Start),
            'Z' => Node::Assert(Assert::End),
            'b' => Node::Assert(Assert::Word),
            'B' => Node::Assert(Assert::NotWord),
            'd' | 's' | 'w' | 'D' | 'S' | 'W' => Node::Class(self.several(c, flags)),
            '1'..='9' => return self.number_escape(from, c, flags),
            _ => literal(self.one_escaped(from, c)?, flags),
        })
    }

    fn several(&self, letter: char, flags: Flags) -> ClassUnicode {
        let class = class::named(letter.to_ascii_lowercase(), flags.ascii)
            .unwrap_or_else(ClassUnicode::empty);
        if letter.is_ascii_uppercase() { class::not(class) } else { class }
    }

    /// `\1`, `\12`, and `\101`, which is octal.
    fn number_escape(&mut self, from: usize, first: char, flags: Flags) -> Result<Node, Fault> {
        let mut digits = String::from(first);
        if let Some(second) = self.peek().filter(char::is_ascii_digit) {
            digits.push(second);
            self.at += 1;
            let third = self.peek().filter(|c| matches!(c, '0'..='7'));
            if let Some(third) = third
                && digits.bytes().all(|digit| matches!(digit, b'0'..=b'7'))
            {
                digits.push(third);
                self.at += 1;
                return Ok(literal(self.coded(from, &digits, 8)?, flags));
            }
        }
        match digits.parse() {
            Ok(index) => self.back(from, index, flags),
            Err(_) => self.fault(from, "there is no group of this number"),
        }
    }

    /// The escapes that are one character, in and out of classes.
    fn one_escaped(&mut self, from: usize, c: char) -> Result<char, Fault> {
        Ok(match c {
            'a' => '\x07',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            '\\' => '\\',
            'x' => return self.hexadecimal(from, 2),
            'u' => return self.hexadecimal(from, 4),
            'U' => return self.hexadecimal(from, 8),
            '0' => {
                let mut digits = String::from("0");
                while digits.len() < 3
                    && let Some(digit) = self.peek().filter(|c| matches!(c, '0'..='7'))
                {
                    digits.push(digit);
                    self.at += 1;
                }
                return self.coded(from, &digits, 8);
            }
            c if c.is_ascii_alphanumeric() => {
                return self.fault(from, format!("Python has no escape \\{c} here"));
            }
            c => c,
        })
    }

    fn hexadecimal(&mut self, from: usize, length: usize) -> Result<char, Fault> {
        let mut digits = String::new();
        while digits.len() < length
            && let Some(digit) = self.peek().filter(char::is_ascii_hexdigit)
        {
            digits.push(digit);
            self.at += 1;
        }
        if digits.len() < length {
            return self.fault(from, format!("this escape has {length} hexadecimal digits"));
        }
        self.coded(from, &digits, 16)
    }

    fn coded(&self, from: usize, digits: &str, base: u32) -> Result<char, Fault> {
        match u32::from_str_radix(digits, base).ok().and_then(char::from_u32) {
            Some(c) => Ok(c),
            None => self.fault(from, "there is no character of this number"),
        }
    }

    /// A class, after its bracket. `[` in it is itself, and so is `]` at its start.
    pub(super) fn class(&mut self, flags: Flags) -> Result<Node, Fault> {
        let from = self.at.saturating_sub(1);
        let negative = self.take("^");
        let mut class = ClassUnicode::empty();
        let mut first = true;
        loop {
            let at = self.at;
            let Some(c) = self.next() else {
                return self.fault(from, "this class has no end");
            };
            if c == ']' && !first {
                break;
            }
            first = false;
            let low = match self.member(at, c, flags)? {
                Member::One(low) => low,
                Member::Several(several) => {
                    class.union(&several);
                    if self.peek() == Some('-') && !self.ends_after_dash() {
                        return self.fault(at, "a range goes from one character to one");
                    }
                    continue;
                }
            };
            let high = if self.peek() == Some('-') && !self.ends_after_dash() {
                self.at += 1;
                let at = self.at;
                let Some(c) = self.next() else {
                    return self.fault(from, "this class has no end");
                };
                match self.member(at, c, flags)? {
                    Member::One(high) if high >= low => high,
                    Member::One(_) => return self.fault(at, "this range goes backwards"),
                    Member::Several(_) => {
                        return self.fault(at, "a range goes from one character to one");
                    }
                }
            } else {
                low
            };
            class.union(&class::of(&[(low, high)]));
        }
        if flags.fold {
            class = class::folded(class);
        }
        Ok(Node::Class(if negative { class::not(class) } else { class }))
    }

    /// Whether the dash that stands here is the last of its class, and so itself.
    fn ends_after_dash(&mut self) -> bool {
        self.at += 1;
        let ends = matches!(self.peek(), Some(']') | None);
        self.at -= 1;
        ends
    }

    fn member(&mut self, from: usize, c: char, flags: Flags) -> Result<Member, Fault> {
        if c != '\\' {
            return Ok(Member::One(c));
        }
        let Some(c) = self.next() else {
            return self.fault(from, "there is nothing after this backslash");
        };
        Ok(match c {
            'd' | 's' | 'w' | 'D' | 'S' | 'W' => Member::Several(self.several(c, flags)),
            'b' => Member::One('\x08'),
            '1'..='7' => {
                let mut digits = String::from(c);
                while digits.len() < 3
                    && let Some(digit) = self.peek().filter(|c| matches!(c, '0'..='7'))
                {
                    digits.push(digit);
                    self.at += 1;
                }
                Member::One(self.coded(from, &digits, 8)?)
            }
            c => Member::One(self.one_escaped(from, c)?),
        })
    }
}
