//! What is wrong with the words of a file that a `/path` names, and what must be asked about them.

use super::check::{list_words, shown};
use super::doubt::{self, Doubt};
use super::lookup::Question;
use super::raw::RawWord;
use super::{codes, pattern, plain};
use portreeve_diag::{Diagnostic, Diagnostics, Level, Sources, Span};

/// Reads the words of such a file: what is wrong with them goes to `out`; gives the files that it
/// names and what must be asked about its words, at most `most` of them, each with its place. The
/// text is among the sources then, if anything is to be said or asked.
pub fn list_doubts(
    path: &str,
    content: &[u8],
    most: usize,
    sources: &mut Sources,
    out: &mut Diagnostics,
) -> Vec<(Doubt, Span)> {
    let file = sources.add(path, "");
    let (before, mut doubts) = (out.len(), Vec::new());
    for (start, word) in list_words(content) {
        let full = doubts.len() >= most;
        if full && plain::written(word).is_some() {
            continue; // nothing is ever to be said of one
        }
        let at = Span::new(file, start, start.saturating_add(word.len()));
        let (pattern, remark) = pattern::host(word, false);
        if let Some(remark) = remark {
            remark.said(&RawWord { text: word.to_vec(), at, bare: false }, out);
        }
        match doubt::host(&pattern, Question::Host) {
            Some(Doubt::Said(text)) => {
                let finding = Diagnostic::new(Level::Warning, codes::DOUBTFUL, Some(at), text);
                out.push(finding.help(super::WORDS));
            }
            Some(doubt) if !full => doubts.push((doubt, at)),
            Some(_) | None => {}
        }
    }
    if out.len() > before || !doubts.is_empty() {
        sources.fill(file, shown(content));
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_file_are_doubted_where_they_stand() {
        let text = "192.0.2.1 .2.10\nhost. x.example [::1]\n10.0.0.0/33 @friends\n";
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let asked = list_doubts("/l", text.as_bytes(), 3, &mut sources, &mut found);
        let place = |at: Span| {
            let (line, column) = sources.line_column(at);
            format!("{line}:{column}")
        };
        let found: Vec<_> = found
            .iter()
            .map(|one| format!("{} {}", one.code, place(one.at.expect("a place"))))
            .collect();
        let want = ["hosts-doubtful 1:11", "hosts-doubtful 2:1", "hosts-prefix-length 3:1"];
        assert_eq!(found, want);
        let asked: Vec<_> = asked.into_iter().map(|(question, at)| (question, place(at))).collect();
        let address = |text: &str| Doubt::Ask(Question::Address(text.parse().expect("an address")));
        let want = [
            (address("192.0.2.1"), "1:1".to_owned()),
            (Doubt::Ask(Question::Host(b"x.example".to_vec())), "2:7".to_owned()),
            (address("::1"), "2:17".to_owned()),
        ];
        assert_eq!(asked, want, "the fourth is past the bound");
    }
}
