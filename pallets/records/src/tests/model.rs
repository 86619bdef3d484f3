//! A reference model of who may read what, and when: it keeps everything that ever happened in plain
//! lists and looks through all of it for every answer.

use xinglin_primitives::{time::Moment, Hash, MemberId, PatientId, PractitionerId};

use crate::{
    access::Purpose,
    grants::{Covered, Grantee, Terms},
    mock::*,
    types::ContentKind,
};

pub struct ModelRecord {
    pub patient: PatientId,
    pub author: PractitionerId,
    pub member: MemberId,
    pub kind: ContentKind,
    pub written_at: Moment,
    pub is_retracted: bool,
    pub is_erased: bool,
}

pub struct ModelGrant {
    pub patient: PatientId,
    pub terms: Terms,
    pub source: Option<usize>,
    pub token: Option<Hash>,
    pub ended_at: Option<Moment>,
}

pub struct ModelEmergency {
    pub patient: PatientId,
    pub practitioner: PractitionerId,
    pub until: Moment,
    pub due: Moment,
    pub is_justified: bool,
    pub is_reviewed: bool,
}

#[derive(Default)]
pub struct Model {
    pub records: Vec<ModelRecord>,
    pub grants: Vec<ModelGrant>,
    pub emergencies: Vec<ModelEmergency>,
    /// Entries that the access logs of the patients should have.
    pub logged: u64,
}

impl Model {
    /// Whether a grant and all that it comes from are in force or will be.
    pub fn is_alive(&self, grant: usize, now: Moment) -> bool {
        let it = &self.grants[grant];
        it.ended_at.is_none()
            && now < it.terms.until
            && it.source.is_none_or(|source| self.is_alive(source, now))
    }

    fn covers(&self, what: &Covered, record: usize) -> bool {
        let it = &self.records[record];
        match what {
            Covered::Record(id) => id.0 == record as u64,
            Covered::History { kinds, from, until } => {
                kinds.contains(&it.kind) && *from <= it.written_at && it.written_at < *until
            }
        }
    }

    pub fn may_read(&self, party: Party, record: usize, purpose: Purpose, now: Moment) -> bool {
        let it = &self.records[record];
        if it.is_erased {
            return false;
        }
        let holder = match party {
            Party::Patient(patient) => return patient == it.patient,
            Party::Practitioner(practitioner) if practitioner == it.author => return true,
            Party::Member(member) if member == it.member => return true,
            Party::Practitioner(practitioner) => Grantee::Practitioner(practitioner),
            Party::Member(member) => Grantee::Member(member),
        };
        let by_grant = (0..self.grants.len()).any(|index| {
            let grant = &self.grants[index];
            grant.patient == it.patient
                && grant.terms.grantee == holder
                && grant.terms.purpose == purpose
                && grant.terms.from <= now
                && self.is_alive(index, now)
                && self.covers(&grant.terms.what, record)
        });
        let by_emergency = purpose == Purpose::EmergencyTreatment
            && self.emergencies.iter().any(|emergency| {
                Grantee::Practitioner(emergency.practitioner) == holder
                    && emergency.patient == it.patient
                    && now < emergency.until
            });
        by_grant || by_emergency
    }

    /// Whether terms make sense for a patient at all. The registry knows every grantee of these
    /// tests.
    pub fn is_well_formed(&self, patient: PatientId, terms: &Terms, now: Moment) -> bool {
        let covers_something = match &terms.what {
            Covered::Record(id) => self
                .records
                .get(id.0 as usize)
                .is_some_and(|it| it.patient == patient && !it.is_erased && !it.is_retracted),
            Covered::History { kinds, from, until } => !kinds.is_empty() && from < until,
        };
        covers_something && terms.from < terms.until && now < terms.until
    }

    /// Whether `terms` give nothing that `source` does not give: tried out on every kind and on
    /// every instant at which anything was written or a period ends.
    pub fn is_within(&self, terms: &Terms, source: usize) -> bool {
        let wider = &self.grants[source].terms;
        let covers_no_more = match (&terms.what, &wider.what) {
            (Covered::Record(id), what) => {
                (id.0 as usize) < self.records.len() && self.covers(what, id.0 as usize)
            }
            (Covered::History { .. }, Covered::Record(_)) => false,
            (
                Covered::History { kinds, from, until },
                Covered::History {
                    kinds: all,
                    from: first,
                    until: last,
                },
            ) => kinds.iter().all(|kind| all.contains(kind)) && first <= from && until <= last,
        };
        wider.may_reshare
            && terms.purpose == wider.purpose
            && wider.from <= terms.from
            && terms.until <= wider.until
            && covers_no_more
    }

    /// How often a grant was passed on.
    pub fn depth(&self, grant: usize) -> u32 {
        match self.grants[grant].source {
            None => 0,
            Some(source) => 1 + self.depth(source),
        }
    }

    /// Ends a grant; what was passed on from it ends by looking at it.
    pub fn end(&mut self, grant: usize, now: Moment) {
        self.grants[grant].ended_at = Some(now);
    }

    pub fn end_visit(&mut self, patient: PatientId, token: Hash, now: Moment) {
        for index in 0..self.grants.len() {
            let grant = &self.grants[index];
            if grant.patient == patient && grant.token == Some(token) && self.is_alive(index, now) {
                self.end(index, now);
            }
        }
    }

    pub fn erase(&mut self, record: usize, now: Moment) {
        self.records[record].is_erased = true;
        for index in 0..self.grants.len() {
            let is_of_it = matches!(
                self.grants[index].terms.what,
                Covered::Record(id) if id.0 == record as u64
            );
            if is_of_it && self.is_alive(index, now) {
                self.end(index, now);
            }
        }
    }

    /// Whether a practitioner may break the glass for a patient.
    pub fn may_declare(&self, practitioner: PractitionerId, patient: PatientId) -> bool {
        let now = Now::get();
        let own = |it: &&ModelEmergency| it.practitioner == practitioner;
        let mut own = self.emergencies.iter().filter(own);
        !own.any(|it| {
            let is_overdue = !it.is_justified && !it.is_reviewed && now > it.due;
            let is_live = it.patient == patient && now < it.until;
            is_overdue || is_live
        })
    }
}
