//! Making messages for a model.

use crate::Message;

impl Message {
    /// What a model is told to be.
    ///
    /// ```
    /// assert_eq!(mnemosyne_sdk::Message::system("You are brief.").role, "system");
    /// ```
    pub fn system(content: impl Into<String>) -> Self {
        Self::of("system", content)
    }

    /// What a person says.
    ///
    /// ```
    /// assert_eq!(mnemosyne_sdk::Message::user("Hello").content, "Hello");
    /// ```
    pub fn user(content: impl Into<String>) -> Self {
        Self::of("user", content)
    }

    /// What a model has said.
    ///
    /// ```
    /// assert_eq!(mnemosyne_sdk::Message::assistant("Hello").role, "assistant");
    /// ```
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::of("assistant", content)
    }

    /// What a tool answered to the call of this id.
    ///
    /// ```
    /// assert_eq!(mnemosyne_sdk::Message::tool("call-1", "{}").tool_call_id.as_deref(), Some("call-1"));
    /// ```
    pub fn tool(call: &str, content: impl Into<String>) -> Self {
        Self { tool_call_id: Some(call.to_owned()), ..Self::of("tool", content) }
    }

    fn of(role: &str, content: impl Into<String>) -> Self {
        Self {
            role: role.to_owned(),
            content: content.into(),
            at: None,
            tool_calls: Vec::new(),
            tool_call_id: None,
            attachments: Vec::new(),
            extra: Vec::new(),
        }
    }
}
