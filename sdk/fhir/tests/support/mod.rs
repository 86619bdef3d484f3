//! What the tests share.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::{fs, path::PathBuf};

use xinglin_fhir::{Bundle, Dossier, FhirError, Limits, RecordOptions};

/// The JSON documents of a folder with their names, in order.
pub fn documents(folder: PathBuf) -> Vec<(String, Vec<u8>)> {
    let mut documents: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    documents.sort();
    assert!(!documents.is_empty(), "the folder holds no JSON document");
    documents
}

/// A bundle of these resources, each a JSON object; their full URLs are their ids.
pub fn bundle_of(resources: &[String]) -> Vec<u8> {
    let entries: Vec<String> = resources
        .iter()
        .enumerate()
        .map(|(index, resource)| {
            format!(r#"{{"fullUrl":"urn:uuid:{index}","resource":{resource}}}"#)
        })
        .collect();
    let entries = entries.join(",");
    format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{entries}]}}"#).into_bytes()
}

/// The resources of a patient (entry 0) with one encounter (entry 1).
pub fn visit_of_one() -> Vec<String> {
    vec![
        r#"{"resourceType":"Patient","id":"0"}"#.into(),
        r#"{"resourceType":"Encounter","id":"1","status":"finished","class":{"code":"AMB"},
            "subject":{"reference":"urn:uuid:0"},
            "period":{"start":"2024-01-01T10:00:00+08:00","end":"2024-01-01T10:30:00+08:00"}}"#
            .into(),
    ]
}

pub fn parse(document: &[u8]) -> Result<Bundle, FhirError> {
    Bundle::parse(document, &Limits::default())
}

pub fn split(document: &[u8]) -> Result<Dossier, FhirError> {
    Dossier::split(&parse(document)?, &RecordOptions::default())
}
