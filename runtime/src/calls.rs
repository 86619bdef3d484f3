//! Calls within calls: what a call executes besides itself, and in whose name.

use codec::DecodeLimit;
use pallet_multisig::Call as MultisigCall;
use pallet_proxy::Call as ProxyCall;
use pallet_utility::Call as UtilityCall;
use sp_runtime::traits::StaticLookup;
use xinglin_primitives::AccountId;

use crate::{native::CALL_DEPTH_MAX, Multisig, Runtime, RuntimeCall, UncheckedExtrinsic};

/// A transaction by its encoding; `None` if it is none, or nested more deeply than any that a block
/// takes.
pub fn decode(extrinsic: &[u8]) -> Option<UncheckedExtrinsic> {
    UncheckedExtrinsic::decode_all_with_depth_limit(CALL_DEPTH_MAX, &mut &extrinsic[..]).ok()
}

/// A call and the calls that it wraps, at any depth, in their order.
///
/// It looks into batches, proxies and multisigs. Other wrappers do not let a call be signed by an
/// account. Calls nested more deeply than a transaction can be decoded are not looked into.
pub(crate) fn all_within(call: &RuntimeCall) -> impl Iterator<Item = &RuntimeCall> {
    walk(call, (), |_, ()| ()).map(|(call, ())| call)
}

/// A call that `signer` signs and those that it wraps in batches, proxies and multisigs, at any depth
/// and in their order, each with the account in whose name it is executed.
pub fn all_signed_within<'a>(
    call: &'a RuntimeCall,
    signer: &AccountId,
) -> impl Iterator<Item = (&'a RuntimeCall, AccountId)> {
    walk(call, signer.clone(), inner_signer)
}

/// Whether the calls that a call wraps are executed in another name than its own.
pub(crate) fn changes_signer(call: &RuntimeCall) -> bool {
    matches!(
        call,
        RuntimeCall::Utility(UtilityCall::as_derivative { .. })
            | RuntimeCall::Proxy(ProxyCall::proxy { .. } | ProxyCall::proxy_announced { .. })
            | RuntimeCall::Multisig(
                MultisigCall::as_multi_threshold_1 { .. } | MultisigCall::as_multi { .. }
            )
    )
}

/// Walks over a call and those within it. `inner` says what a wrapper makes of what belongs to it
/// for the calls that it wraps.
fn walk<Tag: Clone>(
    call: &RuntimeCall,
    tag: Tag,
    inner: impl Fn(&RuntimeCall, Tag) -> Tag,
) -> impl Iterator<Item = (&RuntimeCall, Tag)> {
    let mut ahead = vec![(call, tag, 0)];
    core::iter::from_fn(move || {
        let (call, tag, depth) = ahead.pop()?;
        if depth < CALL_DEPTH_MAX {
            let wrapped = wrapped(call);
            if !wrapped.is_empty() {
                let tag = inner(call, tag.clone());
                // The last is taken first.
                let calls = wrapped.into_iter().rev();
                ahead.extend(calls.map(|it| (it, tag.clone(), depth + 1)));
            }
        }
        Some((call, tag))
    })
}

/// The calls that a call executes as they stand, for its signer or whom it acts for.
fn wrapped(call: &RuntimeCall) -> Vec<&RuntimeCall> {
    match call {
        RuntimeCall::Utility(
            UtilityCall::batch { calls }
            | UtilityCall::batch_all { calls }
            | UtilityCall::force_batch { calls },
        ) => calls.iter().collect(),
        RuntimeCall::Utility(UtilityCall::if_else { main, fallback }) => vec![main, fallback],
        RuntimeCall::Utility(UtilityCall::as_derivative { call, .. })
        | RuntimeCall::Proxy(
            ProxyCall::proxy { call, .. } | ProxyCall::proxy_announced { call, .. },
        )
        | RuntimeCall::Multisig(
            MultisigCall::as_multi_threshold_1 { call, .. } | MultisigCall::as_multi { call, .. },
        ) => vec![call],
        _ => Vec::new(),
    }
}

/// In whose name a wrapper executes what it wraps.
fn inner_signer(call: &RuntimeCall, signer: AccountId) -> AccountId {
    let together = |others: &[AccountId], threshold| {
        let mut all = others.to_vec();
        all.push(signer.clone());
        all.sort();
        Multisig::multi_account_id(&all, threshold)
    };
    match call {
        RuntimeCall::Utility(UtilityCall::as_derivative { index, .. }) => {
            pallet_utility::derivative_account_id(signer, *index)
        }
        // An address that is none fails when it is executed.
        RuntimeCall::Proxy(
            ProxyCall::proxy { real, .. } | ProxyCall::proxy_announced { real, .. },
        ) => <Runtime as frame_system::Config>::Lookup::lookup(real.clone()).unwrap_or(signer),
        RuntimeCall::Multisig(MultisigCall::as_multi_threshold_1 {
            other_signatories, ..
        }) => together(other_signatories, 1),
        RuntimeCall::Multisig(MultisigCall::as_multi {
            other_signatories,
            threshold,
            ..
        }) => together(other_signatories, *threshold),
        _ => signer,
    }
}
