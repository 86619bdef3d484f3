//! The calls of the pallet. Each names its origin here; the rules are in the file of its subject.

use frame_support::pallet_macros::pallet_section;

/// A section of the pallet in `lib.rs`.
#[pallet_section]
mod calls {
    #[pallet::call(weight = <T as Config>::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// Registers a node of the caller's member, so that others accept its connections.
        ///
        /// Origin: an account of an active member.
        ///
        /// `peer` is the libp2p peer id and `addresses` are multiaddresses, all in binary form.
        ///
        /// Errors: `NotActiveMember`, `MalformedPeerId`, `PeerInUse`, `EmptyAddress`,
        /// `TooManyNodes`.
        ///
        /// Event: `NodeRegistered`.
        #[pallet::call_index(0)]
        pub fn register_node(
            origin: OriginFor<T>,
            peer: PeerId,
            addresses: Addresses,
        ) -> DispatchResult {
            let member = Self::ensure_member(origin)?;
            Self::put_node(member, peer, addresses)
        }

        /// Changes the addresses of a node of the caller's member.
        ///
        /// Origin: an account of an active member.
        ///
        /// Errors: `NotActiveMember`, `UnknownNode`, `NotOwner`, `EmptyAddress`.
        ///
        /// Event: `NodeUpdated`.
        #[pallet::call_index(1)]
        pub fn update_node(
            origin: OriginFor<T>,
            peer: PeerId,
            addresses: Addresses,
        ) -> DispatchResult {
            let member = Self::ensure_member(origin)?;
            Self::move_node(member, peer, addresses)
        }

        /// Removes a node; its connections are refused from now on.
        ///
        /// Origin: an account of the active member whose it is; or the council.
        ///
        /// Errors: `UnknownNode`, `NotActiveMember`, `NotOwner`, `NodeInUse`.
        ///
        /// Event: `NodeRemoved`.
        #[pallet::call_index(2)]
        pub fn remove_node(origin: OriginFor<T>, peer: PeerId) -> DispatchResult {
            let node = Nodes::<T>::get(&peer).ok_or(Error::<T>::UnknownNode)?;
            Self::ensure_council_or(origin, node.member)?;
            Self::drop_node(node.member, peer)
        }

        /// Registers the validator that the caller's member is ready to run, or another key or node
        /// for it.
        ///
        /// Origin: an account of an active member.
        ///
        /// `possession` is the signature by `key` of `SignedPayload::Possession` for the member on
        /// this chain; `peer` is a node that the member has registered. A validator that is in the
        /// set keeps its key there until the council decides on the set again.
        ///
        /// Errors: `NotActiveMember`, `UnknownNode`, `NotOwner`, `KeyInUse`, `NoPossession`.
        ///
        /// Event: `ValidatorRegistered`.
        #[pallet::call_index(3)]
        pub fn register_validator(
            origin: OriginFor<T>,
            key: ConsensusKey,
            possession: ConsensusSignature,
            peer: PeerId,
        ) -> DispatchResult {
            let member = Self::ensure_member(origin)?;
            Self::put_candidate(member, key, &possession, peer)
        }

        /// Takes back the registration of a validator that is not in the set.
        ///
        /// Origin: an account of the active member; or the council.
        ///
        /// Errors: `NotActiveMember`, `NotOwner`, `NotRegistered`, `StillValidating`.
        ///
        /// Event: `ValidatorUnregistered`.
        #[pallet::call_index(4)]
        pub fn unregister_validator(origin: OriginFor<T>, member: MemberId) -> DispatchResult {
            Self::ensure_council_or(origin, member)?;
            Self::drop_candidate(member)
        }

        /// Puts a member's registered validator into the set, from the next height.
        ///
        /// Origin: the council.
        ///
        /// Errors: `NotRegistered`, `AlreadyValidator`, `TooManyValidators`, `NotActiveMember`,
        /// `NoPower`, `NoQuorum`.
        ///
        /// Events: `ValidatorAdded`; at the end of the block `SetChanged`.
        #[pallet::call_index(10)]
        pub fn add_validator(origin: OriginFor<T>, member: MemberId, power: u32) -> DispatchResult {
            T::CouncilOrigin::ensure_origin(origin)?;
            let validator = Self::candidate(member, power)?;
            let mut next = Self::next_set();
            ensure!(
                next.iter().all(|other| other.member != member),
                Error::<T>::AlreadyValidator
            );
            next.try_push(validator)
                .map_err(|_| Error::<T>::TooManyValidators)?;
            Self::decide(next)?;
            Self::deposit_event(Event::ValidatorAdded { member, power });
            Ok(())
        }

