//! Reads what is there: an object, or all of a kind, page by page.

use super::connect::Cluster;
use super::discovery::Served;
use super::error::ClusterError;
use super::json::text;
use http::{Method, StatusCode};
use serde_json::Value as Json;

/// The type of answers, where nothing else is wished for.
pub const JSON: &str = "application/json";

/// How many objects a page of a list has.
const PAGE: usize = 500;

/// Who asks for what is there: a cluster asks once, others as often as they see fit.
pub trait Reads: Sync {
    /// Why there is no answer.
    type Error: Send;

    /// Asks for a path, and gives the code and the JSON of the answer, whatever it says.
    fn read(&self, path: &str, accept: &str) -> impl Future<Output = Result<(u16, Json), Self::Error>> + Send;

    /// Makes an error of an answer that says no.
    fn says_no(&self, code: u16, body: Json) -> Self::Error;

    /// Tells whether who should answer does not, while others may.
    fn is_away(error: &Self::Error) -> bool;
}

impl Reads for Cluster {
    type Error = ClusterError;

    async fn read(&self, path: &str, accept: &str) -> Result<(u16, Json), ClusterError> {
        let reply = self.send_as(Method::GET, path, [JSON, accept], Vec::new()).await?;
        Ok((reply.status.as_u16(), reply.body))
    }

    fn says_no(&self, code: u16, body: Json) -> ClusterError {
        self.refused(StatusCode::from_u16(code).unwrap_or_default(), &body)
    }

    fn is_away(error: &ClusterError) -> bool {
        matches!(error, ClusterError::Unreadable { .. } | ClusterError::TimedOut { .. })
    }
}

/// Reads an object; none where it is not there.
pub async fn get<R: Reads>(
    reads: &R,
    served: &Served,
    namespace: Option<&str>,
    name: &str,
) -> Result<Option<Json>, R::Error> {
    match reads.read(&served.object_path(namespace, name), JSON).await? {
        (200..300, body) => Ok(Some(body)),
        (404, _) => Ok(None),
        (code, body) => Err(reads.says_no(code, body)),
    }
}

/// Reads all objects of a kind, in a namespace or everywhere, that a query such as `labelSelector=a%3Db` chooses. A kind that is
/// not served has none.
pub async fn list<R: Reads>(
    reads: &R,
    served: &Served,
    namespace: Option<&str>,
    query: &str,
    accept: &str,
) -> Result<Vec<Json>, R::Error> {
    let base = format!("{}?limit={PAGE}{}{query}", served.path(namespace), if query.is_empty() { "" } else { "&" });
    let (mut items, mut more) = (Vec::new(), String::new());
    loop {
        let mut page = match reads.read(&format!("{base}{more}"), accept).await? {
            (200..300, page) => page,
            (404, _) => return Ok(items),
            // The list changed so much meanwhile that it cannot be gone on with.
            (410, _) if !more.is_empty() => {
                items.clear();
                more.clear();
                continue;
            }
            (code, body) => return Err(reads.says_no(code, body)),
        };
        if let Some(Json::Array(found)) = page.get_mut("items").map(Json::take) {
            items.extend(found.into_iter().map(|mut item| {
                item["apiVersion"] = Json::from(served.api_version());
                item["kind"] = Json::from(served.kind.as_str());
                item
            }));
        }
        match text(&page, "/metadata/continue") {
            "" => return Ok(items),
            next => more = format!("&continue={}", escape(next)),
        }
    }
}

/// Escapes what neither a query nor a name in a path can hold.
pub fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::sync::Mutex;

    /// Gives answers, the last one first, and remembers what was asked.
    struct Book {
        answers: Mutex<Vec<(u16, Json)>>,
        asked: Mutex<Vec<String>>,
    }

    impl Reads for Book {
        type Error = u16;

        async fn read(&self, path: &str, _: &str) -> Result<(u16, Json), u16> {
            self.asked.lock().map_err(|_| 0_u16)?.push(path.to_owned());
            self.answers.lock().map_err(|_| 0_u16)?.pop().ok_or(0)
        }

        fn says_no(&self, code: u16, _: Json) -> u16 {
            code
        }

        fn is_away(code: &u16) -> bool {
            *code == 503
        }
    }

    fn listed(answers: Vec<(u16, Json)>) -> (Result<Vec<String>, u16>, Vec<String>) {
        let book = Book { answers: Mutex::new(answers.into_iter().rev().collect()), asked: Mutex::default() };
        let served = Served::new("apps/v1", "Deployment", "deployments", true);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let found = runtime.block_on(list(&book, &served, Some("a b"), "labelSelector=x", JSON));
        let name = |object: &Json| format!("{} {}", text(object, "/kind"), text(object, "/metadata/name"));
        let asked = book.asked.into_inner().expect("nobody panicked");
        (found.map(|found| found.iter().map(name).collect()), asked)
    }

    #[test]
    fn lists_are_read_page_by_page() {
        let page = |names: &[&str], more: &str| {
            let items: Vec<Json> = names.iter().map(|name| json!({"metadata": {"name": name}})).collect();
            (200, json!({"metadata": {"continue": more}, "items": items}))
        };
        let (found, asked) = listed(vec![page(&["a", "b"], "n=&"), page(&["c"], "")]);
        assert_eq!(found, Ok(["Deployment a", "Deployment b", "Deployment c"].map(str::to_owned).to_vec()));
        let path = "/apis/apps/v1/namespaces/a%20b/deployments?limit=500&labelSelector=x";
        assert_eq!(asked, [path.to_owned(), format!("{path}&continue=n%3D%26")]);
        // A list that runs out is read anew; the first page has nothing to run out.
        let (found, asked) = listed(vec![page(&["a"], "n"), (410, json!({})), page(&["d"], "")]);
        assert_eq!((found, asked.len()), (Ok(vec!["Deployment d".to_owned()]), 3));
        assert_eq!(listed(vec![(410, json!({}))]).0, Err(410));
        assert_eq!(listed(vec![(404, json!({}))]).0, Ok(Vec::new()));
        assert_eq!(listed(vec![page(&["a"], "n"), (403, json!({}))]).0, Err(403));
    }
}
