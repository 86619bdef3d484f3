//! What becomes of cases and of requests, and the functions that say what follows what.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use xinglin_primitives::{glue::Held, time::Moment, Hash};

use crate::{
    types::{Case, Disclosure, Statement},
    Error,
};

/// Whether a case is open.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum CaseState {
    /// It is.
    Open,
    /// It is not. Final: who takes the matter up again opens another case.
    Closed {
        /// What the regulator found.
        finding: Statement,
        /// When it was closed.
        at: Moment,
    },
}

/// What became of a request.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum DisclosureState {
    /// The member has not answered.
    Open,
    /// The regulator does not ask any more. Final.
    Withdrawn {
        /// When it was withdrawn.
        at: Moment,
    },
    /// The member disclosed. Final.
    Disclosed {
        /// Blake2b-256 of the envelope.
        envelope: Hash,
        /// Size of the envelope in bytes.
        bytes: u32,
        /// When it was disclosed.
        at: Moment,
        /// Whether it was due before.
        is_late: bool,
    },
}

/// Why a case cannot be closed, or nothing can be done for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is closed.
    Closed,
    /// It still holds something.
    HoldsInForce,
    /// A request of it is open.
    RequestsOpen,
}

impl Case {
    /// Whether it holds somebody or something.
    pub fn does_hold(&self, held: Held) -> bool {
        self.holds.iter().any(|hold| hold.held == held)
    }

    /// Refuses what is done for a case once it is closed.
    pub fn ensure_open(&self) -> Result<(), Refusal> {
        match self.state {
            CaseState::Open => Ok(()),
            CaseState::Closed { .. } => Err(Refusal::Closed),
        }
    }

    /// The state once the case is closed, which waits for the end of its holds and requests: none
    /// of them outlives its reason.
    pub fn closed(&self, finding: Statement, at: Moment) -> Result<CaseState, Refusal> {
        self.ensure_open()?;
        if !self.holds.is_empty() {
            return Err(Refusal::HoldsInForce);
        }
        if !self.requests.is_empty() {
            return Err(Refusal::RequestsOpen);
        }
        Ok(CaseState::Closed { finding, at })
    }
}

impl Disclosure {
    /// Whether the member has to answer.
    pub fn is_open(&self) -> bool {
        self.state == DisclosureState::Open
    }

    /// The state once the regulator withdraws the request, or `None` if it is not open.
    pub fn withdrawn(&self, at: Moment) -> Option<DisclosureState> {
        self.is_open().then_some(DisclosureState::Withdrawn { at })
    }

    /// The state once the member discloses, late or not, or `None` if the request is not open.
    pub fn disclosed(&self, envelope: Hash, bytes: u32, at: Moment) -> Option<DisclosureState> {
        self.is_open().then_some(DisclosureState::Disclosed {
            envelope,
            bytes,
            at,
            is_late: at > self.due,
        })
    }
}

impl<T> From<Refusal> for Error<T> {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Closed => Self::CaseClosed,
            Refusal::HoldsInForce => Self::HoldsInForce,
            Refusal::RequestsOpen => Self::RequestsOpen,
        }
    }
}
