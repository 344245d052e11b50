"""What OpenAI's own Python client makes of this host: scenarios in their order, one line of JSON with what came of each for
the test that started it.

    OPENAI_BASE_URL=… OPENAI_API_KEY=… client.py SCENARIO[@MODEL]…

`client.mjs` does the same in JavaScript and prints the same; tests/it/rest/openai/clients.rs says what must come of it.
"""

import json
import sys

import openai

client = openai.OpenAI(timeout=60, max_retries=2)
QUESTION = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What did I plan for the garden?"}]


def models():
    ids = [model.id for model in client.models.list()]
    return {"ids": ids, "found": [client.models.retrieve(one).id for one in ids]}


def chat(model):
    answer = client.chat.completions.create(model=model, messages=QUESTION, temperature=0, max_tokens=24)
    choice = answer.choices[0]
    return {
        "object": answer.object, "model": answer.model, "role": choice.message.role, "text": choice.message.content,
        "finish": choice.finish_reason, "usage": usage(answer.usage),
    }


def stream(model):
    chunks = client.chat.completions.create(
        model=model, messages=QUESTION, temperature=0, max_completion_tokens=24, stream=True, stream_options={"include_usage": True}
    )
    return told(chunks)


def told(chunks):
    seen = {"text": "", "ids": [], "created": [], "objects": [], "roles": [], "finish": [], "usage": None, "last_is_usage": False}
    for chunk in chunks:
        for key, value in (("ids", chunk.id), ("created", chunk.created), ("objects", chunk.object)):
            if value not in seen[key]:
                seen[key].append(value)
        seen["last_is_usage"] = not chunk.choices
        if chunk.usage:
            seen["usage"] = usage(chunk.usage)
        for choice in chunk.choices:
            seen["text"] += choice.delta.content or ""
            if choice.delta.role:
                seen["roles"].append(choice.delta.role)
            if choice.finish_reason:
                seen["finish"].append([choice.finish_reason, choice.delta.content or ""])
    return seen


def usage(usage):
    return [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens]


def embeddings(model):
    texts = ["the garden in spring", "ein Garten im Frühling"]
    default = client.embeddings.create(model=model, input=texts)
    floats = client.embeddings.create(model=model, input=texts, encoding_format="float")
    one = client.embeddings.create(model=model, input=texts[0])
    vectors = [row.embedding for row in default.data]
    return {
        "model": default.model, "dimension": len(vectors[0]), "same": vectors == [row.embedding for row in floats.data],
        "one": one.data[0].embedding == vectors[0], "indexes": [row.index for row in default.data],
        "usage": [default.usage.prompt_tokens, default.usage.total_tokens],
    }


def errors(model):
    stranger = client.with_options(api_key="mn_nobody")
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
    return [
        refused(lambda: stranger.models.list()),
        refused(lambda: client.models.retrieve("no/such:model")),
        refused(lambda: client.chat.completions.create(model="nothing-of-ours", messages=QUESTION)),
        refused(lambda: client.chat.completions.create(model=model, messages=QUESTION, tools=[tool])),
        refused(lambda: client.chat.completions.create(model=model, messages=QUESTION, n=2)),
        refused(lambda: client.chat.completions.create(model=model, messages=QUESTION, temperature=9)),
        refused(lambda: client.embeddings.create(model="nothing-of-ours", input="x")),
        refused(lambda: client.embeddings.create(model="hashed-ngram-v1", input=[[1, 2, 3]])),
    ]


def refused(ask):
    try:
        ask()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code, error.type, error.param, bool(error.request_id)]
    return None


def broken(model):
    """A stream that fails in its middle."""
    text = ""
    try:
        for chunk in client.chat.completions.create(model=model, messages=QUESTION, stream=True):
            text += chunk.choices[0].delta.content or ""
    except openai.APIError as error:
        return {"text": text, "error": type(error).__name__, "code": error.code, "type": error.type}
    return {"text": text, "error": None}


def leave(model):
    """Reads the first word and goes."""
    with client.chat.completions.create(model=model, messages=QUESTION, stream=True) as chunks:
        for chunk in chunks:
            if chunk.choices[0].delta.content:
                return {"text": chunk.choices[0].delta.content}
    return {"text": ""}


if __name__ == "__main__":
    asked = [argument.split("@", 1) for argument in sys.argv[1:]]
    print(json.dumps([globals()[scenario](*model) for scenario, *model in asked]))
