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
    let mut of_index = records
        .into_iter()
        .filter(|record| record.phase == Phase::ApplyExtrinsic(index));
    of_index.find_map(|record| match record.event {
        RuntimeEvent::System(frame_system::Event::ExtrinsicSuccess { .. }) => Some(Ended::Success),
        RuntimeEvent::System(frame_system::Event::ExtrinsicFailed { dispatch_error, .. }) => {
            Some(Ended::Refused(describe_error(&dispatch_error)))
        }
        _ => None,
    })
}