        /// Takes a member's validator out of the set, from the next height.
        ///
        /// Origin: the council.
        ///
        /// Errors: `NotValidator`, `EmptySet`, `NoQuorum`.
        ///
        /// Events: `ValidatorRemoved`; at the end of the block `SetChanged`.
        #[pallet::call_index(11)]
        pub fn remove_validator(origin: OriginFor<T>, member: MemberId) -> DispatchResult {
            T::CouncilOrigin::ensure_origin(origin)?;
            let mut next = Self::next_set();
            let before = next.len();
            next.retain(|validator| validator.member != member);
            ensure!(next.len() < before, Error::<T>::NotValidator);
            Self::decide(next)?;
            Self::deposit_event(Event::ValidatorRemoved { member });
            Ok(())
        }

        /// Decides on the whole set: members and their voting power, each with the key that is
        /// registered. In force from the next height.
        ///
        /// Origin: the council.
        ///
        /// Errors: `NotRegistered`, `DuplicateMember`, `NotActiveMember`, `EmptySet`, `NoPower`,
        /// `NoQuorum`.
        ///
        /// Events: `ValidatorsSet`; at the end of the block `SetChanged`, if it differs.
        #[pallet::call_index(12)]
        pub fn set_validators(
            origin: OriginFor<T>,
            validators: BoundedVec<(MemberId, u32), ConstU32<VALIDATORS_MAX>>,
        ) -> DispatchResult {
            T::CouncilOrigin::ensure_origin(origin)?;
            let count = validators.len() as u32;
            let mut next = Set::new();
            for (member, power) in validators {
                let validator = Self::candidate(member, power)?;
                next.try_push(validator)
                    .map_err(|_| Error::<T>::TooManyValidators)?;
            }
            Self::decide(next)?;
            Self::deposit_event(Event::ValidatorsSet { count });
            Ok(())
        }

        /// Sets timeouts and pacing, in force from the next height.
        ///
        /// Origin: the council.
        ///
        /// Errors: `TimeoutOutOfRange`, `IntervalOutOfRange`, `DriftOutOfRange`.
        ///
        /// Event: `ParametersSet`.
        #[pallet::call_index(13)]
        pub fn set_consensus_parameters(
            origin: OriginFor<T>,
            parameters: ConsensusParameters,
        ) -> DispatchResult {
            T::CouncilOrigin::ensure_origin(origin)?;
            parameters::check::<T>(&parameters)?;
            Parameters::<T>::put(parameters);
            Self::deposit_event(Event::ParametersSet { parameters });
            Ok(())
        }

        /// Records that a validator signed two messages that exclude each other.
        ///
        /// Origin: none, that is an unsigned transaction, by anyone.
        ///
        /// The key must have been in the set of that height. Nothing follows by itself.
        ///
        /// Errors: `FutureOffence`, `NotAValidator`, `AlreadyReported`, `RecordFull`, `NotProven`.
        ///
        /// Event: `EquivocationRecorded`.
        #[pallet::call_index(20)]
        #[pallet::weight((T::WeightInfo::report_equivocation(), DispatchClass::Operational))]
        pub fn report_equivocation(
            origin: OriginFor<T>,
            equivocation: Equivocation,
        ) -> DispatchResult {
            ensure_none(origin)?;
            Self::record_offence(&equivocation)
        }

        /// Clears the record of a member's offences, once the council has dealt with them. What
        /// happened until now cannot be reported again.
        ///
        /// Origin: the council.
        ///
        /// Errors: `NoOffences`.
        ///
        /// Event: `OffencesCleared`.
        #[pallet::call_index(21)]
        pub fn clear_offences(origin: OriginFor<T>, member: MemberId) -> DispatchResult {
            T::CouncilOrigin::ensure_origin(origin)?;
            Self::clear_record(member)
        }
    }
}
