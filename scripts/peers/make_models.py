"""Makes models of poe-bench's shapes, with random weights, for the other runtimes.

    LAB=lab python3 scripts/peers/make_models.py [SHAPE ...]

Needs torch, transformers, safetensors, gguf, ctranslate2, and llama.cpp's llama-quantize in
$LAB/llama-build/bin. Writes $LAB/models/SHAPE/: Q8_0.gguf, Q4_0.gguf, ct2-int8/, and prompt16.txt, a text of
16 tokens. Tokens are bytes; speed depends neither on them nor on the weights.
"""

import os
import shutil
import subprocess
import sys

import gguf
import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from bench import BIN, LAB, SHAPES

END = "<|endoftext|>"


def vocabulary(size):
    """GPT-2's letters for the 256 bytes, then made-up tokens, then the end of text."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {byte: chr(byte) for byte in printable}
    for byte in range(256):
        letters.setdefault(byte, chr(256 + len(letters) - len(printable)))
    tokens = [letters[byte] for byte in range(256)]
    return tokens + [f"<{i}>" for i in range(size - 257)] + [END]


def write_gguf(path, weights, shape, tokens):
    layers, width, heads, context, size = shape
    writer = gguf.GGUFWriter(path, "gpt2")
    writer.add_block_count(layers)
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(4 * width)
    writer.add_head_count(heads)
    writer.add_layer_norm_eps(1e-5)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * (size - 1) + [gguf.TokenType.CONTROL])
    writer.add_token_merges(["Ġ t"])
    writer.add_bos_token_id(size - 1)
    writer.add_eos_token_id(size - 1)

    def put(name, tensor):
        writer.add_tensor(name, np.ascontiguousarray(tensor.float().numpy()))

    put("token_embd.weight", weights["transformer.wte.weight"])
    put("position_embd.weight", weights["transformer.wpe.weight"])
    parts = {
        "ln_1": "attn_norm", "ln_2": "ffn_norm", "attn.c_attn": "attn_qkv",
        "attn.c_proj": "attn_output", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down"}
    for kind in ("weight", "bias"):
        put(f"output_norm.{kind}", weights[f"transformer.ln_f.{kind}"])
        for layer in range(layers):
            for theirs, ours in parts.items():
                tensor = weights[f"transformer.h.{layer}.{theirs}.{kind}"]
                # Hugging Face's GPT-2 keeps linear weights as [inputs, outputs].
                put(f"blk.{layer}.{ours}.{kind}", tensor.T if tensor.dim() == 2 else tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make(name):
    shape = layers, width, heads, context, size = SHAPES[name]
    folder = f"{LAB}/models/{name}"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(f"{folder}/hf")
    torch.manual_seed(1)
    model = GPT2LMHeadModel(GPT2Config(
        vocab_size=size, n_positions=context, n_embd=width, n_layer=layers, n_head=heads,
        bos_token_id=size - 1, eos_token_id=size - 1))
    model.save_pretrained(f"{folder}/hf")
    tokens = vocabulary(size)
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token=END, bos_token=END, eos_token=END
    ).save_pretrained(f"{folder}/hf")
    with open(f"{folder}/prompt16.txt", "w", encoding="utf-8") as file:
        file.write("Once upon a time")
    write_gguf(f"{folder}/F32.gguf", model.state_dict(), shape, tokens)
    for kind in ("Q8_0", "Q4_0"):
        subprocess.run(
            [f"{BIN}/llama-quantize", f"{folder}/F32.gguf", f"{folder}/{kind}.gguf", kind],
            check=True, capture_output=True)
    converter = os.path.join(os.path.dirname(sys.executable), "ct2-transformers-converter")
    subprocess.run(
        [converter, "--model", f"{folder}/hf", "--output_dir", f"{folder}/ct2-int8",
         "--quantization", "int8"], check=True)
    shutil.rmtree(f"{folder}/hf")
    os.remove(f"{folder}/F32.gguf")


for shape_name in sys.argv[1:] or SHAPES:
    make(shape_name)
