//! The keys to which envelopes are sealed.

use crate::{EncryptionKey, MemberId, PatientId, PractitionerId};

/// The encryption keys of the parties, whether they are active or not: who was registered once has
/// one.
pub trait EncryptionKeys {
    /// The key of a patient now.
    fn of_patient(patient: PatientId) -> Option<EncryptionKey>;
    /// The key of a practitioner now.
    fn of_practitioner(practitioner: PractitionerId) -> Option<EncryptionKey>;
    /// The key of a member now.
    fn of_member(member: MemberId) -> Option<EncryptionKey>;
}
