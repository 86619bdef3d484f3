//! From the engine's types to the wire's and back, with the caps.

use arc_malachitebft_app::{
    consensus::{LivenessMsg, ProposedValue, SignedConsensusMsg},
    types::{
        core::{
            CommitCertificate, CommitSignature, ExtendedCommitCertificate, ExtendedCommitSignature,
            NilOrVal, PolkaCertificate, PolkaSignature, Round, RoundCertificate,
            RoundCertificateType, RoundSignature, SignedMessage, ValidatorProof, Validity,
            VoteType,
        },
        streaming::{StreamId, StreamMessage},
        sync, PeerId,
    },
};
use xinglin_primitives::{
    consensus::{self, VoteKind},
    Hash,
};

use super::{
    wire, CodecError, PART_BYTES_MAX, SIGNATURES_MAX, STREAM_ID_BYTES_MAX, SYNC_VALUES_MAX,
};
use crate::context::{
    round_number, Address, BlockId, Context, Height, Part, Proposal, ProposalHead, Vote,
};

/// The engine's certificate as the chain stores and signs it.
pub fn certificate_to_chain(
    certificate: &CommitCertificate<Context>,
) -> consensus::CommitCertificate {
    consensus::CommitCertificate {
        height: certificate.height.0,
        round: round_number(certificate.round),
        block_hash: certificate.value_id.0,
        signatures: certificate
            .commit_signatures
            .iter()
            .map(
                |CommitSignature { address, signature }| consensus::CommitSignature {
                    key: address.0,
                    signature: *signature,
                },
            )
            .collect(),
    }
}

/// A stored certificate as sync sends it.
pub fn certificate_to_engine(
    certificate: consensus::CommitCertificate,
) -> ExtendedCommitCertificate<Context> {
    ExtendedCommitCertificate {
        height: Height(certificate.height),
        round: Round::new(certificate.round),
        value_id: BlockId(certificate.block_hash),
        commit_signatures: certificate
            .signatures
            .into_iter()
            .map(|by| ExtendedCommitSignature::new(Address(by.key), by.signature, None))
            .collect(),
    }
}

fn extended_to_chain(
    certificate: &ExtendedCommitCertificate<Context>,
) -> consensus::CommitCertificate {
    consensus::CommitCertificate {
        height: certificate.height.0,
        round: round_number(certificate.round),
        block_hash: certificate.value_id.0,
        signatures: certificate
            .commit_signatures
            .iter()
            .map(|by| consensus::CommitSignature {
                key: by.address.0,
                signature: by.signature,
            })
            .collect(),
    }
}

fn capped<T>(items: Vec<T>, max: usize, what: &'static str) -> Result<Vec<T>, CodecError> {
    if items.len() > max {
        return Err(CodecError::TooMany(what));
    }
    Ok(items)
}

fn hash_of(value: &NilOrVal<BlockId>) -> Option<Hash> {
    match value {
        NilOrVal::Nil => None,
        NilOrVal::Val(id) => Some(id.0),
    }
}

fn value_of(hash: Option<Hash>) -> NilOrVal<BlockId> {
    hash.map_or(NilOrVal::Nil, |hash| NilOrVal::Val(BlockId(hash)))
}

impl From<&Part> for wire::Part {
    fn from(part: &Part) -> Self {
        match part {
            Part::Head(head) => Self::Head(wire::Head {
                height: head.height,
                round: head.round,
                valid_round: head.valid_round,
                block_hash: head.block_hash,
                block_bytes: head.block_bytes,
                proposer: head.proposer,
                signature: head.signature,
            }),
            Part::Body(bytes) => Self::Body(bytes.to_vec()),
        }
    }
}

impl TryFrom<wire::Part> for Part {
    type Error = CodecError;

    fn try_from(part: wire::Part) -> Result<Self, CodecError> {
        Ok(match part {
            wire::Part::Head(head) => Self::Head(ProposalHead {
                height: head.height,
                round: head.round,
                valid_round: head.valid_round,
                block_hash: head.block_hash,
                block_bytes: head.block_bytes,
                proposer: head.proposer,
                signature: head.signature,
            }),
            wire::Part::Body(bytes) => {
                Self::Body(capped(bytes, PART_BYTES_MAX, "bytes of a proposal part")?.into())
            }
        })
    }
}

impl From<&StreamMessage<Part>> for wire::Stream {
    fn from(message: &StreamMessage<Part>) -> Self {
        Self {
            stream_id: message.stream_id.to_bytes().to_vec(),
            sequence: message.sequence,
            content: message.content.as_data().map(Into::into),
        }
    }
}

impl TryFrom<wire::Stream> for StreamMessage<Part> {
    type Error = CodecError;

