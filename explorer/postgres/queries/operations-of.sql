-- Operations of one call within a time that mention a patient, a practitioner and a member, oldest first.
-- :patient, :practitioner and :member are their numbers, :'call' is as Appointments.book, whether by itself or
-- within another; :'from' and :'until' are the first moment and the moment after the last.
SELECT
    extrinsics.height,
    extrinsics.index,
    extrinsics.at,
    extrinsics.pallet || '.' || extrinsics.call AS call,
    extrinsics.signer,
    extrinsics.is_success,
    '0x' || encode(extrinsics.hash, 'hex') AS extrinsic
FROM extrinsics
JOIN extrinsic_entities AS patient USING (height, index)
JOIN extrinsic_entities AS practitioner USING (height, index)
JOIN extrinsic_entities AS member USING (height, index)
WHERE patient.kind = 'patient' AND patient.id = :patient::bigint
    AND practitioner.kind = 'practitioner' AND practitioner.id = :practitioner::bigint
    AND member.kind = 'member' AND member.id = :member::bigint
    AND (extrinsics.pallet || '.' || extrinsics.call = :'call' OR :'call' = ANY (extrinsics.wrapped))
    AND extrinsics.at >= :'from'::timestamptz AND extrinsics.at < :'until'::timestamptz
ORDER BY extrinsics.height, extrinsics.index;
