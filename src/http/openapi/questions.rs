//! The questions of the routes as the OpenAPI document describes them, in a URL and in a body: made of the
//! [table of parameters](crate::http::request::parameters::table). And what the views reply.

use serde_json::{Map, Value, json};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{
    AdditionalProperties, AllOfBuilder, AnyOfBuilder, ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType,
    Type,
};
use utoipa::openapi::{KnownFormat, Ref, RefOr, Required, Schema, SchemaFormat};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::bodies::InventoryLocations;
use super::texts::{AMOUNT_TEXT, Amount, ID_LIST, Id, Ids, OrderLine};
use crate::http::question::explanation::ExplanationBody;
use crate::http::request::parameters::Vocabulary;
use crate::http::request::parameters::declared::{Declared, Shape};
use crate::http::request::parameters::table::{
    AVAILABILITY, FULFILMENT, INVENTORY, LOCATIONS, LOW_STOCK, MISMATCH, NEGATIVE, PURGE, STOCK,
    VARIANT_STOCK,
};

use crate::view::availability::AvailabilityAnswer;
use crate::view::fulfilment::FulfilmentAnswer;
use crate::view::low_stock::LowStockAnswer;
use crate::view::mismatch::MismatchAnswer;
use crate::view::negative::NegativeAnswer;
use crate::view::stock::{StockAnswer, VariantStockAnswer};

/// Declares questions, each in the words of a route; with what its example asks besides its cells.
macro_rules! questions {
    ($(#[doc = $about:literal] $name:ident: $vocabulary:ident, $more:tt;)+) => {$(
        #[doc = $about]
        #[derive(Debug)]
        pub struct $name;

        impl IntoParams for $name {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                $vocabulary.in_url().map(in_url).collect()
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                body(&$vocabulary, $about.trim(), &json!($more))
            }
        }

        impl ToSchema for $name {
            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                schemas.extend($vocabulary.in_url().flat_map(named_schemas));
                if !$vocabulary.is_closed() {
                    schemas.push((SHARED.to_owned(), shared(&$vocabulary)));
                }
            }
        }
    )+};
}

questions! {
    /// A question for inventory rows.
    InventoryQuestion: INVENTORY, {"limit": 250};
    /// A question for locations.
    LocationsQuestion: LOCATIONS, {};
    /// The cells to forget.
    PurgeQuestion: PURGE, {};
    /// A question for stock.
    StockQuestion: STOCK, {"group_by": "variant"};
    /// A question for one variant's stock.
    VariantStockQuestion: VARIANT_STOCK, {};
    /// A question for what can be sold.
    AvailabilityQuestion: AVAILABILITY, {"pooling": "positive", "cap": 10};
    /// A question for negative stock.
    NegativeQuestion: NEGATIVE, {"level": "location"};
    /// A question for low stock.
    LowStockQuestion: LOW_STOCK, {"threshold": 5};
    /// A question for rows that do not add up.
    MismatchQuestion: MISMATCH, {};
    /// An order to plan.
    FulfilmentQuestion: FULFILMENT, {};
}

/// Declares the schema of an answer that `explain=true` turns into an explanation.
macro_rules! reply {
    ($(#[doc = $about:literal] $name:ident of $answer:ty;)+) => {$(
        #[doc = $about]
        #[derive(Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                AnyOfBuilder::new()
                    .item(Ref::from_schema_name(<$answer>::name()))
                    .item(Ref::from_schema_name(ExplanationBody::name()))
                    .description(Some(str::trim($about)))
                    .into()
            }
        }

        impl ToSchema for $name {
            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                schemas.push((<$answer>::name().into_owned(), <$answer>::schema()));
                schemas.push((ExplanationBody::name().into_owned(), ExplanationBody::schema()));
                <$answer>::schemas(schemas);
                ExplanationBody::schemas(schemas);
            }
        }
    )+};
}

reply! {
    /// Rows, or with `explain=true` what they would take.
    InventoryReply of InventoryLocations;
    /// Stock, or with `explain=true` what it would take.
    StockReply of StockAnswer;
    /// A variant's stock, or with `explain=true` what it would take.
    VariantStockReply of VariantStockAnswer;
    /// What can be sold, or with `explain=true` what the answer would take.
    AvailabilityReply of AvailabilityAnswer;
    /// Negative stock, or with `explain=true` what it would take.
    NegativeReply of NegativeAnswer;
    /// Low stock, or with `explain=true` what the answer would take.
    LowStockReply of LowStockAnswer;
    /// Rows that do not add up, or with `explain=true` what the answer would take.
    MismatchReply of MismatchAnswer;
    /// Which locations could send an order, or with `explain=true` what the answer would take.
    FulfilmentReply of FulfilmentAnswer;
}

/// The name of the schema with what the compatible route shares with views.
const SHARED: &str = "GridQuestion";

