//! An opinion in words that can be compared.

use portreeve_model::Config;
use portreeve_policy::Reason;
use portreeve_testkit::naive::Opinion;
use serde_json::Value;

/// What is thought of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// `granted`, `trap`, `names`, or the class of refusal.
    pub(crate) word: String,
    /// The place that decides, unless the peer is let in.
    pub(crate) origin: Option<String>,
}

/// The finer word for a refusal.
pub(crate) fn reason(of: &Value) -> Option<String> {
    of["reason"].as_str().map(str::to_owned)
}

impl View {
    /// Of the plain evaluator.
    pub(crate) fn naive(opinion: Opinion, config: &Config) -> Self {
        let (served, word, origin) = opinion;
        assert_eq!(served, word == "granted");
        let origin = origin.map(|origin| origin.show(&config.files)).filter(|_| !served);
        Self { word: word.to_owned(), origin }
    }

    /// Of `explain`, for one service.
    pub(crate) fn explained(service: &Value) -> Self {
        let word = match service["verdict"].as_str() {
            Some("trapped") => "trap",
            Some("unknown") => "names",
            Some("refused") => class(&service["reason"]),
            other => other.unwrap_or("nothing"),
        };
        Self::new(word, &service["origin"])
    }

    /// Of the door, by its event.
    pub(crate) fn happened(event: &Value) -> Self {
        match event["event"].as_str() {
            Some("session-started") => Self::new("granted", &Value::Null),
            Some("trap-touched") => Self::new("trap", &event["origin"]),
            Some("refused") => {
                assert_eq!(event["class"], class(&event["reason"]), "{event:#}");
                Self::new(class(&event["reason"]), &event["origin"])
            }
            _ => panic!("{event:#}"),
        }
    }

    fn new(word: &str, origin: &Value) -> Self {
        let origin = origin.as_str().map(str::to_owned).filter(|_| word != "granted");
        Self { word: word.to_owned(), origin }
    }
}

fn class(reason: &Value) -> &'static str {
    reason.as_str().and_then(Reason::by_word).map_or("nothing", Reason::class)
}
