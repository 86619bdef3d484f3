-- From a booking to its settlement: all that happened about one appointment, in order.
-- :appointment is its number.
WITH things AS (
    SELECT 'appointment' AS kind, :appointment::bigint AS id
    UNION ALL
    SELECT 'record', record_id FROM records WHERE appointment_id = :appointment::bigint
    UNION ALL
    SELECT 'invoice', invoice_id FROM invoices WHERE appointment_id = :appointment::bigint
    UNION ALL
    SELECT 'settlement', settlements.settlement_id
    FROM settlements
    JOIN invoices USING (invoice_id)
    WHERE invoices.appointment_id = :appointment::bigint
    UNION ALL
    SELECT 'claim', claims.claim_id
    FROM claims
    JOIN invoices USING (invoice_id)
    WHERE invoices.appointment_id = :appointment::bigint
    UNION ALL
    SELECT 'invoice', red_letters.red_id
    FROM red_letters
    JOIN invoices USING (invoice_id)
    WHERE invoices.appointment_id = :appointment::bigint
)
SELECT DISTINCT
    events.height,
    events.index,
    events.at,
    events.pallet,
    events.event,
    things.kind,
    things.id,
    extrinsics.signer,
    '0x' || encode(extrinsics.hash, 'hex') AS extrinsic,
    events.fields::text AS fields
FROM things
JOIN event_entities USING (kind, id)
JOIN events USING (height, index)
LEFT JOIN extrinsics ON extrinsics.height = events.height AND extrinsics.index = events.extrinsic
ORDER BY events.height, events.index, things.kind, things.id;
