use super::*;

const GENESIS: Hash = sp_core::H256::repeat_byte(9);

fn keypair(seed: u8) -> schnorrkel::Keypair {
    schnorrkel::MiniSecretKey::from_bytes(&[seed; 32])
        .unwrap()
        .expand_to_keypair(schnorrkel::ExpansionMode::Ed25519)
}

fn key_of(pair: &schnorrkel::Keypair) -> ConsensusKey {
    ConsensusKey::from_raw(pair.public.to_bytes())
}

fn set(seeds: &[u8]) -> Vec<Validator> {
    seeds
        .iter()
        .map(|seed| Validator {
            member: MemberId(u32::from(*seed)),
            key: key_of(&keypair(*seed)),
            power: 1,
        })
        .collect()
}

fn certificate(seeds: &[u8]) -> CommitCertificate {
    let block_hash = sp_core::H256::repeat_byte(1);
    let signatures = seeds
        .iter()
        .map(|seed| {
            let pair = keypair(*seed);
            let vote = Vote {
                kind: VoteKind::Precommit,
                height: 5,
                round: 2,
                block_hash: Some(block_hash),
                voter: key_of(&pair),
            };
            CommitSignature {
                key: key_of(&pair),
                signature: SignedPayload::Vote(&vote).sign(&GENESIS, &pair),
            }
        })
        .collect();
    CommitCertificate {
        height: 5,
        round: 2,
        block_hash,
        signatures,
    }
}

#[test]
fn three_of_four_make_a_certificate() {
    assert_eq!(
        certificate(&[1, 2, 3]).verify(&GENESIS, &set(&[1, 2, 3, 4])),
        Ok(())
    );
}

#[test]
fn a_certificate_is_refused_for_each_reason() {
    let validators = set(&[1, 2, 3, 4]);
    assert_eq!(
        certificate(&[1, 2]).verify(&GENESIS, &validators),
        Err(CertificateError::NoQuorum {
            signed: 2,
            total: 4
        })
    );
    assert!(matches!(
        certificate(&[1, 2, 5]).verify(&GENESIS, &validators),
        Err(CertificateError::UnknownSigner(_))
    ));
    assert!(matches!(
        certificate(&[1, 2, 2]).verify(&GENESIS, &validators),
        Err(CertificateError::DuplicateSigner(_))
    ));
    let mut other = certificate(&[1, 2, 3]);
    other.height = 6;
    assert!(matches!(
        other.verify(&GENESIS, &validators),
        Err(CertificateError::WrongSignature(_))
    ));
    assert!(matches!(
        certificate(&[1, 2, 3]).verify(&Hash::zero(), &validators),
        Err(CertificateError::WrongSignature(_))
    ));
}

#[test]
fn exactly_two_thirds_are_no_quorum() {
    assert!(!has_quorum(2, 3));
    assert!(has_quorum(3, 4));
    assert!(!has_quorum(0, 0));
    assert!(has_quorum(u64::MAX, u64::MAX));
}

#[test]
fn equivocation_needs_two_conflicting_signed_votes() {
    let pair = keypair(1);
    let vote = |hash: u8| Vote {
        kind: VoteKind::Prevote,
        height: 3,
        round: 0,
        block_hash: Some(sp_core::H256::repeat_byte(hash)),
        voter: key_of(&pair),
    };
    let signed = |vote: Vote| {
        let signature = SignedPayload::Vote(&vote).sign(&GENESIS, &pair);
        (vote, signature)
    };
    let evidence = |votes: [(Vote, ConsensusSignature); 2]| Equivocation {
        key: key_of(&pair),
        offence: Offence::Votes(Box::new(votes)),
    };
    assert!(evidence([signed(vote(1)), signed(vote(2))]).is_proven(&GENESIS));
    assert!(!evidence([signed(vote(1)), signed(vote(1))]).is_proven(&GENESIS));
    let mut later = vote(2);
    later.round = 1;
    assert!(!evidence([signed(vote(1)), signed(later)]).is_proven(&GENESIS));
    let forged = (vote(2), signed(vote(1)).1);
    assert!(!evidence([signed(vote(1)), forged]).is_proven(&GENESIS));
}
