//! Numbers out of range.

use super::super::edit::Edit;
use super::Mutation;
use super::place::Place;
use plimsoll::schema::Shape;
use serde_json::{Value, json};

pub(super) fn mutate(place: &Place<'_>, all: &mut Vec<Mutation>) {
    let mixed = matches!(place.schema.map(|schema| &schema.shape), Some(Shape::IntOrString));
    if !place.value.is_number() && !mixed {
        return;
    }
    let mut values = vec![
        json!(-1),
        json!(0),
        json!(1),
        json!(2),
        json!(101),
        json!(65_535),
        json!(65_536),
        json!(2_147_483_647),
        json!(2_147_483_648_i64),
        json!(-2_147_483_649_i64),
        json!(i64::MAX),
        json!(9_223_372_036_854_775_808_u64),
    ];
    if let Some(number) = place.value.as_i64() {
        values.extend([
            json!(number.saturating_add(1)),
            json!(number.saturating_mul(10)),
            json!(number.saturating_neg()),
        ]);
    }
    values.sort_by_key(Value::to_string);
    values.dedup();
    for value in values.into_iter().filter(|value| value != place.value) {
        all.push(Mutation::new("out-of-range", Edit::Set(place.path.clone(), value)));
    }
}
