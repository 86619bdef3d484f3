use super::*;
use crate::context::{Address, BlockId, Height, Proposal, ProposalHead, Vote};
use arc_malachitebft_app::{
    streaming::{StreamContent, StreamId},
    types::core::{Round, SignedMessage, Validity},
};
use xinglin_primitives::{
    consensus::{self, ConsensusKey, ConsensusSignature, VoteKind},
    Hash,
};

fn key() -> ConsensusKey {
    ConsensusKey::from_raw([2; 32])
}

fn signature() -> ConsensusSignature {
    ConsensusSignature::from_raw([3; 64])
}

fn vote() -> SignedConsensusMsg<Context> {
    SignedConsensusMsg::Vote(SignedMessage::new(
        Vote::new(consensus::Vote {
            kind: VoteKind::Precommit,
            height: 5,
            round: 1,
            block_hash: Some(Hash::repeat_byte(7)),
            voter: key(),
        }),
        signature(),
    ))
}

fn proposal() -> SignedConsensusMsg<Context> {
    SignedConsensusMsg::Proposal(SignedMessage::new(
        Proposal::new(consensus::Proposal {
            height: 5,
            round: 1,
            block_hash: Hash::repeat_byte(7),
            valid_round: Some(0),
            proposer: key(),
        }),
        signature(),
    ))
}

fn stream(part: Option<Part>) -> StreamMessage<Part> {
    let content = part.map_or(StreamContent::Fin, StreamContent::Data);
    StreamMessage::new(StreamId::new(Bytes::from_static(b"stream")), 3, content)
}

fn head() -> Part {
    Part::Head(ProposalHead {
        height: 5,
        round: 1,
        valid_round: None,
        block_hash: Hash::repeat_byte(7),
        block_bytes: 9,
        proposer: key(),
        signature: signature(),
    })
}

fn round_trips<T>(message: &T)
where
    T: PartialEq + std::fmt::Debug,
    ScaleCodec: Codec<T, Error = CodecError>,
{
    let bytes = Codec::<T>::encode(&ScaleCodec, message).unwrap();
    assert_eq!(
        Codec::<T>::decode(&ScaleCodec, bytes.clone()).unwrap(),
        *message
    );
    for end in 0..bytes.len() {
        assert!(Codec::<T>::decode(&ScaleCodec, bytes.slice(..end)).is_err());
    }
    let mut longer = bytes.to_vec();
    longer.push(0);
    assert!(Codec::<T>::decode(&ScaleCodec, longer.into()).is_err());
    let mut other_version = bytes.to_vec();
    other_version[0] = VERSION + 1;
    assert_eq!(
        Codec::<T>::decode(&ScaleCodec, other_version.into()).unwrap_err(),
        CodecError::Version(VERSION + 1)
    );
}

#[test]
fn every_message_round_trips_and_nothing_else_decodes() {
    round_trips(&vote());
    round_trips(&proposal());
    round_trips(&stream(Some(head())));
    round_trips(&stream(Some(Part::Body(Bytes::from_static(b"body")))));
    round_trips(&stream(None));
    round_trips(&ValidatorProof::<Context>::new(
        vec![1; 32],
        vec![2; 38],
        signature(),
    ));
    round_trips(&ProposedValue::<Context> {
        height: Height(4),
        round: Round::new(1),
        valid_round: Round::Nil,
        proposer: Address(key()),
        value: BlockId(Hash::repeat_byte(1)),
        validity: Validity::Valid,
    });
    round_trips(&sync::Request::<Context>::ValueRequest(
        arc_malachitebft_sync::ValueRequest::new(Height(3)..=Height(8)),
    ));
    let certificate = consensus::CommitCertificate {
        height: 3,
        round: 0,
        block_hash: Hash::repeat_byte(1),
        signatures: vec![consensus::CommitSignature {
            key: key(),
            signature: signature(),
        }],
    };
    let response =
        sync::Response::<Context>::ValueResponse(arc_malachitebft_sync::ValueResponse::new(
            Height(3),
            vec![sync::RawDecidedValue::new(
                Bytes::from_static(b"block"),
                convert::certificate_to_engine(certificate),
            )],
        ));
    round_trips(&response);
    assert_eq!(
        ScaleCodec.encoded_len(&response).unwrap(),
        ScaleCodec.encode(&response).unwrap().len()
    );
}

#[test]
fn caps_are_enforced() {
    let oversized = stream(Some(Part::Body(vec![0; PART_BYTES_MAX + 1].into())));
    let bytes = ScaleCodec.encode(&oversized).unwrap();
    assert_eq!(
        Codec::<StreamMessage<Part>>::decode(&ScaleCodec, bytes).unwrap_err(),
        CodecError::TooMany("bytes of a proposal part")
    );
    let by = |_| wire::KeyedSignature {
        key: key(),
        signature: signature(),
    };
    let crowded = wire::PolkaCertificate {
        height: 1,
        round: 0,
        block_hash: Hash::zero(),
        signatures: (0..=SIGNATURES_MAX).map(by).collect(),
    };
    assert_eq!(
        Codec::<PolkaCertificate<Context>>::decode(&ScaleCodec, encode(&crowded)).unwrap_err(),
        CodecError::TooMany("signatures of a polka certificate")
    );
}

/// The write-ahead log outlives an upgrade of the binary, so its bytes must not move silently.
#[test]
fn formats_are_pinned() {
    let digest = |bytes: Bytes| xinglin_primitives::receipt::extrinsic_hash(&bytes);
    let pinned = [
        ScaleCodec.encode(&vote()).unwrap(),
        ScaleCodec.encode(&proposal()).unwrap(),
        ScaleCodec.encode(&stream(Some(head()))).unwrap(),
    ];
    assert_eq!(pinned.each_ref().map(Bytes::len), [140, 143, 159]);
    let digests = pinned.map(|bytes| digest(bytes).0).concat();
    assert_eq!(
        sp_core::hexdisplay::HexDisplay::from(&digests).to_string(),
        include_str!("golden.txt").trim()
    );
}
