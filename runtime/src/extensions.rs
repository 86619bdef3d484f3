//! What every transaction carries besides its call, and how it is checked.
//!
//! The names, the order and the encodings are those that clients know. Two are our own:
//!
//! - [`CheckNonce`] encodes as FRAME's. FRAME's refuses accounts without a balance, since there the
//!   balance pays for the storage of the nonce, and forgets the nonce of an account whose balance
//!   ends, after which its old transactions could be replayed. Patients need no balance here, and
//!   [`CheckAdmission`] stands against strangers; so ours asks for no balance, and an account that
//!   has once transacted keeps its nonce for ever.
//! - [`CheckAdmission`] has no data at all, explicit or implicit, so that clients need not know it.

use std::collections::BTreeMap;

use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::{dispatch::DispatchInfo, traits::OriginTrait, weights::Weight};
use frame_system::RawOrigin;
use pallet_members::{Admittance, Role};
use scale_info::TypeInfo;
use sp_runtime::{
    generic::Era,
    impl_tx_ext_default,
    traits::{DispatchInfoOf, TransactionExtension, ValidateResult},
    transaction_validity::{
        InvalidTransaction, TransactionLongevity, TransactionSource, TransactionValidityError,
        ValidTransaction,
    },
};
use xinglin_primitives::{glue::Members as _, AccountId, Nonce};

use crate::{
    calls::{all_signed_within, all_within, changes_signer},
    configs::{Admitted, DbWeight},
    Members, Runtime, RuntimeCall, RuntimeOrigin, System,
};

/// The extensions of a transaction, in the order in which they are encoded and checked.
pub type TxExtension = (
    frame_system::CheckNonZeroSender<Runtime>,
    frame_system::CheckSpecVersion<Runtime>,
    frame_system::CheckTxVersion<Runtime>,
    frame_system::CheckGenesis<Runtime>,
    frame_system::CheckMortality<Runtime>,
    CheckNonce,
    frame_system::CheckWeight<Runtime>,
    CheckAdmission,
    frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
);

/// The extensions of a transaction with this nonce and era.
pub fn tx_extension(nonce: Nonce, era: Era) -> TxExtension {
    (
        frame_system::CheckNonZeroSender::new(),
        frame_system::CheckSpecVersion::new(),
        frame_system::CheckTxVersion::new(),
        frame_system::CheckGenesis::new(),
        frame_system::CheckMortality::from(era),
        CheckNonce(nonce),
        frame_system::CheckWeight::new(),
        CheckAdmission,
        frame_metadata_hash_extension::CheckMetadataHash::new(false),
    )
}

/// Each transaction of an account once, and in order.
///
/// `validate` refuses a nonce that has been used (`Stale`) and tags the transaction so that the
/// pool orders those of one account; `prepare` refuses one that is not the next (`Future`) and
/// counts it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct CheckNonce(#[codec(compact)] pub Nonce);

impl TransactionExtension<RuntimeCall> for CheckNonce {
    const IDENTIFIER: &'static str = "CheckNonce";
    type Implicit = ();
    type Val = Option<AccountId>;
    type Pre = ();

    fn weight(&self, _: &RuntimeCall) -> Weight {
        DbWeight::get().reads_writes(1, 1)
    }

    fn validate(
        &self,
        origin: RuntimeOrigin,
        _: &RuntimeCall,
        _: &DispatchInfoOf<RuntimeCall>,
        _: usize,
        _: Self::Implicit,
        _: &impl Encode,
        _: TransactionSource,
    ) -> ValidateResult<Self::Val, RuntimeCall> {
        let Some(RawOrigin::Signed(who)) = origin.as_system_ref() else {
            return Ok((ValidTransaction::default(), None, origin));
        };
        let expected = System::account_nonce(who);
        if self.0 < expected {
            return Err(InvalidTransaction::Stale.into());
        }
        let requires = match self.0.checked_sub(1) {
            Some(before) if self.0 > expected => vec![nonce_tag(who, before)],
            _ => Vec::new(),
        };
        let validity = ValidTransaction {
            priority: 0,
            requires,
            provides: vec![nonce_tag(who, self.0)],
            longevity: TransactionLongevity::MAX,
            propagate: true,
        };
        Ok((validity, Some(who.clone()), origin))
    }

