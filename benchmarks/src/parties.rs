//! Everybody who is measured.

use crate::bare::BARE;
use crate::case::Case;
use crate::ours::{ATTRIBUTE, CALL, GUARD};
use crate::peers;
use crate::subject::{Party, Subject};

/// The floor, and what is ours.
const HERE: &[Party] = &[BARE, ATTRIBUTE, CALL, GUARD];

/// In the order of the results: the floor, ours, the peers.
pub fn all() -> impl Iterator<Item = &'static Party> {
    HERE.iter().chain(peers::ALL)
}

/// Whether a subject of this name is a peer.
#[must_use]
pub fn is_peer(subject: &str) -> bool {
    peers::ALL.iter().any(|peer| peer.name == subject)
}

/// All that do this case.
#[must_use]
pub fn subjects_of(case: Case) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = all().flat_map(Party::subjects).collect();
    subjects.retain(|subject| subject.case == case);
    subjects
}
