-- Which operations are about a patient: those that mention her, and those that mention an appointment, a
-- record, a bill or something else of hers, once it is there. The nodes' index has the same rule, and finds
-- the same. No table changes: what is exported stays.

-- Whose things are, and the event that made each. It names the patient, or else the invoice whose claim,
-- settlement or red-letter invoice the thing is.
CREATE VIEW patient_things AS
WITH named AS NOT MATERIALIZED (
    SELECT patient.id AS patient_id, made.kind, made.id, events.height, events.index
    FROM event_entities AS patient
    JOIN events USING (height, index)
    JOIN event_entities AS made USING (height, index)
    WHERE patient.kind = 'patient' AND (events.pallet, events.event, made.kind) IN (
        ('Appointments', 'Booked', 'appointment'),
        ('Appointments', 'Waitlisted', 'appointment'),
        ('Payments', 'InvoiceIssued', 'invoice'),
        ('Records', 'Granted', 'grant'),
        ('Records', 'Written', 'record')
    )
), billed AS NOT MATERIALIZED (
    SELECT named.patient_id, made.kind, made.id, events.height, events.index
    FROM named
    JOIN event_entities AS invoice ON (invoice.kind, invoice.id) = ('invoice', named.id)
    JOIN events ON (events.height, events.index) = (invoice.height, invoice.index)
    JOIN event_entities AS made ON (made.height, made.index) = (invoice.height, invoice.index)
    WHERE named.kind = 'invoice' AND (events.pallet, events.event, made.kind) IN (
        ('Insurance', 'Flagged', 'claim'),
        ('Insurance', 'Settled', 'settlement'),
        ('Payments', 'Refunded', 'invoice')
    )
)
-- Other events of these names mention things that are there already: the first one made it.
SELECT DISTINCT ON (patient_id, kind, id) patient_id, kind, id, height, index AS event_index
FROM (SELECT * FROM named UNION ALL SELECT * FROM billed) AS made
ORDER BY patient_id, kind, id, height, index;

-- The transactions that are about a patient. A transaction mentions what its events do, and so what it makes:
-- the height decides.
CREATE VIEW patient_operations AS
SELECT id AS patient_id, height, index
FROM extrinsic_entities
WHERE kind = 'patient'
UNION
SELECT things.patient_id, mention.height, mention.index
FROM patient_things AS things
JOIN extrinsic_entities AS mention ON (mention.kind, mention.id) = (things.kind, things.id)
WHERE mention.height >= things.height;

-- The events that are about a patient. None is before the one that made the thing.
CREATE VIEW patient_events AS
SELECT id AS patient_id, height, index
FROM event_entities
WHERE kind = 'patient'
UNION
SELECT things.patient_id, mention.height, mention.index
FROM patient_things AS things
JOIN event_entities AS mention ON (mention.kind, mention.id) = (things.kind, things.id)
WHERE (mention.height, mention.index) >= (things.height, things.event_index);

-- What was done within a time, whoever did it.
CREATE INDEX extrinsics_at ON extrinsics (at);
