//! What other pallets see of this one, and what they tell it.

use frame_support::weights::Weight;
use xinglin_primitives::{
    glue::{OnAppointment, VisitRecords},
    AppointmentId, Hash, PatientId,
};

use crate::{
    grants::{EndOfGrant, Source},
    Config, Pallet, VisitFiles, WeightInfo,
};

impl<T: Config> VisitRecords for Pallet<T> {
    fn is_documented(appointment: AppointmentId) -> bool {
        VisitFiles::<T>::get(appointment).standing > 0
    }
}

impl<T: Config> OnAppointment for Pallet<T> {
    /// Ends the grant whose token is `grant`. There need not be one: the patient may have revoked
    /// it, or never have given it.
    fn visit_ended(patient: PatientId, grant: Hash) {
        let source = Source::ForVisit(grant);
        Self::end_grants(
            patient,
            |live| live.source == source,
            EndOfGrant::VisitEnded,
        );
    }

    fn visit_ended_weight() -> Weight {
        T::WeightInfo::visit_ended()
    }
}
