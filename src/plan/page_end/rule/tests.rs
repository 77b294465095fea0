//! The rule page by page, and against a Haravan that begins to clamp whenever it likes.

use std::time::Duration;

use super::{
    Doubt, EVIDENCE_LASTS, Next, PATIENCE, PATIENCE_WITH_SUSPICIOUS, PageLengths, PageSeen, SentinelSeen,
    VARIED,
};
use crate::clock::Moment;
use crate::plan::MAX_PAGE;

/// A shop's pages, one after the other.
#[derive(Default)]
struct Shop {
    lengths: PageLengths,
    now: Moment,
}

impl Shop {
    /// A shop where a page of this length came just now.
    fn with_page_of(rows: usize) -> Self {
        let mut shop = Self::default();
        shop.hears(rows);
        shop
    }

    fn hears(&mut self, rows: usize) {
        let call = self.lengths.call_sent();
        self.lengths.call_ended(call, Some(rows), self.now);
    }

    fn page(&mut self, rows: usize) -> Next {
        self.judge(PageSeen { rows, ..PAGE })
    }

    fn judge(&mut self, page: PageSeen) -> Next {
        self.hears(page.rows);
        self.lengths.judge(page, self.now)
    }

    fn resolve(&self, doubt: Doubt, more_to_send: bool) -> Next {
        self.lengths.resolve(doubt, more_to_send, self.now)
    }

