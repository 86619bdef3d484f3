//! Who else reads: the clinic's doctor, to whom the patients are referred, and nobody to whom nothing
//! was granted.

use anyhow::{ensure, Result};
use futures::future::try_join_all;
use pallet_records::{
    access::{Denial, Purpose},
    grants::{Covered, Grantee},
    requests::{NewRequest, RequestReason},
};
use xinglin_primitives::{
    time::{Moment, DAY_MS},
    AccessRequestId, GrantId, Party, RecordId,
};
use xinglin_runtime::{Runtime, RuntimeEvent};
use xinglin_sdk::{
    client::{Client, Outcome},
    operation::{self, told},
    parties,
    records::{self, Period},
};

use super::{
    super::stage::Stage,
    cast::{Cast, Doctor, Patient},
    encounters::{Encounters, Scene},
};

/// How long the clinic's doctor may read what she is referred.
const REFERRAL_MS: Moment = 7 * DAY_MS;

impl Encounters {
    /// Refers the patients to the clinic (转诊): the doctor asks for its doctor, the patients agree,
    /// she reads, and they take the grant back.
    pub async fn refer(
        &self,
        stage: &mut Stage,
        cast: &Cast,
        doctor: &Doctor,
        scenes: &[Scene<'_>],
    ) -> Result<()> {
        let asked: Vec<(&Scene<'_>, RecordId)> = scenes
            .iter()
            .flat_map(|scene| scene.records.iter().map(move |record| (scene, *record)))
            .collect();
        let requests = asked.iter().map(|(scene, record)| {
            let request = NewRequest {
                patient: scene.patient.id,
                what: Covered::Record(*record),
                grantee: Grantee::Practitioner(cast.clinic_doctor.id),
                purpose: Purpose::Treatment,
                reason: RequestReason::Referral,
            };
            let requester = doctor.id;
            pallet_records::Call::<Runtime>::request_access { requester, request }.into()
        });
        let outcomes = stage.in_order(&doctor.actor, requests.collect()).await?;
        let mut by_scene: Vec<(&Scene<'_>, Vec<AccessRequestId>)> = Vec::new();
        for (outcome, (scene, _)) in outcomes.iter().zip(&asked) {
            let request = told(outcome, "AccessRequested", |event| match event {
                RuntimeEvent::Records(pallet_records::Event::AccessRequested {
                    request, ..
                }) => Some(*request),
                _ => None,
            })?;
            match by_scene.last_mut() {
                Some((last, requests)) if last.place == scene.place => requests.push(request),
                _ => by_scene.push((scene, vec![request])),
            }
        }
        let answers = by_scene.iter().map(|(scene, requests)| {
            let client = stage.client(&scene.patient.actor.wallet);
            answer(client, scene.patient, requests)
        });
        let answered: Vec<(Vec<GrantId>, Vec<Outcome>)> = try_join_all(answers).await?;
        for (_, outcomes) in &answered {
            stage.keep(outcomes).await?;
        }
        let ids: Vec<RecordId> = asked.iter().map(|(_, record)| *record).collect();
        for part in ids.chunks(pallet_records::types::BATCH_MAX as usize) {
            self.read_all(stage, &cast.clinic_doctor, part).await?;
        }
        let revocations = by_scene
            .iter()
            .zip(&answered)
            .map(|((scene, _), (grants, _))| {
                let client = stage.client(&scene.patient.actor.wallet);
                revoke(client, scene.patient, grants)
            });
        let revoked = try_join_all(revocations).await?;
        stage.keep(&revoked.concat()).await
    }
}

/// The patients agree to what was asked.
async fn answer(
    client: &Client,
    patient: &Patient,
    requests: &[AccessRequestId],
) -> Result<(Vec<GrantId>, Vec<Outcome>)> {
    let now = parties::now(client).await?;
    let period = Period {
        from: now,
        until: now + REFERRAL_MS,
    };
    let (mut grants, mut outcomes) = (Vec::new(), Vec::new());
    for request in requests {
        let sharing =
            records::answer(client, &patient.actor.wallet, *request, period, false).await?;
        grants.push(sharing.grant);
        outcomes.extend(sharing.outcomes);
    }
    Ok((grants, outcomes))
}

async fn revoke(client: &Client, patient: &Patient, grants: &[GrantId]) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for grant in grants {
        let call = pallet_records::Call::<Runtime>::revoke { grant: *grant };
        outcomes.push(operation::execute(client, patient.actor.wallet.key(), call).await?);
    }
    Ok(outcomes)
}

/// A doctor to whom nothing was granted tries to read, and is refused. The attempt stays on the
/// chain.
pub async fn refuse(stage: &mut Stage, other: &Doctor, scenes: &[Scene<'_>]) -> Result<()> {
    let ids: Vec<RecordId> = scenes
        .iter()
        .flat_map(|scene| scene.records.clone())
        .collect();
    for part in ids.chunks(pallet_records::types::BATCH_MAX as usize) {
        let client = stage.client(&other.actor.wallet);
        let party = Party::Practitioner(other.id);
        let wallet = &other.actor.wallet;
        let opening = records::open(client, wallet, party, part, Purpose::Treatment).await?;
        let is_refused =
            |(_, denial): &(RecordId, Denial)| matches!(denial, Denial::NoGrant | Denial::Expired);
        ensure!(
            opening.allowed.is_empty() && opening.denied.iter().all(is_refused),
            "{} could open {:?} without a grant",
            other.actor.name,
            opening.allowed
        );
        stage.keep(&[opening.outcome]).await?;
    }
    Ok(())
}