    fn try_from(stream: wire::Stream) -> Result<Self, CodecError> {
        use arc_malachitebft_app::streaming::StreamContent;

        let id = capped(
            stream.stream_id,
            STREAM_ID_BYTES_MAX,
            "bytes of a stream id",
        )?;
        let content = match stream.content {
            Some(part) => StreamContent::Data(part.try_into()?),
            None => StreamContent::Fin,
        };
        Ok(Self::new(
            StreamId::new(id.into()),
            stream.sequence,
            content,
        ))
    }
}

impl From<&SignedConsensusMsg<Context>> for wire::SignedMessage {
    fn from(message: &SignedConsensusMsg<Context>) -> Self {
        match message {
            SignedConsensusMsg::Vote(vote) => {
                Self::Vote(vote.message.as_signed().clone(), vote.signature)
            }
            SignedConsensusMsg::Proposal(proposal) => {
                Self::Proposal(proposal.message.as_signed().clone(), proposal.signature)
            }
        }
    }
}

impl TryFrom<wire::SignedMessage> for SignedConsensusMsg<Context> {
    type Error = CodecError;

    fn try_from(message: wire::SignedMessage) -> Result<Self, CodecError> {
        Ok(match message {
            wire::SignedMessage::Vote(vote, signature) => {
                Self::Vote(SignedMessage::new(Vote::new(vote), signature))
            }
            wire::SignedMessage::Proposal(proposal, signature) => {
                Self::Proposal(SignedMessage::new(Proposal::new(proposal), signature))
            }
        })
    }
}

impl From<&PolkaCertificate<Context>> for wire::PolkaCertificate {
    fn from(certificate: &PolkaCertificate<Context>) -> Self {
        Self {
            height: certificate.height.0,
            round: round_number(certificate.round),
            block_hash: certificate.value_id.0,
            signatures: certificate
                .polka_signatures
                .iter()
                .map(|by| wire::KeyedSignature {
                    key: by.address.0,
                    signature: by.signature,
                })
                .collect(),
        }
    }
}

impl TryFrom<wire::PolkaCertificate> for PolkaCertificate<Context> {
    type Error = CodecError;

    fn try_from(certificate: wire::PolkaCertificate) -> Result<Self, CodecError> {
        let signatures = capped(
            certificate.signatures,
            SIGNATURES_MAX,
            "signatures of a polka certificate",
        )?;
        Ok(Self {
            height: Height(certificate.height),
            round: Round::new(certificate.round),
            value_id: BlockId(certificate.block_hash),
            polka_signatures: signatures
                .into_iter()
                .map(|by| PolkaSignature::new(Address(by.key), by.signature))
                .collect(),
        })
    }
}

impl From<&RoundCertificate<Context>> for wire::RoundCertificate {
    fn from(certificate: &RoundCertificate<Context>) -> Self {
        Self {
            height: certificate.height.0,
            round: round_number(certificate.round),
            skipped: matches!(certificate.cert_type, RoundCertificateType::Skip),
            signatures: certificate
                .round_signatures
                .iter()
                .map(|by| wire::RoundSignature {
                    kind: match by.vote_type {
                        VoteType::Prevote => VoteKind::Prevote,
                        VoteType::Precommit => VoteKind::Precommit,
                    },
                    block_hash: hash_of(&by.value_id),
                    by: wire::KeyedSignature {
                        key: by.address.0,
                        signature: by.signature,
                    },
                })
                .collect(),
        }
    }
}

impl TryFrom<wire::RoundCertificate> for RoundCertificate<Context> {
    type Error = CodecError;

    fn try_from(certificate: wire::RoundCertificate) -> Result<Self, CodecError> {
        let signatures = capped(
            certificate.signatures,
            SIGNATURES_MAX,
            "signatures of a round certificate",
        )?;
        Ok(Self {
            height: Height(certificate.height),
            round: Round::new(certificate.round),
            cert_type: if certificate.skipped {
                RoundCertificateType::Skip
            } else {
                RoundCertificateType::Precommit
            },
            round_signatures: signatures
                .into_iter()
                .map(|signed| {
                    RoundSignature::new(
                        match signed.kind {
                            VoteKind::Prevote => VoteType::Prevote,
                            VoteKind::Precommit => VoteType::Precommit,
                        },
                        value_of(signed.block_hash),
                        Address(signed.by.key),
                        signed.by.signature,
                    )
                })
                .collect(),
        })
    }
}

impl From<&LivenessMsg<Context>> for wire::Liveness {
    fn from(message: &LivenessMsg<Context>) -> Self {
        match message {
            LivenessMsg::Vote(vote) => Self::Vote(vote.message.as_signed().clone(), vote.signature),
            LivenessMsg::PolkaCertificate(certificate) => Self::Polka(certificate.into()),
            LivenessMsg::SkipRoundCertificate(certificate) => Self::SkipRound(certificate.into()),
        }
    }
}

