//! Questions outlive everything.

use xinglin_core::{KeptQuestion, QuestionLog};
use xinglin_index::{remove, Questions};
use xinglin_primitives::{AccountId, CaseId, Hash};
use xinglin_storage::OpenError;

use crate::support::{schema, FakeChain, Folder};

fn question(number: u8) -> KeptQuestion {
    KeptQuestion {
        asked_at_ms: u64::from(number),
        account: AccountId::new([number; 32]),
        case: CaseId(7),
        method: "explorer_extrinsics".to_owned(),
        question: "{}".to_owned(),
        signed: Hash::repeat_byte(number),
    }
}

#[test]
fn questions_are_numbered_without_gaps_and_stay_when_the_index_is_made_anew() {
    let folder = Folder::new();
    let questions = Questions::open(&folder.config).unwrap();
    assert_eq!(questions.question_count().unwrap(), 0);
    assert!(questions.questions(0, 10).unwrap().is_empty());
    for number in 0..3 {
        let kept = questions.keep_question(&question(number)).unwrap();
        assert_eq!(kept, u64::from(number));
    }
    drop(questions);
    drop(folder.open(FakeChain::new(Vec::new()), &schema()));
    assert!(remove(&folder.config).unwrap());
    assert!(!remove(&folder.config).unwrap());

    let questions = Questions::open(&folder.config).unwrap();
    assert_eq!(questions.question_count().unwrap(), 3);
    assert_eq!(questions.questions(1, 1).unwrap(), [question(1)]);
    assert_eq!(
        questions.questions(1, 10).unwrap(),
        [question(1), question(2)]
    );
    assert!(questions.questions(3, 10).unwrap().is_empty());
    assert_eq!(questions.keep_question(&question(3)).unwrap(), 3);
}

#[test]
fn those_of_another_chain_are_refused() {
    let mut folder = Folder::new();
    drop(Questions::open(&folder.config).unwrap());
    drop(folder.open(FakeChain::new(Vec::new()), &schema()));
    folder.config.genesis = Hash::repeat_byte(2);
    let refused = Questions::open(&folder.config).map(drop).unwrap_err();
    assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
    let refused = remove(&folder.config).unwrap_err();
    assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
    assert!(folder.config.path.exists());
}
