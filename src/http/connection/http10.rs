//! Where an answer ends on the wire, for clients that are older than HTTP/1.1.

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::{ConnectionType, Version};

/// HTTP/1.0 knows no chunks (RFC 9112, 6.1): to such a client, an answer without a length ends with the connection.
pub(crate) fn suit_version<B: MessageBody>(response: &mut ServiceResponse<B>) {
    let is_older = response.request().version() < Version::HTTP_11;
    if is_older && response.response().body().size() == BodySize::Stream {
        let head = response.response_mut().head_mut();
        head.no_chunking(true);
        head.set_connection_type(ConnectionType::Close);
    }
}
