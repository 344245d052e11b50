"""A model server nobody here wrote: llama.cpp's own (PyPI `xllamacpp`), on loopback, before a tiny random model.

    model.py FOLDER OWNER

Writes `FOLDER/model.gguf`, serves it on two free ports and prints two addresses in one line: of chat and of embeddings, both
with `/v1`; the key is `sk-test`. Ends when it is told to or when the process OWNER is gone. What the model says is gibberish:
it is there to test protocols, not meaning. The file is written here, byte by byte, so that nothing is downloaded.
"""

import os
import random
import struct
import sys
import time

KEY = "sk-test"
# Small enough to answer within milliseconds, with room for the longest prompt of a persona.
WIDTH, HEADS, HIDDEN, CONTEXT = 256, 4, 256, 16384
UINT32, FLOAT32, BOOL, STRING, ARRAY, INT32 = 4, 6, 7, 8, 9, 5
TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"


def text(value):
    value = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(value)) + value


def pair(key, kind, value):
    return text(key) + struct.pack("<I", kind) + value


def number(key, value):
    return pair(key, UINT32, struct.pack("<I", value))


def listed(key, kind, items):
    return pair(key, ARRAY, struct.pack("<IQ", kind, len(items)) + b"".join(items))


def vocabulary():
    """Three control tokens (kind 3, the unknown one 2), every byte (6) and some words (1)."""
    words = "▁ e t a o i n s r h l d u c m p f g w y b v k x j q z ▁the ▁a ▁of ▁and ▁to ▁in ▁is he in er an re on at en nd or"
    tokens = [("<unk>", 2), ("<s>", 3), ("</s>", 3)] + [(f"<0x{byte:02X}>", 6) for byte in range(256)]
    return tokens + [(word, 1) for word in words.split(" ")]


def halves(count, source):
    """So many 16-bit floats of random sign and a size of 2^-8 to 2^-5."""
    high = bytes((byte & 0x80) | ((7 + (byte >> 2 & 3)) << 2) | (byte & 3) for byte in range(256))
    pairs = bytearray(source.randbytes(2 * count))
    pairs[1::2] = pairs[1::2].translate(high)
    return bytes(pairs)


def weights(source):
    """Name, shape (innermost first), type (1: 16-bit floats, 0: 32-bit), bytes."""
    def matrix(name, inner, outer):
        return name + ".weight", (inner, outer), 1, halves(inner * outer, source)

    def ones(name):
        return name + ".weight", (WIDTH,), 0, struct.pack("<f", 1.0) * WIDTH

    tokens = len(vocabulary())
    block = [matrix(f"blk.0.attn_{part}", WIDTH, WIDTH) for part in ("q", "k", "v", "output")]
    block += [ones("blk.0.attn_norm"), ones("blk.0.ffn_norm")]
    block += [matrix("blk.0.ffn_gate", WIDTH, HIDDEN), matrix("blk.0.ffn_up", WIDTH, HIDDEN), matrix("blk.0.ffn_down", HIDDEN, WIDTH)]
    return [matrix("token_embd", WIDTH, tokens), matrix("output", WIDTH, tokens), ones("output_norm")] + block


def write(path):
    """The GGUF format, version 3: header, properties, descriptions of tensors, tensors, each at a multiple of 32."""
    tokens = vocabulary()
    properties = [
        pair("general.architecture", STRING, text("llama")),
        pair("general.name", STRING, text("tiny-random")),
        number("general.file_type", 1),
        number("llama.context_length", CONTEXT),
        number("llama.embedding_length", WIDTH),
        number("llama.block_count", 1),
        number("llama.feed_forward_length", HIDDEN),
        number("llama.attention.head_count", HEADS),
        number("llama.attention.head_count_kv", HEADS),
        pair("llama.attention.layer_norm_rms_epsilon", FLOAT32, struct.pack("<f", 1e-5)),
        number("llama.rope.dimension_count", WIDTH // HEADS),
        number("llama.vocab_size", len(tokens)),
        pair("tokenizer.ggml.model", STRING, text("llama")),
        pair("tokenizer.ggml.pre", STRING, text("default")),
        listed("tokenizer.ggml.tokens", STRING, [text(token) for token, _ in tokens]),
        listed("tokenizer.ggml.scores", FLOAT32, [struct.pack("<f", -float(max(0, at - 259))) for at in range(len(tokens))]),
        listed("tokenizer.ggml.token_type", INT32, [struct.pack("<i", kind) for _, kind in tokens]),
        number("tokenizer.ggml.bos_token_id", 1),
        number("tokenizer.ggml.eos_token_id", 2),
        number("tokenizer.ggml.unknown_token_id", 0),
        pair("tokenizer.ggml.add_bos_token", BOOL, b"\1"),
        pair("tokenizer.ggml.add_eos_token", BOOL, b"\0"),
        pair("tokenizer.chat_template", STRING, text(TEMPLATE)),
    ]
    tensors, data = [], b""
    for name, shape, kind, values in weights(random.Random(7)):
        tensors.append(text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, len(data)))
        data += values + b"\0" * (-len(values) % 32)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(properties)) + b"".join(properties) + b"".join(tensors)
    with open(path, "wb") as file:
        file.write(head + b"\0" * (-len(head) % 32) + data)


def serve(path, embeddings):
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path, settings.model_alias = path, {"tiny-random"}
    settings.hostnames, settings.port, settings.api_keys = ["127.0.0.1"], 0, [KEY]
    settings.n_ctx, settings.n_parallel, settings.n_predict = 2 * CONTEXT, 2, 64
    settings.n_gpu_layers, settings.warmup, settings.cpuparams.n_threads = 0, False, 1
    if embeddings:
        settings.embedding, settings.pooling_type = True, xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    return xllamacpp.Server(settings)


def main(folder, owner):
    path = os.path.join(folder, "model.gguf")
    write(path)
    chat, embeddings = serve(path, False), serve(path, True)
    print(f"{chat.listening_address}/v1 {embeddings.listening_address}/v1", flush=True)
    while alive(owner):
        time.sleep(0.5)
    os._exit(0)  # without waiting for what is being answered


def alive(process):
    try:
        os.kill(process, 0)
        return True
    except ProcessLookupError:
        return False
    except PermissionError:
        return True


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
