//! A view takes no member that the document does not name, and the document says so.

use utoipa::Modify;
use utoipa::openapi::schema::{AdditionalProperties, Object, Schema};
use utoipa::openapi::{ObjectBuilder, OpenApi, RefOr};

/// The tag of the operations whose bodies are closed.
pub(super) const VIEWS: &str = "Views";

/// Closes the questions of the views.
///
/// A schema that has all members of another names both in `allOf`, each of which would have to allow the members of the
/// other. So they are put together into one object first.
pub(super) struct Closed;

impl Modify for Closed {
    fn modify(&self, document: &mut OpenApi) {
        for name in questions(document) {
            let schemas = document.components.as_ref().map(|components| &components.schemas);
            let merged = schemas.and_then(|schemas| {
                let resolve = |name: &str| schemas.get(name);
                merged(schemas.get(&name)?, &resolve)
            });
            if let (Some(mut merged), Some(components)) = (merged, document.components.as_mut()) {
                merged.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
                components.schemas.insert(name, Schema::Object(merged).into());
            }
        }
    }
}

/// The names of the schemas that views are asked with.
fn questions(document: &OpenApi) -> Vec<String> {
    let posts = document.paths.paths.values().filter_map(|path| path.post.as_ref());
    let views = posts.filter(|post| post.tags.iter().flatten().any(|tag| tag == VIEWS));
    let bodies = views.filter_map(|post| in_place(post.request_body.as_ref()?));
    let contents = bodies.flat_map(|body| body.content.values()).filter_map(in_place);
    let names = contents.filter_map(|content| match content.schema.as_ref()? {
        RefOr::Ref(reference) => reference.ref_location.rsplit('/').next().map(str::to_owned),
        RefOr::T(_) => None,
    });
    names.collect()
}

/// What stands here itself, and not elsewhere.
fn in_place<T>(part: &RefOr<T>) -> Option<&T> {
    match part {
        RefOr::T(part) => Some(part),
        RefOr::Ref(_) => None,
    }
}

/// A schema as one object, whatever it was put together of; `None` if that is not an object.
fn merged<'a>(
    schema: &'a RefOr<Schema>,
    resolve: &impl Fn(&str) -> Option<&'a RefOr<Schema>>,
) -> Option<Object> {
    match schema {
        RefOr::Ref(reference) => merged(resolve(reference.ref_location.rsplit('/').next()?)?, resolve),
        RefOr::T(Schema::Object(object)) => Some(object.clone()),
        RefOr::T(Schema::AllOf(all)) => {
            let mut whole = ObjectBuilder::new().description(all.description.clone()).build();
            whole.example.clone_from(&all.example);
            for part in &all.items {
                let part = merged(part, resolve)?;
                whole.properties.extend(part.properties);
                whole.required.extend(part.required);
            }
            Some(whole)
        }
        RefOr::T(_) => None,
    }
}
