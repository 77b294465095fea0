//! The kinds of what Haravan sends that cannot be taken as it is: a closed set, since they label a metric.

/// What was odd in an answer of Haravan's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnreadableKind {
    /// A row whose variant or location cannot be read.
    RowIds,
    /// A row of a known cell with another member that cannot be read.
    RowFields,
    /// A second row for a cell.
    RowRepeated,
    /// A row of a cell that was not asked for.
    RowForeign,
    /// A location whose id cannot be read.
    LocationId,
    /// A location with another member that cannot be read.
    LocationMember,
    /// A location that is listed twice, with different words.
    LocationRepeated,
}

impl UnreadableKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::RowIds,
        Self::RowFields,
        Self::RowRepeated,
        Self::RowForeign,
        Self::LocationId,
        Self::LocationMember,
        Self::LocationRepeated,
    ];

    /// The kind's name in metrics and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RowIds => "row_ids",
            Self::RowFields => "row_fields",
            Self::RowRepeated => "row_repeated",
            Self::RowForeign => "row_foreign",
            Self::LocationId => "location_id",
            Self::LocationMember => "location_member",
            Self::LocationRepeated => "location_repeated",
        }
    }

    /// The kind in words.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::RowIds => "Haravan sent a row whose variant or location cannot be read",
            Self::RowFields => "Haravan sent a row with a member that cannot be read",
            Self::RowRepeated => "Haravan sent two rows for one variant and location",
            Self::RowForeign => "Haravan sent a row that was not asked for",
            Self::LocationId => "Haravan sent a location whose id cannot be read",
            Self::LocationMember => "Haravan sent a location with a member that cannot be read",
            Self::LocationRepeated => "Haravan sent a location twice, with different members",
        }
    }

    /// The kind's place in [`Self::ALL`].
    #[must_use]
    pub fn place(self) -> usize {
        Self::ALL.iter().position(|kind| *kind == self).unwrap_or_default()
    }
}
