//! Words without which a pattern cannot match.
//!
//! Most lines of a log are of no interest. All the words that a filter's patterns need are looked
//! for at once, and a pattern is tried only where one of its own is there.

use super::ast::{Assert, Node};

/// At most so many spellings of one part.
const SPELLINGS: usize = 16;
/// At most so many words, one of which must be there.
const WORDS: usize = 48;
/// A word has at least so many letters.
const LETTERS: usize = 3;

/// Words in small letters of ASCII, one of which stands in every text that the pattern matches, in
/// letters of either size. Nothing where no such words are known.
pub(in crate::filter) fn needed(node: &Node) -> Option<Vec<String>> {
    let known = knowledge(node);
    let best = match known.exact.as_deref().map(words) {
        Some(exact) => better(exact, known.needed),
        None => known.needed,
    };
    best.map(|best| best.words)
}

/// What is known of a part.
struct Knowledge {
    /// All that it can take, in small letters.
    exact: Option<Vec<String>>,
    /// Words, one of which it takes.
    needed: Option<Needed>,
}

struct Needed {
    words: Vec<String>,
    /// The length of the shortest.
    least: usize,
}

fn nothing() -> Knowledge {
    Knowledge { exact: None, needed: None }
}

fn exactly(text: &str) -> Knowledge {
    Knowledge { exact: Some(vec![text.to_owned()]), needed: None }
}

/// The longest word in every spelling.
fn words(spellings: &[String]) -> Option<Needed> {
    let mut found: Vec<String> = Vec::new();
    for spelling in spellings {
        let word = spelling
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .max_by_key(|word| word.len())?;
        if word.len() < LETTERS {
            return None;
        }
        if !found.iter().any(|known| known == word) {
            found.push(word.to_owned());
        }
    }
    let least = found.iter().map(String::len).min()?;
    (found.len() <= WORDS).then_some(Needed { words: found, least })
}

fn better(one: Option<Needed>, other: Option<Needed>) -> Option<Needed> {
    match (one, other) {
        (Some(one), Some(other)) => {
            let worth = |needed: &Needed| (needed.least.min(8), usize::MAX - needed.words.len());
            Some(if worth(&one) >= worth(&other) { one } else { other })
        }
        (one, other) => one.or(other),
    }
}

fn knowledge(node: &Node) -> Knowledge {
    match node {
        Node::Empty | Node::Assert(Assert::Start | Assert::End) => exactly(""),
        Node::Assert(_) | Node::Look { .. } => exactly(""),
        Node::Literal(c) => exactly(&c.to_ascii_lowercase().to_string()),
        Node::Class(class) => {
            let mut spellings: Vec<String> = Vec::new();
            for range in class.ranges() {
                for c in range.start()..=range.end() {
                    let spelling = c.to_ascii_lowercase().to_string();
                    if !spellings.contains(&spelling) {
                        spellings.push(spelling);
                    }
                    if spellings.len() > 4 {
                        return nothing();
                    }
                }
            }
            Knowledge { exact: Some(spellings), needed: None }
        }
        Node::Group(_, of) | Node::Atomic(of) => knowledge(of),
        Node::Concat(parts) => concat(parts),
        Node::Alternate(ways) => alternate(ways.iter().map(knowledge)),
        Node::Condition(_, yes, no) => alternate([knowledge(yes), knowledge(no)].into_iter()),
        Node::Repeat { of, min, max, .. } => {
            let known = knowledge(of);
            match (min, max, known.exact) {
                (0, Some(1), Some(mut exact)) => {
                    exact.push(String::new());
                    Knowledge { exact: Some(exact), needed: None }
                }
                (0, _, _) => nothing(),
                (1, Some(1), exact) => Knowledge { exact, needed: known.needed },
                (_, _, Some(exact)) => Knowledge { exact: None, needed: words(&exact) },
                (_, _, None) => Knowledge { exact: None, needed: known.needed },
            }
        }
        Node::Back(..) => nothing(),
    }
}

fn concat(parts: &[Node]) -> Knowledge {
    let mut whole = true;
    let mut best = None;
    let mut exact = vec![String::new()];
    for part in parts {
        let known = knowledge(part);
        best = better(best, known.needed);
        match known.exact {
            Some(ends) if ends.len() * exact.len() <= SPELLINGS => {
                exact = exact
                    .iter()
                    .flat_map(|start| ends.iter().map(move |end| format!("{start}{end}")))
                    .collect();
            }
            ends => {
                whole = false;
                best = better(best, words(&exact));
                exact = match ends {
                    Some(ends) if ends.len() <= SPELLINGS => ends,
                    _ => vec![String::new()],
                };
            }
        }
    }
    if whole {
        return Knowledge { exact: Some(exact), needed: best };
    }
    Knowledge { exact: None, needed: better(best, words(&exact)) }
}

fn alternate(ways: impl Iterator<Item = Knowledge>) -> Knowledge {
    let ways: Vec<Knowledge> = ways.collect();
    let spellings: usize = ways.iter().map(|way| way.exact.as_ref().map_or(99, Vec::len)).sum();
    if spellings <= SPELLINGS {
        let exact = ways.into_iter().filter_map(|way| way.exact).flatten().collect();
        return Knowledge { exact: Some(exact), needed: None };
    }
    let mut all: Vec<String> = Vec::new();
    for way in ways {
        let known = match way.exact.as_deref().map(words) {
            Some(exact) => better(exact, way.needed),
            None => way.needed,
        };
        match known {
            Some(known) => all.extend(known.words),
            None => return nothing(),
        }
    }
    all.sort();
    all.dedup();
    let least = all.iter().map(String::len).min().unwrap_or(0);
    let needed = (all.len() <= WORDS).then_some(Needed { words: all, least });
    Knowledge { exact: None, needed }
}