/// A parameter in a URL.
fn in_url(declared: &Declared) -> Parameter {
    let text = |pattern| ObjectBuilder::new().schema_type(Type::String).pattern(pattern);
    let schema: RefOr<Schema> = match declared.shape {
        Shape::Ids => text(Some(ID_LIST)).into(),
        Shape::Amount => text(Some(AMOUNT_TEXT)).into(),
        Shape::Lines => text(None).into(),
        Shape::Flag | Shape::Whole(_) | Shape::Instant => plain(declared.shape, &[]).into(),
        Shape::Word(schema) => Ref::from_schema_name(schema().0).into(),
    };
    ParameterBuilder::new()
        .name(declared.name)
        .parameter_in(ParameterIn::Query)
        .required(if declared.is_needed { Required::True } else { Required::False })
        .description(Some(about(declared)))
        .schema(Some(schema))
        .example(Some(match declared.shape {
            Shape::Flag | Shape::Whole(_) => read(declared.example),
            Shape::Ids | Shape::Lines | Shape::Amount | Shape::Instant | Shape::Word(_) => {
                declared.example.into()
            }
        }))
        .build()
}

/// A question in a body. A view takes no member that is not named.
fn body(vocabulary: &Vocabulary, about: &str, more: &Value) -> RefOr<Schema> {
    let examples = vocabulary.cells().map(|declared| (declared.name.to_owned(), in_body_example(declared)));
    let mut example: Map<String, Value> = examples.collect();
    example.extend(more.as_object().cloned().unwrap_or_default());
    let [shared, own] = vocabulary.in_body();
    if vocabulary.is_closed() {
        let closed = Some(AdditionalProperties::FreeForm(false));
        let object = object(shared.into_iter().chain(own)).additional_properties(closed);
        let mut object = object.description(Some(about)).build();
        object.example = Some(example.into());
        return object.into();
    }
    let mut grid = Ref::from_schema_name(SHARED);
    "The cells asked for.".clone_into(&mut grid.description);
    let all = AllOfBuilder::new().item(grid).item(object(own)).description(Some(about));
    let mut all = all.build();
    all.example = Some(example.into());
    Schema::AllOf(all).into()
}

/// What the compatible route shares with views.
fn shared(vocabulary: &Vocabulary) -> RefOr<Schema> {
    let [shared, _] = vocabulary.in_body();
    object(shared).description(Some("The cells asked for, and how to answer.")).into()
}

fn object(members: impl IntoIterator<Item = &'static Declared>) -> ObjectBuilder {
    members.into_iter().fold(ObjectBuilder::new(), |object, declared| {
        let object = object.property(declared.name, member(declared));
        // What else is needed may be in the URL instead.
        if matches!(declared.shape, Shape::Lines) { object.required(declared.name) } else { object }
    })
}

/// A parameter as a member of a body; null counts as left out.
fn member(declared: &Declared) -> RefOr<Schema> {
    let text = declared.in_body.map_or_else(|| about(declared), str::to_owned);
    let name = match declared.shape {
        Shape::Ids => Ids::name().into_owned(),
        Shape::Amount => Amount::name().into_owned(),
        Shape::Word(schema) => schema().0,
        Shape::Lines => {
            let lines = ArrayBuilder::new().items(Ref::from_schema_name(OrderLine::name()));
            return lines.min_items(Some(1)).description(Some(text)).into();
        }
        Shape::Flag | Shape::Whole(_) | Shape::Instant => {
            let mut object = plain(declared.shape, &[Type::Null]).description(Some(text)).build();
            object.example = Some(in_body_example(declared));
            return object.into();
        }
    };
    let mut named = Ref::from_schema_name(name);
    named.description = text;
    OneOfBuilder::new().item(named).item(ObjectBuilder::new().schema_type(Type::Null)).into()
}

/// The schema of a shape that is the same in a URL and in a body, which may have other types besides.
fn plain(shape: Shape, besides: &[Type]) -> ObjectBuilder {
    let object = ObjectBuilder::new();
    let (own, object) = match shape {
        Shape::Flag => (Type::Boolean, object),
        Shape::Whole(least) => {
            let format = SchemaFormat::KnownFormat(KnownFormat::Int64);
            (Type::Integer, object.format(Some(format)).minimum(usize::try_from(least).ok()))
        }
        Shape::Instant => {
            (Type::String, object.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))))
        }
        Shape::Ids | Shape::Lines | Shape::Amount | Shape::Word(_) => (Type::String, object),
    };
    object.schema_type(if besides.is_empty() {
        SchemaType::Type(own)
    } else {
        [&[own], besides].concat().into_iter().collect()
    })
}

/// The schemas that the members of a body refer to by name.
fn named_schemas(declared: &Declared) -> Vec<(String, RefOr<Schema>)> {
    fn named<T: ToSchema>() -> (String, RefOr<Schema>) {
        (T::name().into_owned(), T::schema())
    }
    match declared.shape {
        Shape::Ids => vec![named::<Ids>(), named::<Id>()],
        Shape::Lines => vec![named::<OrderLine>()],
        Shape::Amount => vec![named::<Amount>()],
        Shape::Word(schema) => vec![schema()],
        Shape::Flag | Shape::Whole(_) | Shape::Instant => Vec::new(),
    }
}

fn in_body_example(declared: &Declared) -> Value {
    match declared.shape {
        Shape::Ids => read(&format!("[{}]", declared.example)),
        Shape::Lines | Shape::Flag | Shape::Amount | Shape::Whole(_) => read(declared.example),
        Shape::Instant | Shape::Word(_) => declared.example.into(),
    }
}

/// The lines about a parameter, as they are broken in the table.
fn about(declared: &Declared) -> String {
    let lines: Vec<&str> = declared.about.iter().map(|line| line.trim()).collect();
    lines.join("\n")
}

/// An example that is JSON.
fn read(example: &str) -> Value {
    serde_json::from_str(example).unwrap_or_default()
}
