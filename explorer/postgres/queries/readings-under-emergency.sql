-- Access in emergencies: who declared it, whether it was justified and reviewed, and what was read.
SELECT
    emergencies.emergency_id,
    emergencies.declared_at,
    emergencies.practitioner_id,
    members.name AS member,
    emergencies.patient_id,
    emergencies.reason,
    emergencies.state,
    emergencies.due,
    count(accesses.record_id) AS readings,
    count(DISTINCT accesses.record_id) AS records
FROM emergencies
JOIN members USING (member_id)
LEFT JOIN accesses
    ON accesses.patient_id = emergencies.patient_id AND accesses.emergency_id = emergencies.emergency_id
    AND accesses.is_allowed
GROUP BY emergencies.emergency_id, members.name
ORDER BY emergencies.declared_at DESC, emergencies.emergency_id DESC;
