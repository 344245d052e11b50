//! Query strings: typed, bounded, nothing unknown.

use super::*;

async fn get(house: &Router, query: &str) -> Answer {
    call(house, "GET", &format!("/api/v1/things?{query}"), &[USER], "").await
}

#[tokio::test]
async fn parameters_arrive_typed() {
    let (house, _) = house(|_| {});
    let answer = get(&house, "offset=5&limit=100&tags=a,b&tags=c&kind=solo&importance=0.5").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let page = answer.json();
    assert_eq!((&page["skip"], &page["limit"], &page["total"], &page["has_more"]), (&json!(5), &json!(100), &json!(1), &json!(false)));
    assert!(page["items"][0].as_str().unwrap().contains(r#"tags: ["a", "b", "c"], kind: Some(Solo), importance: Some(0.5)"#), "{page}");
}

#[tokio::test]
async fn the_defaults_are_those_of_the_documentation() {
    let (house, _) = house(|_| {});
    let page = get(&house, "").await.json();
    assert_eq!((&page["skip"], &page["limit"]), (&json!(0), &json!(20)));
    let walk = get(&house, "cursor=").await.json();
    assert_eq!((walk.get("total"), walk.get("skip")), (None, None));
}

#[tokio::test]
async fn every_bad_parameter_is_named() {
    let (house, _) = house(|_| {});
    let rows = [
        ("limt=5", "?limt", "is not known here; did you mean `limit`?"),
        ("limit=0", "?limit", "must be at least 1"),
        ("limit=101", "?limit", "must be at most 100"),
        ("limit=ten", "?limit", "must be an integer"),
        ("skip=-1", "?skip", "must be at least 0"),
        ("skip=99999999999999999999", "?skip", "must be an integer"),
        ("limit=1&limit=2", "?limit", "is given more than once"),
        ("include_deleted=maybe", "?include_deleted", "must be a boolean"),
        ("importance=NaN", "?importance", "must be a number"),
        ("importance=2", "?importance", "must be at most 1"),
        ("kind=sollo", "?kind", "must be one of `daily`, `solo`; did you mean `solo`?"),
        ("updated_after=2026-01-01T00:00:00", "?updated_after", "must be an RFC 3339 time with an offset, such as `2026-01-31T09:00:00Z`"),
        ("cursor=%21", "?cursor", "is not a cursor of this list in this order; begin again with an empty one"),
        ("tags=%00", "?tags", "must not contain the NUL character"),
    ];
    for (query, pointer, message) in rows {
        let answer = get(&house, query).await;
        assert_eq!(answer.said(), "422 VAL_001", "{query}");
        assert_eq!(answer.fields(), [(pointer.to_owned(), message.to_owned())], "{query}");
    }
    assert_eq!(get(&house, "limt=5&limit=0").await.fields().len(), 2);
}
