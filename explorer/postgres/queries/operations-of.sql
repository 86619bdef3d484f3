-- Operations that are about all that is given of a patient, a doctor, a member and so on, oldest first.
-- Each value can be left out; without any, these are all operations.
-- :patient, :practitioner, :member, :appointment, :record, :grant, :invoice, :settlement, :claim and :case are
-- numbers. Of a patient are also operations that name her things alone, such as a check-in her appointment.
-- :'call' is as Appointments.book, whether by itself or within another; :'from' and :'until' are the first
-- moment and the moment after the last.
\if :{?patient} \else \set patient '' \endif
\if :{?practitioner} \else \set practitioner '' \endif
\if :{?member} \else \set member '' \endif
\if :{?appointment} \else \set appointment '' \endif
\if :{?record} \else \set record '' \endif
\if :{?grant} \else \set grant '' \endif
\if :{?invoice} \else \set invoice '' \endif
\if :{?settlement} \else \set settlement '' \endif
\if :{?claim} \else \set claim '' \endif
\if :{?case} \else \set case '' \endif
\if :{?call} \else \set call '' \endif
\if :{?from} \else \set from '' \endif
\if :{?until} \else \set until '' \endif
WITH given AS (
    SELECT kind, nullif(id, '')::bigint AS id
    FROM (VALUES
        ('patient', :'patient'),
        ('practitioner', :'practitioner'),
        ('member', :'member'),
        ('appointment', :'appointment'),
        ('record', :'record'),
        ('grant', :'grant'),
        ('invoice', :'invoice'),
        ('settlement', :'settlement'),
        ('claim', :'claim'),
        ('case', :'case')
    ) AS written (kind, id)
    WHERE id <> ''
), period AS (
    SELECT
        coalesce(nullif(:'from', '')::timestamptz, '-infinity') AS since,
        coalesce(nullif(:'until', '')::timestamptz, 'infinity') AS until
), mentions AS (
    SELECT 'patient' AS kind, height, index
    FROM patient_operations
    WHERE patient_id = nullif(:'patient', '')::bigint
    UNION ALL
    SELECT kind, height, index
    FROM given
    JOIN extrinsic_entities USING (kind, id)
    WHERE kind <> 'patient'
), found AS (
    SELECT height, index
    FROM mentions
    GROUP BY height, index
    HAVING count(*) = (SELECT count(*) FROM given)
    UNION ALL
    SELECT height, index
    FROM extrinsics
    WHERE NOT EXISTS (SELECT FROM given)
        AND at >= (SELECT since FROM period) AND at < (SELECT until FROM period)
)
SELECT
    operation.height,
    operation.index,
    operation.at,
    operation.pallet || '.' || operation.call AS call,
    operation.signer,
    operation.is_success,
    '0x' || encode(operation.hash, 'hex') AS extrinsic
FROM found
-- Each by its place: OFFSET keeps the planner from reading all of the period instead.
CROSS JOIN LATERAL (
    SELECT *
    FROM extrinsics
    WHERE (extrinsics.height, extrinsics.index) = (found.height, found.index)
    OFFSET 0
) AS operation
CROSS JOIN period
WHERE (:'call' = '' OR operation.pallet || '.' || operation.call = :'call' OR :'call' = ANY (operation.wrapped))
    AND operation.at >= period.since AND operation.at < period.until
ORDER BY operation.height, operation.index;
