//! The value of an option, with `%` replaced.

use super::asker::{LookUp, fill};
use super::shown;
use portreeve_model::wrappers::Setting;
use portreeve_policy::wrappers::{Answers, Request, expand};

/// The value, or why there is none. What it names is looked up first.
pub(super) fn value(
    setting: &Setting,
    request: &mut Request,
    look_up: &mut dyn LookUp,
) -> Result<Vec<u8>, String> {
    let text = setting.value.as_deref().unwrap_or_default();
    if !setting.deed.expands() {
        return Ok(text.to_vec());
    }
    expanded(text, request, look_up).map(|text| text.trim_ascii().to_vec())
}

/// Any text, with `%` replaced.
pub(super) fn expanded(
    text: &[u8],
    request: &mut Request,
    look_up: &mut dyn LookUp,
) -> Result<Vec<u8>, String> {
    let mut find_out = |need, request: &mut Request| {
        fill(need, request, &mut Answers::default(), look_up);
    };
    let (text, strange) = expand(text, request, &mut find_out)
        .map_err(|_| format!("percent_x: expansion too long: {:.30}...", shown(text)))?;
    for letter in strange {
        look_up.warn(&format!("unrecognized %{}", char::from(letter).escape_default()));
    }
    Ok(text)
}
