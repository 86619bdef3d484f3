//! The registered providers of payment services.

use frame_support::ensure;
use sp_runtime::DispatchResult;
use xinglin_primitives::{
    glue::{Admission, ChainId},
    text::is_printable,
    Hash,
};

use crate::{
    receipts::{ProviderReceipt, ReceiptKey, ReceiptSignature},
    types::{Name, Provider, ProviderId},
    Config, Error, Event, GenesisConfig, NextProvider, Pallet, ProviderAccounts, Providers,
    Receipts,
};

pub(crate) type ProviderOf<T> = Provider<<T as frame_system::Config>::AccountId>;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_register_provider(
        name: Name,
        account: T::AccountId,
        key: ReceiptKey,
    ) -> DispatchResult {
        ensure!(is_printable(&name), Error::<T>::BadName);
        let id = NextProvider::<T>::get();
        let next = id.next().ok_or(Error::<T>::IdsUsedUp)?;
        Self::take_account(&account, id)?;
        NextProvider::<T>::put(next);
        let provider = Provider {
            name: name.clone(),
            account: account.clone(),
            key,
            is_retired: false,
        };
        Providers::<T>::insert(id, provider);
        Self::deposit_event(Event::ProviderRegistered {
            provider: id,
            name,
            account,
            key,
        });
        Ok(())
    }

    pub(crate) fn do_change_provider(
        id: ProviderId,
        account: T::AccountId,
        key: ReceiptKey,
    ) -> DispatchResult {
        let mut provider = Self::active_provider(id)?;
        if provider.account != account {
            Self::take_account(&account, id)?;
            ProviderAccounts::<T>::remove(&provider.account);
        }
        (provider.account, provider.key) = (account.clone(), key);
        Providers::<T>::insert(id, provider);
        Self::deposit_event(Event::ProviderChanged {
            provider: id,
            account,
            key,
        });
        Ok(())
    }

    pub(crate) fn do_retire_provider(id: ProviderId) -> DispatchResult {
        let mut provider = Self::active_provider(id)?;
        ProviderAccounts::<T>::remove(&provider.account);
        provider.is_retired = true;
        Providers::<T>::insert(id, provider);
        Self::deposit_event(Event::ProviderRetired { provider: id });
        Ok(())
    }

    /// The provider that signed a receipt, which must be valid, of this chain and not used before.
    pub(crate) fn provider_of(
        receipt: &ProviderReceipt,
        signature: &ReceiptSignature,
    ) -> Result<ProviderOf<T>, Error<T>> {
        let provider = Self::active_provider(receipt.provider)?;
        ensure!(
            !Receipts::<T>::contains_key(receipt.provider, receipt.reference),
            Error::ReceiptUsed
        );
        let genesis: Hash = T::ChainId::genesis_hash();
        ensure!(
            provider.key.verify(&receipt.payload(&genesis), signature),
            Error::BadSignature
        );
        Ok(provider)
    }

    pub(crate) fn build_genesis(config: &GenesisConfig<T>) {
        for (name, account, key) in &config.providers {
            let name = Name::try_from(name.as_bytes().to_vec());
            Self::do_register_provider(
                name.expect("a provider's name is short"),
                account.clone(),
                *key,
            )
            .expect("providers have names and accounts of their own");
        }
    }

    fn active_provider(id: ProviderId) -> Result<ProviderOf<T>, Error<T>> {
        let provider = Providers::<T>::get(id).ok_or(Error::UnknownProvider)?;
        ensure!(!provider.is_retired, Error::ProviderRetired);
        Ok(provider)
    }

    fn take_account(account: &T::AccountId, id: ProviderId) -> Result<(), Error<T>> {
        ensure!(
            !ProviderAccounts::<T>::contains_key(account),
            Error::AccountInUse
        );
        ProviderAccounts::<T>::insert(account, id);
        Ok(())
    }
}

/// Providers are no parties of the registry: this admits them, so that they can submit receipts.
impl<T: Config> Admission<T::AccountId> for Pallet<T> {
    fn is_admitted(who: &T::AccountId) -> bool {
        ProviderAccounts::<T>::contains_key(who)
    }
}
