//! Secrets go in and never come out.

use serde_json::json;

use crate::kit::backends;

const SECRETS: &str = "/api/v1/admin/secrets";

backends! {
    async fn a_secret_is_known_by_name_only(host: TestHost) {
        let operator = host.operator();
        operator.put(&format!("{SECRETS}/CRM_TOKEN"), json!({"value": "hush-7f3a"})).await.no_content();
        operator.put(&format!("{SECRETS}/CRM_TOKEN"), json!({"value": "hush-9b1c"})).await.no_content();
        let list = operator.get(SECRETS).await;
        assert!(list.json["items"][0]["name"] == "CRM_TOKEN" && !list.text.contains("hush"), "{}", list.text);
        operator.delete(&format!("{SECRETS}/CRM_TOKEN")).await.no_content();
        operator.delete(&format!("{SECRETS}/CRM_TOKEN")).await.refused(404, "DB_001");
    }

    async fn a_bad_name_or_value_is_refused(host: TestHost) {
        let operator = host.operator();
        operator.put(&format!("{SECRETS}/crm-token"), json!({"value": "x"})).await.refused(422, "VAL_001");
        operator.put(&format!("{SECRETS}/A"), json!({"value": ""})).await.refused(422, "VAL_001");
        operator.put(&format!("{SECRETS}/A"), json!({"valeu": "x"})).await.refused(422, "VAL_001");
        host.user("alice").await.get(SECRETS).await.refused(403, "AUTH_005");
    }
}
