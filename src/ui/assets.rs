//! The page's style, script and mark: compiled in, served from here, kept by browsers until they change.

use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

use super::policy;
use crate::http::problem::Problem;
use crate::http::response::etag::EntityTag;
use crate::http::state::Outcome;

/// A file of the page's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asset {
    name: &'static str,
    media_type: &'static str,
    text: &'static str,
}

/// How the page looks.
pub(super) const STYLE: Asset = Asset {
    name: "style.css",
    media_type: "text/css; charset=utf-8",
    // What is narrow comes last, since it overrules what comes before.
    text: concat!(
        include_str!("assets/style/base.css"),
        include_str!("assets/style/shops.css"),
        include_str!("assets/style/tables.css"),
    ),
};
/// How it refreshes itself.
pub(super) const REFRESH: Asset = Asset {
    name: "refresh.js",
    media_type: "text/javascript; charset=utf-8",
    text: include_str!("assets/refresh.js"),
};
/// What stands for it in a tab.
pub(super) const MARK: Asset =
    Asset { name: "mark.svg", media_type: "image/svg+xml", text: include_str!("assets/mark.svg") };

const ALL: [Asset; 3] = [STYLE, REFRESH, MARK];

impl Asset {
    /// Where it is: another place when its content is another, so that it may be kept for good.
    pub(super) fn href(self) -> String {
        format!("/page/{}?v={}", self.name, self.version())
    }

    fn version(self) -> String {
        EntityTag::strong(self.text.as_bytes()).as_str().replace('"', "")
    }
}

/// One of the page's files. It needs no key: it holds nothing of a shop.
pub(crate) async fn get_asset(request: HttpRequest) -> Outcome {
    let name = request.match_info().query("file");
    let asset = ALL.into_iter().find(|asset| asset.name == name).ok_or(Problem::NotFound);
    Outcome(asset.map(|asset| sent(asset, &request)))
}

fn sent(asset: Asset, request: &HttpRequest) -> HttpResponse {
    let etag = EntityTag::strong(asset.text.as_bytes());
    let is_known = etag.is_known(request.headers());
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    let is_this_version = request.query_string() == format!("v={}", asset.version());
    // Asked for by another version's address, it may be an old page's: that one is not to keep it.
    let keep = if is_this_version { "public, max-age=31536000, immutable" } else { "no-cache" };
    response.insert_header((ETAG, HeaderValue::from(etag))).insert_header((CACHE_CONTROL, keep));
    policy::guard(&mut response);
    response.content_type(asset.media_type);
    if is_known { response.finish() } else { response.body(asset.text) }
}
