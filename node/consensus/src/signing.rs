//! Signing and verifying for the engine, bound to one chain by its genesis hash.

use std::sync::Arc;

use arc_malachitebft_app::types::core::{SignedMessage, ValidatorProof, VoteExtensionScope};
use arc_malachitebft_signing::{Error, Signer, VerificationResult, Verifier};
use async_trait::async_trait;
use xinglin_primitives::{
    consensus::{ConsensusKey, ConsensusSignature, SignedPayload},
    Hash,
};

use crate::context::{Context, Proposal, Vote};

/// Verifies what other validators signed.
#[derive(Clone, Debug)]
pub struct ChainVerifier {
    genesis: Hash,
}

impl ChainVerifier {
    /// For the chain with this genesis.
    pub fn new(genesis: Hash) -> Self {
        Self { genesis }
    }

    /// Whether `signature` is by `key` over `payload` on this chain.
    pub fn is_valid(
        &self,
        payload: &SignedPayload<'_>,
        key: &ConsensusKey,
        signature: &ConsensusSignature,
    ) -> bool {
        payload.verify(&self.genesis, key, signature)
    }
}

#[async_trait]
impl Verifier<Context> for ChainVerifier {
    async fn verify_signed_vote(
        &self,
        vote: &Vote,
        signature: &ConsensusSignature,
        key: &ConsensusKey,
    ) -> Result<VerificationResult, Error> {
        let payload = SignedPayload::Vote(vote.as_signed());
        Ok(VerificationResult::from_bool(
            self.is_valid(&payload, key, signature),
        ))
    }

    async fn verify_signed_proposal(
        &self,
        proposal: &Proposal,
        signature: &ConsensusSignature,
        key: &ConsensusKey,
    ) -> Result<VerificationResult, Error> {
        let payload = SignedPayload::Proposal(proposal.as_signed());
        Ok(VerificationResult::from_bool(
            self.is_valid(&payload, key, signature),
        ))
    }

    /// Vote extensions are disabled: none is ever valid.
    async fn verify_signed_vote_extension(
        &self,
        _: &VoteExtensionScope<Context>,
        (): &(),
        _: &ConsensusSignature,
        _: &ConsensusKey,
    ) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::Invalid)
    }

    async fn verify_validator_proof(
        &self,
        proof: &ValidatorProof<Context>,
    ) -> Result<VerificationResult, Error> {
        let preimage = proof.preimage();
        let valid = ConsensusKey::try_from(proof.public_key.as_slice()).is_ok_and(|key| {
            self.is_valid(&SignedPayload::PeerId(&preimage), &key, &proof.signature)
        });
        Ok(VerificationResult::from_bool(valid))
    }
}

/// Signs with this validator's consensus key.
#[derive(Clone)]
pub struct ChainSigner {
    genesis: Hash,
    key: Arc<schnorrkel::Keypair>,
}

impl ChainSigner {
    /// For the chain with this genesis.
    pub fn new(genesis: Hash, key: Arc<schnorrkel::Keypair>) -> Self {
        Self { genesis, key }
    }

    /// The public key.
    pub fn public(&self) -> ConsensusKey {
        ConsensusKey::from_raw(self.key.public.to_bytes())
    }

    /// Signs a payload for this chain.
    pub fn sign(&self, payload: &SignedPayload<'_>) -> ConsensusSignature {
        payload.sign(&self.genesis, &self.key)
    }
}

#[async_trait]
impl Signer<Context> for ChainSigner {
    async fn sign_vote(&self, vote: Vote) -> Result<SignedMessage<Context, Vote>, Error> {
        let signature = self.sign(&SignedPayload::Vote(vote.as_signed()));
        Ok(SignedMessage::new(vote, signature))
    }

    async fn sign_proposal(
        &self,
        proposal: Proposal,
    ) -> Result<SignedMessage<Context, Proposal>, Error> {
        let signature = self.sign(&SignedPayload::Proposal(proposal.as_signed()));
        Ok(SignedMessage::new(proposal, signature))
    }

    /// Vote extensions are disabled by the height parameters, so the engine does not ask.
    async fn sign_vote_extension(
        &self,
        _: VoteExtensionScope<Context>,
        (): (),
    ) -> Result<SignedMessage<Context, ()>, Error> {
        Err(Error::from_source("vote extensions are disabled"))
    }

    async fn sign_validator_proof(
        &self,
        public_key: Vec<u8>,
        peer_id: Vec<u8>,
    ) -> Result<ValidatorProof<Context>, Error> {
        let preimage = ValidatorProof::<Context>::signing_bytes(&public_key, &peer_id);
        let signature = self.sign(&SignedPayload::PeerId(&preimage));
        Ok(ValidatorProof::new(public_key, peer_id, signature))
    }
}