    fn passes(&mut self, time: Duration) {
        self.now = self.now.plus(time);
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
    limit: MAX_PAGE,
    outstanding: 1_000,
    sentinel: SentinelSeen::None,
    has_foreign: false,
    known_row_missing: false,
    improbable: false,
    by_chance: 0.25,
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
fn a_short_page_is_put_to_haravan_when_nothing_else_can_tell() {
    for rows in (1..250).filter(|rows| rows % 50 != 0) {
        let mut shop = Shop::with_page_of(rows - 1);
        let doubt = shop.doubt(rows);
        assert_eq!(shop.resolve(doubt, false), Next::AskOn, "{rows}");
    }
}

#[test]
fn a_page_with_its_sentinel_is_whole_without_any_evidence() {
    for sentinel in [SentinelSeen::Last, SentinelSeen::Passed] {
        assert_eq!(Shop::default().judge(PageSeen { sentinel, ..PAGE }), Next::Complete, "{sentinel:?}");
    }
    let missing = PageSeen { sentinel: SentinelSeen::Missing, ..PAGE };
    assert_eq!(Shop::with_page_of(200).judge(missing), Next::AskOn, "it was deleted, or the page was cut");
}

#[test]
fn a_longer_page_of_the_last_ten_minutes_is_evidence() {
    let mut shop = Shop::with_page_of(120);
    assert_eq!(shop.page(41), Next::Complete);
    shop.passes(EVIDENCE_LASTS);
    assert_eq!(shop.page(42), Next::Complete);
    shop.passes(Duration::from_secs(1));
    shop.doubt(43);
}

#[test]
fn a_page_that_an_empty_one_followed_is_evidence_for_its_length() {
    let mut shop = Shop::default();
    shop.doubt(41);
    shop.lengths.proven_whole(41, shop.now);
    assert_eq!(shop.page(41), Next::Complete);
    shop.doubt(42);
}

#[test]
fn a_length_that_haravan_clamps_other_things_to_is_cleared_only_by_longer_pages_that_come_later() {
    for rows in [50, 100, 150, 200] {
        for sentinel in [SentinelSeen::None, SentinelSeen::Last, SentinelSeen::Passed] {
            let mut shop = Shop::with_page_of(249);
            shop.lengths.proven_whole(rows, shop.now);
            let Next::Doubtful(doubt) = shop.judge(PageSeen { rows, sentinel, ..PAGE }) else {
                panic!("{rows} {sentinel:?} is believed");
            };
            assert_eq!(shop.resolve(doubt, false), Next::AskOn, "nothing else is sent");
            shop.page(rows + 1);
            assert_eq!(shop.resolve(doubt, true), Next::Doubtful(doubt), "the clamp may just have ended");
            shop.page(rows + 2);
            assert_eq!(shop.resolve(doubt, true), Next::Complete);
        }
    }
}

#[test]
fn a_page_of_a_usual_length_waits_for_few_others() {
    let mut shop = Shop::with_page_of(249);
    let doubt = shop.doubt(100);
    for _ in 0..PATIENCE_WITH_SUSPICIOUS {
        assert_eq!(shop.resolve(doubt, true), Next::Doubtful(doubt));
        shop.page(99);
    }
    assert_eq!(shop.resolve(doubt, true), Next::AskOn);
}

#[test]
fn the_longest_page_is_believed_once_where_pages_vary() {
    let mut shop = Shop::default();
    for rows in 30..30 + VARIED {
        shop.hears(rows);
    }
    assert_eq!(shop.page(60), Next::Complete);
    let doubt = shop.doubt(60);
    assert_eq!(shop.resolve(doubt, false), Next::AskOn, "two pages end in the length that none exceeds");
    shop.lengths.clamp_noticed();
    shop.doubt(61);
}

#[test]
fn what_speaks_against_a_page_outweighs_evidence() {
    let against = [
        PageSeen { has_foreign: true, ..PAGE },
        PageSeen { known_row_missing: true, ..PAGE },
        PageSeen { improbable: true, ..PAGE },
        PageSeen { known_clamp: true, ..PAGE },
        PageSeen { limit: 37, ..PAGE },
    ];
    for page in against {
        assert_eq!(Shop::with_page_of(120).judge(page), Next::AskOn, "{page:?}");
    }
}

#[test]
fn a_length_that_comes_again_and_again_is_suspicious_until_a_longer_page_comes() {
    let mut shop = Shop::with_page_of(120);
    let until_asked = |shop: &mut Shop| {
        (1..100).find(|_| match shop.page(37) {
            Next::Doubtful(doubt) => shop.resolve(doubt, false) == Next::AskOn,
            next => next == Next::AskOn,
        })
    };
    assert_eq!(until_asked(&mut shop), Some(5));
    assert_eq!(shop.page(38), Next::Complete, "longer");
    assert_eq!(until_asked(&mut shop), Some(5));
    // An empty page follows: the shop is like that.
    shop.lengths.proven_whole(37, shop.now);
    assert_eq!(until_asked(&mut shop), Some(9), "it takes more to be suspicious again");
}

#[test]
fn after_a_clamp_was_noticed_older_pages_are_no_evidence() {
    let mut shop = Shop::with_page_of(120);
    shop.lengths.clamp_noticed();
    shop.doubt(37);
}

#[test]
fn a_longer_page_that_comes_later_clears_a_doubt() {
    let mut shop = Shop::default();
    let doubt = shop.doubt(41);
    assert_eq!(shop.resolve(doubt, true), Next::Doubtful(doubt));
    shop.page(41);
    assert_eq!(shop.resolve(doubt, true), Next::Doubtful(doubt), "it is no longer");
    shop.page(42);
    assert_eq!(shop.resolve(doubt, true), Next::Complete);
}

#[test]
fn a_doubt_waits_while_calls_are_under_way_but_not_for_ever() {
    let mut shop = Shop::default();
    let doubt = shop.doubt(51);
    let later = shop.lengths.call_sent();
    assert_eq!(shop.resolve(doubt, false), Next::Doubtful(doubt));
    shop.lengths.call_ended(later, Some(11), shop.now);
    assert_eq!(shop.resolve(doubt, false), Next::AskOn);
    for _ in 1..PATIENCE {
        assert_eq!(shop.resolve(doubt, true), Next::Doubtful(doubt));
        shop.page(12);
    }
    assert_eq!(shop.resolve(doubt, true), Next::AskOn);
}

mod properties {
    use proptest::prelude::{ProptestConfig, Strategy, prop_assert_eq, proptest};

    use super::super::{CallNumber, Doubt, Next, PageLengths, PageSeen, SentinelSeen};
    use super::PAGE;
    use crate::clock::Moment;
    use crate::plan::MAX_PAGE;

    /// A tile on its way: how many rows and cells it has, and how many rows came. The last row is the sentinel's, if
    /// it has one.
    #[derive(Debug, Clone)]
    struct Walk {
        rows: usize,
        cells: usize,
        has_sentinel: bool,
        came: usize,
        state: State,
    }

    #[derive(Debug, Clone, Copy)]
    enum State {
        Waits,
        /// The call was sent; Haravan has not seen it.
        Sent(CallNumber),
        /// Haravan has answered with this many rows; they have not arrived.
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
            let now = Moment::default();
            self.state = match self.state {
                State::Waits => State::Sent(lengths.call_sent()),
                State::Sent(call) => State::Answered(call, haravan.page(self.rows - self.came)),
                State::Answered(call, rows) => {
                    self.came += rows;
                    lengths.call_ended(call, Some(rows), now);
                    let outstanding = self.cells - self.came;
                    let sentinel = match (self.has_sentinel, self.came == self.rows) {
                        (false, _) => SentinelSeen::None,
                        (true, true) => SentinelSeen::Last,
                        (true, false) => SentinelSeen::Missing,
                    };
                    State::after(lengths.judge(PageSeen { rows, outstanding, sentinel, ..PAGE }, now))
                }
                State::Doubts(doubt) => State::after(lengths.resolve(doubt, more_to_send, now)),
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

    fn walks(always_sentinel: bool) -> impl Strategy<Value = Vec<Walk>> {
        // Few rows, and many that are alike, so that small clamps and ties are met often.
        let rows = proptest::prop_oneof![0_usize..12, 0_usize..800];
        let sentinel = proptest::prelude::any::<bool>();
        let walk = (rows, 0_usize..3, sentinel).prop_map(move |(rows, empty, has_sentinel)| Walk {
            rows,
            cells: rows + empty,
            has_sentinel: 0 < rows && (always_sentinel || has_sentinel),
            came: 0,
            state: State::Waits,
        });
        proptest::collection::vec(walk, 1..12)
    }

    /// Walks all tiles to their ends; calls are sent, answered and heard in any order.
    fn walk_all(walks: &mut [Walk], mut haravan: Clamping, seed: u64) {
        let mut lengths = PageLengths::default();
        let mut random = fastrand::Rng::with_seed(seed);
        loop {
            let under_way = |walk: &&mut Walk| !matches!(walk.state, State::Done);
            let more_to_send = walks.iter().any(|walk| matches!(walk.state, State::Waits));
            let open: Vec<&mut Walk> = walks.iter_mut().filter(under_way).collect();
            let Some(walk) = random.choice(open) else { break };
            walk.step(&mut haravan, &mut lengths, more_to_send);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn no_clamp_to_a_multiple_of_fifty_that_begins_at_any_call_loses_a_row(
            mut walks in walks(false),
            clamp in (1_usize..=5).prop_map(|fifties| 50 * fifties),
            whole in 0_usize..40,
            seed in 0_u64..1_000_000,
        ) {
            walk_all(&mut walks, Clamping { clamp, whole }, seed);
            for walk in walks {
                prop_assert_eq!(walk.came, walk.rows);
            }
        }

        #[test]
        fn no_clamp_of_any_length_loses_a_row_where_there_is_a_sentinel(
            mut walks in walks(true),
            clamp in proptest::prop_oneof![1_usize..12, 1_usize..=MAX_PAGE],
            whole in 0_usize..40,
            seed in 0_u64..1_000_000,
        ) {
            walk_all(&mut walks, Clamping { clamp, whole }, seed);
            for walk in walks {
                prop_assert_eq!(walk.came, walk.rows);
            }
        }
    }
}
