//! What the arguments of OpenSSH's sshd say.

use portreeve_model::Program;

/// Options of sshd(8) that take a value.
const WITH_VALUE: &str = "CEbcfghkopuV";

/// Whether a program is sshd, by its name.
pub(super) fn is(program: &Program) -> bool {
    program.path.rsplit('/').next() == Some("sshd")
}

/// Whether a letter is among sshd's flags, read as getopt(3) does.
pub(super) fn has_flag(program: &Program, flag: char) -> bool {
    let mut words = program.args.iter();
    while let Some(word) = words.next() {
        let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
            return false;
        };
        if letters == "-" {
            return false;
        }
        for (at, letter) in letters.char_indices() {
            if letter == flag {
                return true;
            }
            if WITH_VALUE.contains(letter) {
                if letters.len() == at + letter.len_utf8() {
                    words.next(); // its value is the next word
                }
                break;
            }
        }
    }
    false
}
