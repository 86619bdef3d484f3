//! Calls and events in the chain's own types.

use codec::{DecodeAll, DecodeLimit};
use frame_support::traits::GetCallMetadata;
use frame_system::{EventRecord, Phase};
use sp_runtime::{generic::Preamble, MultiAddress};
use xinglin_evidence::{Ended, Reading, Vocabulary};
use xinglin_primitives::Hash;
use xinglin_runtime::{RuntimeEvent, UncheckedExtrinsic};

use crate::{client::describe_error, keys::address_of};

/// How deeply calls may lie in each other, as for the chain itself.
const CALL_DEPTH_MAX: u32 = 256;

/// Knows the calls and events of the rules that this program is released with. Those of other versions
/// it leaves out.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChainVocabulary;

impl Vocabulary for ChainVocabulary {
    fn read(&self, extrinsic: &[u8], index: u32, events: Option<&[u8]>) -> Reading {
        let decoded =
            UncheckedExtrinsic::decode_all_with_depth_limit(CALL_DEPTH_MAX, &mut &extrinsic[..]);
        let ended = events.and_then(|events| ended(events, index));
        match decoded {
            Ok(extrinsic) => Reading {
                signer: signer(&extrinsic),
                call: Some(call_name(&extrinsic)),
                ended,
            },
            Err(_) => Reading {
                ended,
                ..Reading::default()
            },
        }
    }
}

fn signer(extrinsic: &UncheckedExtrinsic) -> Option<String> {
    match &extrinsic.preamble {
        Preamble::Signed(MultiAddress::Id(account), ..) => Some(address_of(account)),
        _ => None,
    }
}

fn call_name(extrinsic: &UncheckedExtrinsic) -> String {
    let metadata = extrinsic.function.get_call_metadata();
    format!("{}.{}", metadata.pallet_name, metadata.function_name)
}

/// How the transaction at a place ended, by the events of its block.
fn ended(mut events: &[u8], index: u32) -> Option<Ended> {
    let records = Vec::<EventRecord<RuntimeEvent, Hash>>::decode_all(&mut events).ok()?;
    let mut undone = None;
    for record in records {
        if record.phase != Phase::ApplyExtrinsic(index) {
            continue;
        }
        match record.event {
            RuntimeEvent::System(frame_system::Event::ExtrinsicSuccess { .. }) => {
                return Some(undone.map_or(Ended::Success, Ended::Partly));
            }
            RuntimeEvent::System(frame_system::Event::ExtrinsicFailed {
                dispatch_error, ..
            }) => return Some(Ended::Refused(describe_error(&dispatch_error))),
            event => undone = undone.or_else(|| not_done(&event)),
        }
    }
    None
}

/// What an event tells that was asked for and not done, although its transaction succeeded.
fn not_done(event: &RuntimeEvent) -> Option<String> {
    use pallet_collective::Event as Council;
    use pallet_multisig::Event as Multisig;
    use pallet_proxy::Event as Proxy;
    use pallet_utility::Event as Utility;

    let error = match event {
        RuntimeEvent::Utility(
            Utility::BatchInterrupted { error, .. } | Utility::ItemFailed { error },
        ) => error,
        RuntimeEvent::Utility(Utility::DispatchedAs { result: Err(error) })
        | RuntimeEvent::Proxy(Proxy::ProxyExecuted { result: Err(error) })
        | RuntimeEvent::Multisig(Multisig::MultisigExecuted {
            result: Err(error), ..
        })
        | RuntimeEvent::Council(
            Council::Executed {
                result: Err(error), ..
            }
            | Council::MemberExecuted {
                result: Err(error), ..
            },
        ) => error,
        RuntimeEvent::Records(pallet_records::Event::Opened { denied, .. }) => {
            return match denied.len() {
                0 => None,
                denied => Some(format!("{denied} records were denied")),
            }
        }
        _ => return None,
    };
    Some(describe_error(error))
}

#[cfg(test)]
mod tests {
    use codec::Encode;
    use frame_system::DispatchEventInfo;
    use sp_runtime::DispatchError;

    use super::*;

    fn record(index: u32, event: impl Into<RuntimeEvent>) -> EventRecord<RuntimeEvent, Hash> {
        EventRecord {
            phase: Phase::ApplyExtrinsic(index),
            event: event.into(),
            topics: Vec::new(),
        }
    }

    fn success() -> RuntimeEvent {
        let dispatch_info = DispatchEventInfo::default();
        frame_system::Event::ExtrinsicSuccess { dispatch_info }.into()
    }

    fn ended_with(event: impl Into<RuntimeEvent>) -> Option<Ended> {
        let other = record(1, success());
        ended(
            &vec![other, record(2, event), record(2, success())].encode(),
            2,
        )
    }

    #[test]
    fn a_success_with_something_left_undone_is_told_as_such() {
        let error = DispatchError::Unavailable;
        let partly = Some(Ended::Partly(describe_error(&error)));
        type Utility = pallet_utility::Event;
        let interrupted = Utility::BatchInterrupted { index: 1, error };
        assert_eq!(ended_with(interrupted), partly);
        assert_eq!(ended_with(Utility::ItemFailed { error }), partly);
        let result = Err(error);
        type Proxy = pallet_proxy::Event<xinglin_runtime::Runtime>;
        assert_eq!(ended_with(Proxy::ProxyExecuted { result }), partly);
        let result = Ok(());
        assert_eq!(
            ended_with(Proxy::ProxyExecuted { result }),
            Some(Ended::Success)
        );
        assert_eq!(ended_with(Utility::ItemCompleted), Some(Ended::Success));
    }

    #[test]
    fn a_denied_opening_is_no_success() {
        let denied = vec![(
            xinglin_primitives::RecordId(7),
            pallet_records::access::Denial::NoGrant,
        )];
        let opened = |denied: Vec<_>| pallet_records::Event::<xinglin_runtime::Runtime>::Opened {
            by: xinglin_primitives::AccountId::new([1; 32]),
            party: xinglin_primitives::Party::Member(xinglin_primitives::MemberId(1)),
            purpose: pallet_records::access::Purpose::Treatment,
            allowed: Default::default(),
            denied: denied.try_into().unwrap_or_default(),
        };
        let partly = Ended::Partly("1 records were denied".into());
        assert_eq!(ended_with(opened(denied)), Some(partly));
        assert_eq!(ended_with(opened(Vec::new())), Some(Ended::Success));
    }
}
