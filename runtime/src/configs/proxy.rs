//! Accounts that act for a member's main account.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::traits::{ConstU128, ConstU32, InstanceFilter};
use scale_info::TypeInfo;
use sp_runtime::traits::BlakeTwo256;

use crate::{Balances, Runtime, RuntimeCall, RuntimeEvent, System};

/// Most proxies of one member's account.
const PROXIES_MAX: u32 = 32;
/// Most announced calls of one proxy.
const ANNOUNCEMENTS_MAX: u32 = 32;

/// What a proxy may do for the member.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum ProxyType {
    /// Everything.
    #[default]
    Any,
    /// Everything but moving money and changing proxies.
    NonTransfer,
    /// Propose, vote and close in the council.
    Governance,
}

impl InstanceFilter<RuntimeCall> for ProxyType {
    fn filter(&self, call: &RuntimeCall) -> bool {
        match self {
            Self::Any => true,
            Self::NonTransfer => !matches!(call, RuntimeCall::Balances(_) | RuntimeCall::Proxy(_)),
            // A batch is filtered again call by call, so that it may pass.
            Self::Governance => {
                matches!(call, RuntimeCall::Council(_) | RuntimeCall::Utility(_))
            }
        }
    }

    fn is_superset(&self, other: &Self) -> bool {
        self == other
            || *self == Self::Any
            || (*self == Self::NonTransfer && *other == Self::Governance)
    }
}

/// No deposits: only members may call it (see [`crate::extensions::CheckAdmission`]). Patients and
/// practitioners delegate through the members pallet, whose delegations end by themselves.
impl pallet_proxy::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type Currency = Balances;
    type ProxyType = ProxyType;
    type ProxyDepositBase = ConstU128<0>;
    type ProxyDepositFactor = ConstU128<0>;
    type MaxProxies = ConstU32<PROXIES_MAX>;
    type WeightInfo = pallet_proxy::weights::SubstrateWeight<Runtime>;
    type MaxPending = ConstU32<ANNOUNCEMENTS_MAX>;
    type CallHasher = BlakeTwo256;
    type AnnouncementDepositBase = ConstU128<0>;
    type AnnouncementDepositFactor = ConstU128<0>;
    type BlockNumberProvider = System;
}
