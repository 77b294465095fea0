//! The rule page by page, and against a Haravan that begins to clamp whenever it likes.

use super::{Doubt, Next, PATIENCE, PageLengths, PageSeen};

/// A tile's page and what was seen of the shop's pages before.
#[derive(Default)]
struct Shop {
    lengths: PageLengths,
}

impl Shop {
    fn page(&mut self, rows: usize) -> Next {
        self.judge(PageSeen { rows, ..PAGE })
    }

    fn judge(&mut self, page: PageSeen) -> Next {
        let call = self.lengths.call_sent();
        self.lengths.call_ended(call, Some(page.rows));
        self.lengths.judge(page)
    }

    #[track_caller]
    fn doubt(&mut self, rows: usize) -> Doubt {
        match self.page(rows) {
            Next::Doubtful(doubt) => doubt,
            next => panic!("{next:?}"),
        }
    }
}

const PAGE: PageSeen = PageSeen {
    rows: 37,
    outstanding: 1_000,
    known_row_missing: false,
    improbable: false,
    known_clamp: false,
};

#[test]
fn a_full_page_is_followed_by_another() {
    assert_eq!(Shop::default().page(250), Next::AskOn);
}

#[test]
fn an_empty_page_ends_the_tile() {
    assert_eq!(Shop::default().page(0), Next::Complete);
}

#[test]
fn a_tile_whose_cells_all_came_is_complete_whatever_the_length() {
    for rows in [1, 3, 50, 250] {
        assert_eq!(Shop::default().judge(PageSeen { rows, outstanding: 0, ..PAGE }), Next::Complete);
    }
}

#[test]
fn a_short_page_of_any_length_is_put_to_haravan_when_nothing_else_can_tell() {
    for rows in 1..250 {
        let mut shop = Shop::default();
        shop.page(250);
        let doubt = shop.doubt(rows);
        assert_eq!(shop.lengths.resolve(doubt, false), Next::AskOn, "{rows}");
    }
}

#[test]
fn a_longer_page_that_was_asked_for_later_clears_a_doubt() {
    let mut shop = Shop::default();
    let asked_before = shop.lengths.call_sent();
    let doubt = shop.doubt(41);
    shop.lengths.call_ended(asked_before, Some(120));
    assert_eq!(shop.lengths.resolve(doubt, true), Next::Doubtful(doubt), "it was asked for before");
    shop.page(41);
    assert_eq!(shop.lengths.resolve(doubt, true), Next::Doubtful(doubt), "it is no longer");
    shop.page(42);
    assert_eq!(shop.lengths.resolve(doubt, true), Next::Complete);
}

#[test]
fn a_doubt_waits_while_calls_are_under_way_but_not_for_ever() {
    let mut shop = Shop::default();
    let doubt = shop.doubt(50);
    let later = shop.lengths.call_sent();
    assert_eq!(shop.lengths.resolve(doubt, false), Next::Doubtful(doubt));
    shop.lengths.call_ended(later, Some(11));
    assert_eq!(shop.lengths.resolve(doubt, false), Next::AskOn);
    for _ in 1..PATIENCE {
        assert_eq!(shop.lengths.resolve(doubt, true), Next::Doubtful(doubt));
        shop.page(12);
    }
    assert_eq!(shop.lengths.resolve(doubt, true), Next::AskOn);
}

#[test]
fn a_page_as_long_as_a_known_clamp_is_followed_by_another() {
    assert_eq!(Shop::default().judge(PageSeen { known_clamp: true, ..PAGE }), Next::AskOn);
}

#[test]
fn a_known_row_that_did_not_come_makes_a_short_page_suspicious() {
    assert_eq!(Shop::default().judge(PageSeen { known_row_missing: true, ..PAGE }), Next::AskOn);
}

#[test]
fn a_page_that_is_improbably_short_is_not_believed() {
    assert_eq!(Shop::default().judge(PageSeen { improbable: true, ..PAGE }), Next::AskOn);
}

mod properties {
    use proptest::prelude::{ProptestConfig, Strategy, prop_assert_eq, proptest};

    use super::super::{CallNumber, Doubt, Next, PageLengths, PageSeen};
    use super::PAGE;
    use crate::plan::MAX_PAGE;

    /// A tile on its way: how many rows and cells it has, and how many rows came.
    #[derive(Debug, Clone)]
    struct Walk {
        rows: usize,
        cells: usize,
        came: usize,
        state: State,
    }

    #[derive(Debug, Clone, Copy)]
    enum State {
        Waits,
        /// The call was sent; Haravan has not seen it.
        Sent(CallNumber),
        /// Haravan has answered with so many rows; they have not arrived.
        Answered(CallNumber, usize),
        Doubts(Doubt),
        Done,
    }

    /// A Haravan that clamps to `clamp` rows once it has answered `whole` calls as it should.
    struct Clamping {
        clamp: usize,
        whole: usize,
    }

    impl Clamping {
        fn page(&mut self, rows_left: usize) -> usize {
            let most = if self.whole == 0 { self.clamp } else { MAX_PAGE };
            self.whole = self.whole.saturating_sub(1);
            rows_left.min(most).min(MAX_PAGE)
        }
    }

    impl Walk {
        /// Takes the walk's next step.
        fn step(&mut self, haravan: &mut Clamping, lengths: &mut PageLengths, more_to_send: bool) {
            self.state = match self.state {
                State::Waits => State::Sent(lengths.call_sent()),
                State::Sent(call) => State::Answered(call, haravan.page(self.rows - self.came)),
                State::Answered(call, rows) => {
                    self.came += rows;
                    lengths.call_ended(call, Some(rows));
                    let outstanding = self.cells - self.came;
                    State::after(lengths.judge(PageSeen { rows, outstanding, ..PAGE }))
                }
                State::Doubts(doubt) => State::after(lengths.resolve(doubt, more_to_send)),
                State::Done => State::Done,
            };
        }
    }

    impl State {
        fn after(next: Next) -> Self {
            match next {
                Next::Complete => Self::Done,
                Next::AskOn => Self::Waits,
                Next::Doubtful(doubt) => Self::Doubts(doubt),
            }
        }
    }

    fn walks() -> impl Strategy<Value = Vec<Walk>> {
        // Few rows, and many that are alike, so that small clamps and ties are met often.
        let rows = proptest::prop_oneof![0_usize..12, 0_usize..800];
        let walk = (rows, 0_usize..3).prop_map(|(rows, empty)| Walk {
            rows,
            cells: rows + empty,
            came: 0,
            state: State::Waits,
        });
        proptest::collection::vec(walk, 1..12)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn no_clamp_of_any_length_that_begins_at_any_call_loses_a_row(
            mut walks in walks(),
            clamp in proptest::prop_oneof![1_usize..12, 1_usize..=MAX_PAGE],
            whole in 0_usize..40,
            seed in 0_u64..1_000_000,
        ) {
            let (mut haravan, mut lengths) = (Clamping { clamp, whole }, PageLengths::default());
            let mut random = fastrand::Rng::with_seed(seed);
            loop {
                let under_way = |walk: &&mut Walk| !matches!(walk.state, State::Done);
                let more_to_send = walks.iter().any(|walk| matches!(walk.state, State::Waits));
                let open: Vec<&mut Walk> = walks.iter_mut().filter(under_way).collect();
                // Calls are sent, answered and heard in any order.
                let Some(walk) = random.choice(open) else { break };
                walk.step(&mut haravan, &mut lengths, more_to_send);
            }
            for walk in walks {
                prop_assert_eq!(walk.came, walk.rows);
            }
        }
    }
}
