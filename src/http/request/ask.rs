//! What the fast path has read of a request that it does not answer, for the handler that does.

use std::sync::Arc;

use actix_web::{HttpMessage, HttpRequest};

use super::parameters::error::ParameterError;
use super::parameters::{Parameters, Vocabulary};
use crate::http::access::keys::Caller;

/// What has been read of a request, in its extensions.
#[derive(Debug, Default)]
pub struct Ask {
    /// Who asks, if their key is valid.
    pub(crate) caller: Option<Arc<Caller>>,
    /// The parameters of its query string, if these were read.
    pub(crate) parameters: Option<Box<Parameters<'static>>>,
}

impl Ask {
    /// Who makes a request, if the fast path has identified them.
    pub(crate) fn caller(request: &HttpRequest) -> Option<Arc<Caller>> {
        request.extensions().get::<Self>().and_then(|ask| ask.caller.clone())
    }

    /// The parameters of a request's query string in these words: what the fast path has read, or else read now.
    ///
    /// # Errors
    /// The query string cannot be read.
    pub(crate) fn parameters(
        request: &HttpRequest,
        vocabulary: &'static Vocabulary,
    ) -> Result<Parameters<'static>, ParameterError> {
        let read = request.extensions_mut().get_mut::<Self>().and_then(|ask| ask.parameters.take());
        match read.filter(|read| read.are_of(vocabulary)) {
            Some(read) => Ok(*read),
            None => Parameters::from_query(vocabulary, request.query_string()).map(Parameters::into_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::HttpMessage;
    use actix_web::test::TestRequest;

    use super::Ask;
    use crate::http::request::parameters::table::{INVENTORY, STOCK};
    use crate::http::request::parameters::{Parameters, Vocabulary};

    /// The variants of a request for variant 8, of which the fast path has read that it is for variant 7.
    fn variants_in(vocabulary: &'static Vocabulary) -> Vec<u64> {
        let request = TestRequest::with_uri("/?variant_ids=8").to_http_request();
        let parameters = Parameters::from_query(&INVENTORY, "variant_ids=7").unwrap();
        let ask = Ask { caller: None, parameters: Some(Box::new(parameters.into_owned())) };
        request.extensions_mut().insert(ask);
        let variants = Ask::parameters(&request, vocabulary).unwrap().variants().unwrap().unwrap();
        variants.ids().iter().map(|id| id.get()).collect()
    }

    #[test]
    fn what_the_fast_path_has_read_is_not_read_again_except_in_other_words() {
        assert_eq!(variants_in(&INVENTORY), [7]);
        assert_eq!(variants_in(&STOCK), [8]);
    }
}
