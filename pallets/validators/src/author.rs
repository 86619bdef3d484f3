//! Who made the block.

use codec::Decode;
use sp_runtime::generic::DigestItem;
use xinglin_primitives::{glue::Members, MemberId, AUTHOR_ENGINE_ID};

use crate::{Config, Pallet, Produced, Validators};

impl<T: Config> Pallet<T> {
    /// The account of the proposer of the block being executed, from the block's own digest.
    pub fn author() -> Option<T::AccountId> {
        frame_system::Pallet::<T>::digest()
            .logs
            .iter()
            .find_map(|item| match item {
                DigestItem::PreRuntime(AUTHOR_ENGINE_ID, account) => {
                    T::AccountId::decode(&mut account.as_slice()).ok()
                }
                _ => None,
            })
    }

    /// At the end of a block: counts it for the member that made it.
    pub(crate) fn count_block() {
        let Some(member) = Self::author().and_then(|author| Self::member_behind(&author)) else {
            return;
        };
        let now = Self::now();
        Produced::<T>::mutate(member, |production| {
            production.blocks = production.blocks.saturating_add(1);
            production.last = Some(now);
        });
    }

    /// The member whose account made the block. A suspended one speaks for nobody, yet its
    /// validator works on while it is in the set, and is found there.
    fn member_behind(author: &T::AccountId) -> Option<MemberId> {
        T::Members::member_of(author).or_else(|| {
            Validators::<T>::get()
                .iter()
                .map(|validator| validator.member)
                .find(|member| T::Members::account_of(*member).as_ref() == Some(author))
        })
    }
}
