// What OpenAI's own JavaScript client makes of this host: one scenario, one line of JSON for the test that started it.
//
//     OPENAI_BASE_URL=… OPENAI_API_KEY=… MNEMOSYNE_TEST_OPENAI=<folder of the package> node client.mjs SCENARIO [MODEL]
//
// `client.py` does the same in Python and prints the same; tests/it/rest/openai/clients.rs says what must come of it.

import { createRequire } from 'node:module';

// Resolved from where the package was put, so that nothing is installed beside the sources.
const OpenAI = createRequire(process.env.MNEMOSYNE_TEST_OPENAI + '/')('openai').default;

const client = new OpenAI({ timeout: 60_000, maxRetries: 2 });
const messages = [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'What did I plan for the garden?' }];
const usage = (of) => [of.prompt_tokens, of.completion_tokens, of.total_tokens];
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

const scenarios = {
  async models() {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    const found = [];
    for (const id of ids) found.push((await client.models.retrieve(id)).id);
    return { ids, found };
  },

  async chat(model) {
    const answer = await client.chat.completions.create({ model, messages, temperature: 0, max_tokens: 24 });
    const [choice] = answer.choices;
    return {
      object: answer.object, model: answer.model, role: choice.message.role, text: choice.message.content,
      finish: choice.finish_reason, usage: usage(answer.usage),
    };
  },

  async stream(model) {
    const seen = { text: '', ids: [], created: [], objects: [], roles: [], finish: [], usage: null, last_is_usage: false };
    const asked = { model, messages, temperature: 0, max_completion_tokens: 24, stream: true, stream_options: { include_usage: true } };
    for await (const chunk of await client.chat.completions.create(asked)) {
      for (const [key, value] of [['ids', chunk.id], ['created', chunk.created], ['objects', chunk.object]]) {
        if (!seen[key].includes(value)) seen[key].push(value);
      }
      seen.last_is_usage = chunk.choices.length === 0;
      if (chunk.usage) seen.usage = usage(chunk.usage);
      for (const { delta, finish_reason } of chunk.choices) {
        seen.text += delta.content ?? '';
        if (delta.role) seen.roles.push(delta.role);
        if (finish_reason) seen.finish.push([finish_reason, delta.content ?? '']);
      }
    }
    return seen;
  },

  async embeddings(model) {
    const input = ['the garden in spring', 'ein Garten im Frühling'];
    const standard = await client.embeddings.create({ model, input });
    const floats = await client.embeddings.create({ model, input, encoding_format: 'float' });
    const one = await client.embeddings.create({ model, input: input[0] });
    const vectors = standard.data.map((row) => row.embedding);
    // Numbers of JSON are 64 bits wide, those of base64 are 32: the same once they are as narrow.
    const narrow = floats.data.map((row) => row.embedding.map(Math.fround));
    return {
      model: standard.model, dimension: vectors[0].length, same: same(vectors, narrow), one: same(one.data[0].embedding, vectors[0]),
      indexes: standard.data.map((row) => row.index), usage: [standard.usage.prompt_tokens, standard.usage.total_tokens],
    };
  },

  async errors(model) {
    const stranger = client.withOptions({ apiKey: 'mn_nobody' });
    const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];
    const asks = [
      () => stranger.models.list(),
      () => client.models.retrieve('no/such:model'),
      () => client.chat.completions.create({ model: 'nothing-of-ours', messages }),
      () => client.chat.completions.create({ model, messages, tools }),
      () => client.chat.completions.create({ model, messages, n: 2 }),
      () => client.chat.completions.create({ model, messages, temperature: 9 }),
      () => client.embeddings.create({ model: 'nothing-of-ours', input: 'x' }),
      () => client.embeddings.create({ model: 'hashed-ngram-v1', input: [[1, 2, 3]] }),
    ];
    const refused = [];
    for (const ask of asks) {
      try {
        await ask();
        refused.push(null);
      } catch (error) {
        if (!(error instanceof OpenAI.APIError)) throw error;
        refused.push([error.constructor.name, error.status, error.code, error.type, error.param, Boolean(error.requestID)]);
      }
    }
    return refused;
  },

  // A stream that fails in its middle.
  async broken(model) {
    let text = '';
    try {
      for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
        text += chunk.choices[0].delta.content ?? '';
      }
    } catch (error) {
      if (!(error instanceof OpenAI.APIError)) throw error;
      return { text, error: error.constructor.name, code: error.code, type: error.type };
    }
    return { text, error: null };
  },

  // Reads the first word and goes.
  async leave(model) {
    for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
      const text = chunk.choices[0].delta.content;
      if (text) return { text };
    }
    return { text: '' };
  },
};

const seen = [];
for (const argument of process.argv.slice(2)) {
  const [scenario, ...model] = argument.split('@');
  seen.push(await scenarios[scenario](...model));
}
console.log(JSON.stringify(seen));
