//! Both matchers over one text.

use std::sync::Arc;

use super::engine::Groups;
use super::gate::Gate;
use super::python::{Automaton, Flags, Shape, Tree, backtrack, parse};
use super::{STEPS, engine::Engine, tags};
use portreeve_model::UseDns;

/// What two ways of matching say of one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// They say the same; whether the pattern matches.
    Same(bool),
    /// There is nothing to compare: the pattern is not served, only one of the matchers can do it, or
    /// it took too many steps.
    Alone,
    /// They differ; how.
    Differ(Box<str>),
}

/// Looks for a pattern in a line in both ways, so that each is a check of the other, and for the words
/// that the pattern is said to need. Either way serves alone in a [`Filter`](super::Filter).
#[must_use]
pub fn agree(pattern: &str, line: &str) -> Agreement {
    let expanded = tags::expand(pattern, UseDns::Warn).text;
    let flags = Flags { one_line: true, ..Flags::default() };
    let Ok(tree) = parse(&expanded, flags) else { return Agreement::Alone };
    let tree = Arc::new(tree);
    let text = format!("{}\n", line.replace('\n', " "));
    let Ok(program) = backtrack::compile(&tree) else { return Agreement::Alone };
    let (mut tried, mut plain) = (Groups::new(), Groups::new());
    let mut budget = STEPS;
    let Ok(found) = backtrack::search(&program, &text, 0, &mut budget, &mut tried) else {
        return Agreement::Alone;
    };
    let Ok(mut outline) = Automaton::new(&tree, Shape::Outline) else { return Agreement::Alone };
    let Ok(start) = outline.start(&text, 0) else { return Agreement::Alone };
    let begin = tried.first().copied().flatten().map(|(from, _)| from);
    if found && start.is_none_or(|start| Some(start) > begin) {
        return Agreement::Differ(format!("outline {start:?}, match {tried:?}").into());
    }
    let regular = tree.root.is_regular();
    if regular {
        let Ok(mut automaton) = Automaton::new(&tree, Shape::Whole) else {
            return Agreement::Alone;
        };
        let Ok(also) = automaton.groups(&text, 0, &mut plain) else { return Agreement::Alone };
        if also != found || plain.first() != tried.first() {
            return Agreement::Differ(format!("automaton {plain:?}, steps {tried:?}").into());
        }
    }
    let Ok(engine) = Engine::of(Tree::clone(&tree)) else { return Agreement::Alone };
    let mut gate = Gate::new(std::iter::once(&engine));
    gate.read(&text);
    if found && !gate.may(0) {
        return Agreement::Differ(format!("{:?} are needed and not there", engine.needed()).into());
    }
    if regular { Agreement::Same(found) } else { Agreement::Alone }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern() -> impl Strategy<Value = String> {
        let atom = prop::sample::select(vec![
            "a", "b", "abc", "xyz", "1", ".", " ", "[ab]", "[^a]", "\\w", "\\s", "\\d", "^", "$",
            "\\b", "(?i:abc)", "(?=a)", "(?!b)", "\\B",
        ]);
        let leaf = atom.prop_map(str::to_owned);
        leaf.prop_recursive(4, 24, 3, |inner| {
            let counts = vec!["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{,2}"];
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("{one}{other}")),
                (inner.clone(), inner.clone())
                    .prop_map(|(one, other)| format!("(?:{one}|{other})")),
                inner.clone().prop_map(|of| format!("({of})")),
                (inner, prop::sample::select(counts))
                    .prop_map(|(of, many)| format!("(?:{of}){many}")),
            ]
        })
    }

    proptest! {
        #[test]
        fn both_matchers_find_the_same(pattern in pattern(), line in "[abcxyzABC1 _.-]{0,14}") {
            let agreement = agree(&pattern, &line);
            prop_assert!(!matches!(agreement, Agreement::Differ(_)), "{:?}", agreement);
        }
    }

    #[test]
    fn what_takes_trying_is_bounded() {
        let line = "a".repeat(4000);
        assert_eq!(agree("(?:(?:a+)+(?=b))+c", &line), Agreement::Alone);
        assert_eq!(agree("(a)b", "xab"), Agreement::Same(true));
    }
}