impl TryFrom<wire::Liveness> for LivenessMsg<Context> {
    type Error = CodecError;

    fn try_from(message: wire::Liveness) -> Result<Self, CodecError> {
        Ok(match message {
            wire::Liveness::Vote(vote, signature) => {
                Self::Vote(SignedMessage::new(Vote::new(vote), signature))
            }
            wire::Liveness::Polka(certificate) => Self::PolkaCertificate(certificate.try_into()?),
            wire::Liveness::SkipRound(certificate) => {
                Self::SkipRoundCertificate(certificate.try_into()?)
            }
        })
    }
}

impl From<&ValidatorProof<Context>> for wire::ValidatorProof {
    fn from(proof: &ValidatorProof<Context>) -> Self {
        Self {
            key: proof.public_key.clone(),
            peer_id: proof.peer_id.clone(),
            signature: proof.signature,
        }
    }
}

impl TryFrom<wire::ValidatorProof> for ValidatorProof<Context> {
    type Error = CodecError;

    fn try_from(proof: wire::ValidatorProof) -> Result<Self, CodecError> {
        Ok(Self::new(
            capped(proof.key, STREAM_ID_BYTES_MAX, "bytes of a key")?,
            capped(proof.peer_id, STREAM_ID_BYTES_MAX, "bytes of a peer id")?,
            proof.signature,
        ))
    }
}

impl From<&ProposedValue<Context>> for wire::ProposedValue {
    fn from(value: &ProposedValue<Context>) -> Self {
        Self {
            height: value.height.0,
            round: value.round.as_u32(),
            valid_round: value.valid_round.as_u32(),
            proposer: value.proposer.0,
            block_hash: value.value.0,
            valid: value.validity.is_valid(),
        }
    }
}

impl TryFrom<wire::ProposedValue> for ProposedValue<Context> {
    type Error = CodecError;

    fn try_from(value: wire::ProposedValue) -> Result<Self, CodecError> {
        Ok(Self {
            height: Height(value.height),
            round: Round::from(value.round),
            valid_round: Round::from(value.valid_round),
            proposer: Address(value.proposer),
            value: BlockId(value.block_hash),
            validity: Validity::from_bool(value.valid),
        })
    }
}

impl From<&sync::Status<Context>> for wire::Status {
    fn from(status: &sync::Status<Context>) -> Self {
        Self {
            peer_id: status.peer_id.to_bytes(),
            tip: status.tip_height.0,
            oldest: status.history_min_height.0,
        }
    }
}

impl TryFrom<wire::Status> for sync::Status<Context> {
    type Error = CodecError;

    fn try_from(status: wire::Status) -> Result<Self, CodecError> {
        Ok(Self {
            peer_id: PeerId::from_bytes(&status.peer_id)
                .map_err(|_| CodecError::Malformed("peer id"))?,
            tip_height: Height(status.tip),
            history_min_height: Height(status.oldest),
        })
    }
}

impl From<&sync::Request<Context>> for wire::Request {
    fn from(request: &sync::Request<Context>) -> Self {
        let sync::Request::ValueRequest(values) = request;
        Self::Blocks {
            first: values.range.start().0,
            last: values.range.end().0,
        }
    }
}

impl TryFrom<wire::Request> for sync::Request<Context> {
    type Error = CodecError;

    fn try_from(request: wire::Request) -> Result<Self, CodecError> {
        let wire::Request::Blocks { first, last } = request;
        Ok(Self::ValueRequest(
            arc_malachitebft_sync::ValueRequest::new(Height(first)..=Height(last)),
        ))
    }
}

impl From<&sync::Response<Context>> for wire::Response {
    fn from(response: &sync::Response<Context>) -> Self {
        let sync::Response::ValueResponse(values) = response;
        Self::Blocks {
            first: values.start_height.0,
            blocks: values
                .values
                .iter()
                .map(|value| wire::DecidedBlock {
                    block: value.value_bytes.to_vec(),
                    certificate: extended_to_chain(&value.certificate),
                })
                .collect(),
        }
    }
}

impl TryFrom<wire::Response> for sync::Response<Context> {
    type Error = CodecError;

    fn try_from(response: wire::Response) -> Result<Self, CodecError> {
        let wire::Response::Blocks { first, blocks } = response;
        let values = capped(blocks, SYNC_VALUES_MAX, "blocks of a sync response")?
            .into_iter()
            .map(|decided| {
                if decided.certificate.signatures.len() > SIGNATURES_MAX {
                    return Err(CodecError::TooMany("signatures of a commit certificate"));
                }
                Ok(sync::RawDecidedValue::new(
                    decided.block.into(),
                    certificate_to_engine(decided.certificate),
                ))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self::ValueResponse(
            arc_malachitebft_sync::ValueResponse::new(Height(first), values),
        ))
    }
}
