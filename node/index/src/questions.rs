//! Regulators' questions: kept for good, in a database of their own that no rebuilding touches.

use codec::{Decode, Encode};
use parking_lot::Mutex;
use xinglin_core::{KeptQuestion, QuestionLog, StoreError};
use xinglin_storage::{OpenError, OrderedConfig, OrderedDatabase, Space};

use crate::index::IndexConfig;

/// Questions in one answer.
pub const QUESTIONS_MAX: u32 = 1_000;

/// Version of keys and values. A database of another version is refused, never removed.
const FORMAT_VERSION: u32 = 1;
/// Number, big-endian → question.
const QUESTIONS: &str = "questions";
/// A few questions a minute need little.
const CACHE_BYTES: usize = 1024 * 1024;
const MEMTABLE_BYTES: usize = 1024 * 1024;
const OPEN_FILES_MAX: u16 = 16;

/// The questions that this node has answered to regulators.
pub struct Questions {
    pub(crate) database: OrderedDatabase,
    /// The number of the next one.
    next: Mutex<u64>,
}

impl Questions {
    /// Opens the log of a chain's questions, or makes an empty one.
    pub fn open(config: &IndexConfig) -> Result<Self, OpenError> {
        let database = OrderedDatabase::open(&OrderedConfig {
            path: config.questions_path.clone(),
            chain_id: config.chain_id.clone(),
            genesis: config.genesis,
            format: FORMAT_VERSION,
            spaces: &[Space {
                name: QUESTIONS,
                is_looked_up: false,
            }],
            cache_bytes: CACHE_BYTES,
            memtable_bytes: MEMTABLE_BYTES,
            open_files_max: OPEN_FILES_MAX,
        })?;
        let next = next_number(&database).map_err(|error| OpenError::Torn {
            path: config.questions_path.clone(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            database,
            next: Mutex::new(next),
        })
    }
}

fn next_number(database: &OrderedDatabase) -> Result<u64, StoreError> {
    let mut cursor = database.cursor(QUESTIONS, &[], None);
    cursor.seek_back(&u64::MAX.to_be_bytes());
    let Some((key, _)) = cursor.item()? else {
        return Ok(0);
    };
    let last = key.try_into().map(u64::from_be_bytes);
    let next = last.ok().and_then(|last| last.checked_add(1));
    next.ok_or_else(|| StoreError::Corrupt("a question's number does not decode".to_owned()))
}

impl QuestionLog for Questions {
    fn keep_question(&self, question: &KeptQuestion) -> Result<u64, StoreError> {
        let mut next = self.next.lock();
        let number = *next;
        let after = number
            .checked_add(1)
            .ok_or_else(|| StoreError::Refused("no number is left for a question".to_owned()))?;
        let mut batch = self.database.batch();
        batch.put(QUESTIONS, &number.to_be_bytes(), &question.encode());
        batch.write(true)?;
        *next = after;
        Ok(number)
    }

    fn questions(&self, from: u64, limit: u32) -> Result<Vec<KeptQuestion>, StoreError> {
        let limit = limit.min(QUESTIONS_MAX) as usize;
        let from = from.to_be_bytes();
        let mut cursor = self.database.cursor(QUESTIONS, &from, None);
        cursor.seek(&from);
        let mut questions = Vec::new();
        while let (true, Some((_, value))) = (questions.len() < limit, cursor.item()?) {
            let question = KeptQuestion::decode(&mut &value[..])
                .map_err(|_| StoreError::Corrupt("a kept question does not decode".to_owned()))?;
            questions.push(question);
            cursor.next();
        }
        Ok(questions)
    }

    fn question_count(&self) -> Result<u64, StoreError> {
        Ok(*self.next.lock())
    }
}
