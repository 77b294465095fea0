//! Whatever is asked, the answer is what one unlimited call to Haravan would have said.

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::runtime::Runtime;

use crate::gateway::{GENERATED, TestApp};
use crate::oracle::{self, Wanted};

/// Questions asked in one run.
const QUESTIONS: u32 = 150;

/// Times between the first and the last change of the generated rows, and beyond; spelled in every way.
fn times(changes: Vec<String>) -> impl Strategy<Value = String> {
    let second = (0_u32..60, 0_u32..60, 1_u32..13, 1_u32..29);
    prop_oneof![
        // At the very instant of a change, and as the same instant in another spelling.
        4 => proptest::sample::select(changes.clone()),
        2 => proptest::sample::select(changes)
            .prop_map(|text| text.replace('Z', "+00:00")),
        3 => second.prop_map(|(minute, second, month, day)|
            format!("2025-{month:02}-{day:02}T07:{minute:02}:{second:02}.5+07:00")),
        1 => Just("2018-11-16T10:36:20.691Z".to_owned()),
        1 => Just("2099-01-01T00:00:00Z".to_owned()),
    ]
}

/// Ids of the shop's, with some that are nobody's and some twice.
fn ids(known: Vec<u64>, most: usize) -> impl Strategy<Value = Vec<u64>> {
    let id = prop_oneof![9 => proptest::sample::select(known), 1 => 1..=u64::MAX];
    proptest::collection::vec(id, 1..=most)
}

fn questions(app: &TestApp) -> impl Strategy<Value = Wanted> {
    let shop = app.shop(GENERATED);
    let rows = shop.rows();
    let row_ids: Vec<u64> = rows.iter().map(|row| row.id).collect();
    let since = prop_oneof![Just(0), proptest::sample::select(row_ids), any::<u64>()];
    let page = proptest::option::weighted(0.3, 1_usize..5);
    (
        ids(shop.variant_ids(), 70),
        ids(shop.location_ids(), 30),
        proptest::option::weighted(0.4, since),
        proptest::option::weighted(0.4, times(rows.into_iter().map(|row| row.updated_at).collect())),
        (any::<bool>(), any::<bool>()),
        (proptest::option::weighted(0.4, 1_usize..400), page),
    )
        .prop_map(|(variant_ids, location_ids, since_id, updated_at_min, order, slice)| Wanted {
            variant_ids,
            location_ids,
            since_id,
            updated_at_min,
            by_updated_at: order.0,
            descending: order.1,
            limit: slice.0,
            page: slice.1,
        })
}

#[test]
fn any_question_is_answered_as_one_unlimited_call_would_answer_it() {
    let runtime = Runtime::new().unwrap();
    let _inside = runtime.enter();
    let app = runtime.block_on(TestApp::spawn());
    let rows = oracle::rows(&app.shop(GENERATED));
    let config = Config { cases: QUESTIONS, failure_persistence: None, ..Config::default() };
    let asked = TestRunner::new(config).run(&questions(&app), |wanted| {
        let answer = runtime.block_on(app.inventory(GENERATED, &wanted.query()).into_future());
        if answer.status != 200 {
            return Err(TestCaseError::fail(answer.shown()));
        }
        let (got, expected) = (answer.rows(), wanted.answer(&rows));
        let differs = got.iter().zip(&expected).position(|(got, expected)| got != expected);
        let same = got == expected && answer.header("x-tonkho-missing").is_none();
        // What is cached grows old and is read anew, or not, from question to question.
        app.age(wanted.variant_ids.len().try_into().unwrap());
        let lengths = format!("{} rows, not {}; first at {differs:?}", got.len(), expected.len());
        if same { Ok(()) } else { Err(TestCaseError::fail(lengths)) }
    });
    asked.unwrap();
}

#[test]
fn any_question_is_answered_so_through_short_pages_too() {
    let runtime = Runtime::new().unwrap();
    let _inside = runtime.enter();
    let app = runtime.block_on(TestApp::spawn());
    app.shop(GENERATED).update_faults(|faults| faults.page_clamp = Some(50));
    let rows = oracle::rows(&app.shop(GENERATED));
    let config = Config { cases: QUESTIONS / 3, failure_persistence: None, ..Config::default() };
    let asked = TestRunner::new(config).run(&questions(&app), |wanted| {
        let purge = app.ask(reqwest::Method::DELETE, "/shops/2000/cache").key(crate::gateway::TK_ALL);
        runtime.block_on(purge.into_future());
        let answer = runtime.block_on(app.inventory(GENERATED, &wanted.query()).into_future());
        let (got, expected) = (answer.rows(), wanted.answer(&rows));
        let lengths = format!("{} rows, not {}", got.len(), expected.len());
        if got == expected { Ok(()) } else { Err(TestCaseError::fail(lengths)) }
    });
    asked.unwrap();
}
