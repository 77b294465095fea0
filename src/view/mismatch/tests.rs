//! The mismatches against the contract read word by word.

use proptest::{prop_assert_eq, proptest};

use super::{MismatchAnswer, mismatch};
use crate::domain::cell::MissingReason;
use crate::domain::location::{LocationBook, LocationClass};
use crate::view::lines::Tabular;
use crate::view::sample::{
    Sample, context, documented_example, hundredths, no_row, place, row, shown, unknown, veiled,
};
use crate::view::updated_at::UpdatedAt;

fn answer(sample: &Sample) -> MismatchAnswer {
    mismatch(sample.cells(), sample.context())
}

proptest! {
    #[test]
    fn mismatches_are_the_rows_that_do_not_add_up_largest_first(veiled in veiled()) {
        let sample = veiled.seen;
        let mut expected: Vec<_> = sample.rows().filter_map(|row| {
            let should_be = hundredths(row.qty_onhand) - hundredths(row.qty_commited);
            let difference = hundredths(row.qty_available) - should_be;
            (difference != 0).then_some((-difference.abs(), row.variant_id, row.loc_id, difference, row))
        }).collect();
        expected.sort_by_key(|(magnitude, variant_id, loc_id, ..)| (*magnitude, *variant_id, *loc_id));
        let answer = answer(&sample);
        prop_assert_eq!(answer.count, expected.len());
        prop_assert_eq!(answer.alerts.len(), expected.len());
        for (alert, (_, variant_id, loc_id, difference, row)) in answer.alerts.iter().zip(expected) {
            prop_assert_eq!((alert.variant_id, alert.loc_id), (variant_id, loc_id));
            prop_assert_eq!(hundredths(&alert.difference), difference);
            prop_assert_eq!((alert.id, alert.product_id), (row.id, row.product_id));
            let [onhand, commited, incoming, available] = shown(row);
            prop_assert_eq!([&alert.qty_onhand, &alert.qty_commited], [&onhand, &commited]);
            prop_assert_eq!([&alert.qty_incoming, &alert.qty_available], [&incoming, &available]);
            prop_assert_eq!(&alert.updated_at, &UpdatedAt::Plain(row.updated_at));
            prop_assert_eq!(alert.location_name.as_deref(), sample.book.name(row.loc_id));
        }
    }
}

#[test]
fn the_documented_example_answer_adds_up_and_its_property_list_does_not() {
    assert_eq!(answer(&documented_example()).count, 0);
    let book = LocationBook::new([place(7, "=Kho", LocationClass::Transit)], []);
    let cells = || [row(1, 7, ["0", "7", "1", "5"])].into_iter();
    assert_eq!(
        serde_json::to_string(&mismatch(cells(), context(&book)).alerts).unwrap(),
        concat!(
            r#"[{"id":10007,"loc_id":7,"product_id":1000,"variant_id":1,"qty_onhand":0,"qty_commited":7,"#,
            r#""qty_incoming":1,"qty_available":5,"updated_at":"2021-07-08T01:47:17.6Z","#,
            r#""location_name":"=Kho","difference":12}]"#
        )
    );
    let lines = mismatch(cells(), context(&book)).into_csv().flat_map(Result::unwrap).collect();
    assert_eq!(
        String::from_utf8(lines).unwrap(),
        concat!(
            "id,loc_id,product_id,variant_id,qty_onhand,qty_commited,qty_incoming,qty_available,updated_at,",
            "location_name,difference\r\n10007,7,1000,1,0,7,1,5,2021-07-08T01:47:17.6Z,'=Kho,12\r\n"
        )
    );
}

#[test]
fn differences_are_exact_and_ordered_by_size_whatever_their_sign() {
    let book = LocationBook::new([], []);
    let cells = [
        row(1, 1, ["0.3", "0.1", "0", "0.2"]),
        row(1, 2, ["0.3", "0.1", "0", "0.20"]),
        row(1, 3, ["0.3", "0.1", "0", "0.1"]),
        row(2, 1, ["5", "0", "0", "3"]),
        row(2, 2, ["5", "0", "0", "7"]),
        no_row(2, 3),
        unknown(3, 1, MissingReason::Failed),
    ];
    let answer = mismatch(cells.into_iter(), context(&book));
    let told: Vec<String> = answer
        .alerts
        .iter()
        .map(|alert| format!("{} {} {}", alert.variant_id, alert.loc_id, alert.difference))
        .collect();
    assert_eq!(told, ["2 1 -2", "2 2 2", "1 3 -0.1"]);
    assert_eq!((answer.envelope.complete, answer.envelope.missing_total), (false, 1));
}