    fn prepare(
        self,
        who: Self::Val,
        _: &RuntimeOrigin,
        _: &RuntimeCall,
        _: &DispatchInfoOf<RuntimeCall>,
        _: usize,
    ) -> Result<Self::Pre, TransactionValidityError> {
        let Some(who) = who else { return Ok(()) };
        let expected = System::account_nonce(&who);
        if self.0 > expected {
            return Err(InvalidTransaction::Future.into());
        }
        // The last nonce of all is never used, so that none comes twice.
        let next = expected.checked_add(1).ok_or(InvalidTransaction::Stale)?;
        if expected == 0 {
            // The reference that keeps the account, and with it the nonce, whatever becomes of
            // its balance.
            System::inc_sufficients(&who);
        }
        frame_system::Account::<Runtime>::mutate(&who, |account| {
            account.nonce = next;
        });
        Ok(())
    }
}

/// The tag of one transaction of an account, encoded as FRAME's.
fn nonce_tag(who: &AccountId, nonce: Nonce) -> Vec<u8> {
    (who, nonce).encode()
}

/// Most reads by which an account is admitted: what it is, and either a practitioner with the
/// members of her licences, or its delegations, their principals, the clock and the provider.
const ADMISSION_READS: u64 = 1 + larger(
    1 + pallet_members::LICENCES_MAX as u64,
    3 + pallet_members::PRINCIPALS_MAX as u64,
);

/// Only the registered may transact.
///
/// Refuses with `BadSigner` an account that is not a registered and active party, nor holds a
/// live delegation or session key. To those who are not members it closes the calls that leave
/// something in the state without a deposit, `Multisig` and `Proxy`: they fail with `CallFiltered`,
/// in batches too.
///
/// Who is stopped without the council having suspended her, by a regulator's hold for one, keeps
/// what she needs to defend herself: a member's main account the calls of the council, a person the
/// veto against the replacement of her account. Any other call of theirs is refused with
/// `BadSigner`. So is whatever another would execute in the name of somebody who is stopped, as proxy
/// or in a multisig.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct CheckAdmission;

impl TransactionExtension<RuntimeCall> for CheckAdmission {
    const IDENTIFIER: &'static str = "CheckAdmission";
    type Implicit = ();
    type Val = ();
    type Pre = ();

    fn weight(&self, call: &RuntimeCall) -> Weight {
        let others = all_within(call).filter(|it| changes_signer(it)).count() as u64;
        DbWeight::get().reads(ADMISSION_READS.saturating_mul(others.saturating_add(1)))
    }

    fn validate(
        &self,
        mut origin: RuntimeOrigin,
        call: &RuntimeCall,
        _: &DispatchInfo,
        _: usize,
        _: Self::Implicit,
        _: &impl Encode,
        _: TransactionSource,
    ) -> ValidateResult<Self::Val, RuntimeCall> {
        if let Some(RawOrigin::Signed(who)) = origin.as_system_ref() {
            let admittance = Admitted::admittance(who);
            if admittance == Admittance::Unknown || is_anybody_stopped(who, admittance, call) {
                return Err(InvalidTransaction::BadSigner.into());
            }
            let who = who.clone();
            // Asked only when such a call is made.
            origin.add_filter(move |call| {
                !is_for_members(call) || Members::member_of(&who).is_some()
            });
        }
        Ok((ValidTransaction::default(), (), origin))
    }

    impl_tx_ext_default!(RuntimeCall; prepare);
}

/// Whether a call of `signer`, whose admittance is known, or one that it wraps would be executed in
/// the name of somebody who may not make it now. Accounts that are nothing by themselves act for
/// those who sign.
fn is_anybody_stopped(signer: &AccountId, admittance: Admittance, call: &RuntimeCall) -> bool {
    // Many calls of one batch have one name, and each is looked up once.
    let mut known = BTreeMap::from([(signer.clone(), admittance)]);
    all_signed_within(call, signer).any(|(call, name)| {
        let admittance = known.entry(name);
        match admittance.or_insert_with_key(Admitted::admittance) {
            Admittance::Full | Admittance::Unknown => false,
            Admittance::Restricted(role) => !is_defence(*role, call),
            Admittance::Refused => true,
        }
    })
}

/// Whether only members may make a call.
fn is_for_members(call: &RuntimeCall) -> bool {
    matches!(call, RuntimeCall::Multisig(_) | RuntimeCall::Proxy(_))
}

/// Whether a call stays open to what a regulator holds. None of them executes another call in the
/// name of its signer.
fn is_defence(role: Role, call: &RuntimeCall) -> bool {
    match role {
        Role::Main(_) => matches!(call, RuntimeCall::Council(_)),
        Role::Practitioner(_) | Role::Patient(_) => matches!(
            call,
            RuntimeCall::Members(pallet_members::Call::veto_replacement {})
        ),
        Role::Service(_) => false,
    }
}

const fn larger(a: u64, b: u64) -> u64 {
    if a > b {
        a
    } else {
        b
    }
}
