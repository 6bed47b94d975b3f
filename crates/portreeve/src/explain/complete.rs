//! What a decision leaves to be said: which step decided, where that was written, in which words.
//! The same for the door's answers and for those of the files.

use portreeve_wire::control::{Explanation, Step};

/// Fills in the step, place and text that decided where the verdict does not name them, and takes
/// words away that stand elsewhere already.
pub(super) fn complete(mut explanation: Explanation) -> Explanation {
    explanation.steps.iter_mut().for_each(shorten);
    let granted = explanation.verdict == "granted";
    if granted {
        let steps = &mut explanation.steps;
        let other = steps.iter().position(has_another_answer);
        let rule = other.or_else(|| steps.iter().rposition(lets_in));
        if let Some(step) = rule.and_then(|at| steps.get_mut(at)) {
            step.decided = true;
        }
    }
    let decided = explanation.steps.iter().find(|step| step.decided);
    let found = decided.map(|step| step.answer.clone());
    if explanation.origin.is_none() {
        // Nothing but the service itself lets everybody in: the first step names its place.
        let service = explanation.steps.first().filter(|_| granted && decided.is_none());
        explanation.origin = decided.or(service).and_then(|step| step.origin.clone());
    }
    explanation.text = match (explanation.verdict.as_str(), found) {
        ("granted", found) => found.unwrap_or_else(|| "nothing refuses it".into()),
        ("unknown", found) => way_out(found.unwrap_or(explanation.text)),
        ("refused", _) => why(&explanation),
        (_, found) => found.unwrap_or(explanation.text),
    };
    explanation
}

/// Whether a step let the peer in by a rule that was written down.
fn lets_in(step: &Step) -> bool {
    let list = ["access-list", "hosts-access", "rules"].contains(&step.question.as_str());
    list && step.origin.is_some() && !step.answer.starts_with("no rule ")
}

/// Whether hosts.allow and hosts.deny let the peer in to another program, which is what matters.
fn has_another_answer(step: &Step) -> bool {
    step.question == "hosts-access" && step.answer.contains(": another program answers")
}

/// A step's sentence without its number and question.
fn shorten(step: &mut Step) {
    let head = format!("{} {}: ", step.row, step.question);
    if let Some(rest) = step.answer.strip_prefix(&head) {
        step.answer = rest.to_owned();
    }
}

/// A refusal's sentence without verdict and reason.
fn why(explanation: &Explanation) -> String {
    let reason = explanation.reason.as_deref().unwrap_or_default();
    let text = explanation.text.as_str();
    let rest = text.strip_prefix("refused: ").and_then(|text| text.strip_prefix(reason));
    rest.and_then(|rest| rest.strip_prefix(": ")).unwrap_or(text).to_owned()
}

/// What to do where the answer of a look-up would decide.
fn way_out(text: String) -> String {
    if text.contains("peer's host names") || text.starts_with("host names") {
        format!("{text}; `--name HOST` or `--names none` assumes an answer")
    } else if text.contains("host names of this end") {
        format!("{text}; `--server-name HOST` or `--server-names none` assumes an answer")
    } else if text.contains("ident server") {
        format!("{text}; `--ident USER` or `--no-ident` assumes an answer")
    } else if text.contains("DNS list") {
        format!("{text}; `--listed ZONE` or `--unlisted` assumes an answer")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(question: &str, answer: &str, origin: Option<&str>, decided: bool) -> Step {
        let (answer, origin) = (answer.to_owned(), origin.map(str::to_owned));
        let word = if decided { "refuse" } else { "pass" }.into();
        Step { row: 4, question: question.into(), answer, origin, word, decided, after: false }
    }

    fn explanation(verdict: &str, text: &str, steps: Vec<Step>) -> Explanation {
        Explanation {
            service: "ssh".into(),
            verdict: verdict.into(),
            reason: (verdict == "refused").then(|| "rule".into()),
            text: text.into(),
            then: None,
            origin: None,
            steps,
        }
    }

    #[test]
    fn a_grant_names_the_rule_that_let_the_peer_in() {
        let steps = vec![
            step("access-list", "4 access-list: `192.0.2.0/24` matches", Some("/f:3:1"), false),
            step("rate", "4 rate: no limit", None, false),
        ];
        let one = complete(explanation("granted", "granted", steps));
        assert_eq!(one.text, "`192.0.2.0/24` matches");
        assert_eq!(one.origin.as_deref(), Some("/f:3:1"));
        assert!(one.steps[0].decided && !one.steps[1].decided);
        let steps = vec![step("enabled", "switched on", Some("/f:1:1"), false)];
        let one = complete(explanation("granted", "granted", steps));
        assert_eq!(one.text, "nothing refuses it");
        assert_eq!(one.origin.as_deref(), Some("/f:1:1"), "the service itself");
        assert!(!one.steps[0].decided);
    }

    #[test]
    fn a_grant_names_the_last_of_the_rules_that_let_the_peer_in() {
        let list = || step("access-list", "`192.0.2.0/24` matches", Some("/f:3:1"), false);
        for (question, answer, decides) in [
            ("hosts-access", "`sshd: ALL`: granted", true),
            ("hosts-access", "no rule of hosts.allow and hosts.deny matches: granted", false),
            ("rules", "`192.0.2.` lets 192.0.2.7 in", true),
            ("rules", "no rule of /etc/tcp is about 192.0.2.7: let in", false),
        ] {
            let steps = vec![list(), step(question, answer, Some("/g:1:1"), false)];
            let one = complete(explanation("granted", "granted", steps));
            let want = if decides { answer } else { "`192.0.2.0/24` matches" };
            assert_eq!(one.text, want);
        }
        let twist = "`sshd: ALL`: another program answers: `/bin/echo no`";
        let steps = vec![
            step("hosts-access", twist, Some("/g:1:1"), false),
            step("rules", "`192.0.2.` lets 192.0.2.7 in", Some("/h:1:1"), false),
        ];
        assert_eq!(complete(explanation("granted", "granted", steps)).text, twist);
    }

    #[test]
    fn a_refusal_says_its_reason_once() {
        let steps = vec![step("access-list", "4 access-list: no entry", Some("/f:3:1"), true)];
        let one = complete(explanation("refused", "refused: rule: no entry", steps));
        assert_eq!((one.text.as_str(), one.origin.as_deref()), ("no entry", Some("/f:3:1")));
        assert_eq!(one.steps[0].answer, "no entry");
    }

    #[test]
    fn what_is_not_known_comes_with_a_way_out() {
        let steps = vec![step("access-list", "host names have to be looked up", None, true)];
        let one = complete(explanation("unknown", "names", steps));
        let way_out = "; `--name HOST` or `--names none` assumes an answer";
        assert_eq!(one.text, format!("host names have to be looked up{way_out}"));
    }
}
