//! The events and errors of the pallet.

use frame_support::pallet_macros::pallet_section;

/// A section of the pallet in `lib.rs`.
#[pallet_section]
mod events {
    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event {
        /// A member registered a node.
        NodeRegistered {
            /// The member.
            member: MemberId,
            /// The node's peer id.
            peer: PeerId,
        },
        /// A member changed the addresses of a node.
        NodeUpdated {
            /// The member.
            member: MemberId,
            /// The node's peer id.
            peer: PeerId,
        },
        /// A node was removed. Its connections are refused from now on.
        NodeRemoved {
            /// The member.
            member: MemberId,
            /// The node's peer id.
            peer: PeerId,
        },
        /// A member is ready to run a validator with this key.
        ValidatorRegistered {
            /// The member.
            member: MemberId,
            /// The key.
            key: ConsensusKey,
        },
        /// A member is no longer ready to run a validator.
        ValidatorUnregistered {
            /// The member.
            member: MemberId,
        },
        /// The council puts a member's validator into the set.
        ValidatorAdded {
            /// The member.
            member: MemberId,
            /// Its voting power.
            power: u32,
        },
        /// The council takes a member's validator out of the set.
        ValidatorRemoved {
            /// The member.
            member: MemberId,
        },
        /// The council decided on the whole set.
        ValidatorsSet {
            /// How many validators there are.
            count: u32,
        },
        /// The set has changed.
        SetChanged {
            /// The number of the new set.
            id: u32,
            /// The first height that it decides.
            from: BlockNumber,
        },
        /// The council changed timeouts or pacing, in force from the next height.
        ParametersSet {
            /// The parameters from now on.
            parameters: ConsensusParameters,
        },
        /// A validator is proven to have signed two messages that exclude each other.
        EquivocationRecorded {
            /// The member that runs it.
            member: MemberId,
            /// Key, height, round and what was signed.
            offence: OffenceId,
        },
        /// The council has dealt with a member's offences.
        OffencesCleared {
            /// The member.
            member: MemberId,
        },
    }

    /// Why a call was refused.
    #[pallet::error]
    pub enum Error<T> {
        /// The caller, or the member to be added, is not an active member.
        NotActiveMember,
        /// The node, or the validator, belongs to another member.
        NotOwner,
        /// These bytes are not the binary form of a peer id.
        MalformedPeerId,
        /// The peer id is registered already.
        PeerInUse,
        /// No node with this peer id is registered.
        UnknownNode,
        /// An address is empty.
        EmptyAddress,
        /// The member has as many nodes as it may.
        TooManyNodes,
        /// The member's validator runs on this node; register it with another one first.
        NodeInUse,
        /// The consensus key belongs to another member.
        KeyInUse,
        /// The signature does not prove that the member holds the key on this chain.
        NoPossession,
        /// The member has not registered a validator.
        NotRegistered,
        /// The member's validator is in the set; the council must take it out first.
        StillValidating,
        /// The member's validator is in the set already; `set_validators` changes its power or key.
        AlreadyValidator,
        /// The member's validator is not in the set.
        NotValidator,
        /// There are as many validators as a set may hold.
        TooManyValidators,
        /// A member is named twice.
        DuplicateMember,
        /// A set needs at least one validator.
        EmptySet,
        /// A validator needs a voting power of at least 1.
        NoPower,
        /// Of the new set, the validators known to be at work would not hold more than two thirds
        /// of the voting power, and the chain could stop. Remove validators that are down first, or
        /// give a newcomer less power until it has made blocks.
        NoQuorum,
        /// A timeout is out of range.
        TimeoutOutOfRange,
        /// A block interval is out of range, or the shortest is longer than the longest.
        IntervalOutOfRange,
        /// The clock drift is out of range.
        DriftOutOfRange,
        /// The offence is of a height to come.
        FutureOffence,
        /// The key was not in the set of that height.
        NotAValidator,
        /// The two messages are no proof: they agree, or a signature is wrong.
        NotProven,
        /// The offence is known, or was settled by the council.
        AlreadyReported,
        /// As many offences of this member are recorded as the council needs to see.
        RecordFull,
        /// No offence of this member is recorded.
        NoOffences,
    }
}
