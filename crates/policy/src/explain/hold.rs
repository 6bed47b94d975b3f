//! What becomes of a session that is let in, and of a connection that is not.

use portreeve_model::span;
use portreeve_model::{Authentication, KeepAlive, Offer, Refuse, Service};

/// What ends sessions of a service: grace, idle limit, keep-alives; `None` where nothing is said of
/// them.
#[must_use]
pub fn endings_sentence(service: &Service) -> Option<String> {
    if matches!(service.offer, Offer::Trap(_)) {
        return None;
    }
    let told = service.admission.authentication != Authentication::None;
    let grace = service.admission.grace.as_ref().filter(|_| told);
    let grace = grace.map(|s| format!("ended when not authenticated after {}", span(s.value)));
    let idle = service.ends.idle.as_ref();
    let idle = idle.map(|s| format!("ended when no data moved for {}", span(s.value)));
    let alive = match service.socket.keepalive {
        KeepAlive::Off => None,
        KeepAlive::System => Some("keep-alives at the system's times".to_owned()),
        KeepAlive::Probes(probes) => Some(format!(
            "given up when silent for {}: {} probes, one every {} s",
            span(probes.patience()),
            probes.tries,
            probes.every
        )),
    };
    let parts: Vec<String> = grace.into_iter().chain(idle).chain(alive).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// What becomes of a refused connection, where it is not simply closed.
#[must_use]
pub fn refusals_sentence(service: &Service) -> Option<String> {
    match service.refusals.refuse {
        Refuse::Close => None,
        Refuse::Reset => Some("reset at once".to_owned()),
        Refuse::Delay(delay) => Some(format!("kept silent for {}, then closed", span(delay))),
    }
}
