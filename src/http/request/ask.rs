//! What the fast path has read of a request that it does not answer, for the handler that does.

use std::sync::Arc;

use actix_web::{HttpMessage, HttpRequest};

use super::parameters::{Parameters, Vocabulary};
use crate::http::access::keys::Caller;

/// What has been read of a request, in its extensions.
#[derive(Debug, Default)]
pub struct Ask {
    /// Who asks, if their key is valid.
    pub(crate) caller: Option<Arc<Caller>>,
    /// The parameters of its query string, if these were read.
    pub(crate) parameters: Option<AskedParameters>,
}

/// The parameters of a query string, and in which words they were read.
#[derive(Debug)]
pub(crate) struct AskedParameters {
    pub(crate) vocabulary: &'static Vocabulary,
    pub(crate) parameters: Arc<Parameters<'static>>,
}

impl Ask {
    /// Who makes a request, if the fast path has identified them.
    pub(crate) fn caller(request: &HttpRequest) -> Option<Arc<Caller>> {
        request.extensions().get::<Self>().and_then(|ask| ask.caller.clone())
    }

    /// The parameters of a request's query string, if the fast path has read them in these words.
    pub(crate) fn parameters(
        request: &HttpRequest,
        vocabulary: &Vocabulary,
    ) -> Option<Arc<Parameters<'static>>> {
        let read = request.extensions_mut().get_mut::<Self>().and_then(|ask| ask.parameters.take());
        read.filter(|read| std::ptr::eq(read.vocabulary, vocabulary)).map(|read| read.parameters)
    }
}
