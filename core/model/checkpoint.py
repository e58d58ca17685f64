"""Weights on disk: published checkpoints in, our safetensors in and out."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from ..errors import UserError
from .keypoint_nerf import KeypointNeRF, ModelConfig

# Published module names, as patterns, and ours. Order matters: the first match wins.
_RENAMES: tuple[tuple[str, str], ...] = (
    (r"ibr_compress_gfeat\.", "geometry_head.compress."),
    (r"mlp_geo\.layers1\.layers\.(\d)\.linear\.", r"geometry_head.per_view.\1."),
    (r"mlp_geo\.layers2\.layers\.(\d)\.linear\.", r"geometry_head.pooled.\1."),
    (r"mlp_tex\.ani_al$", "colour_head.anisotropy"),
    (r"mlp_tex\.ray_encoder\.", "colour_head.direction."),
    (r"mlp_tex\.base_layer\.", "colour_head.base."),
    (r"mlp_tex\.vis_layer(\d)\.", r"colour_head.visibility\1."),
    (r"mlp_tex\.out_layer\.", "colour_head.out."),
    (r"geo_encoder\.unpack1\.conv\.", "geometry_encoder.high_up."),
    (r"geo_encoder\.unpack1\.norm\.", "geometry_encoder.high_norm."),
    (r"geo_encoder\.conv_out\.", "geometry_encoder.high."),
    (r"geo_encoder\.conv1\.", "geometry_encoder.stem."),
    (r"geo_encoder\.bn1\.", "geometry_encoder.stem_norm."),
    (r"geo_encoder\.conv_last0\.", "geometry_encoder.top_conv."),
    (r"geo_encoder\.bn_end0\.", "geometry_encoder.top_norm."),
    (r"geo_encoder\.l0\.", "geometry_encoder.low."),
    (r"geo_encoder\.conv2\.", "geometry_encoder.block1."),
    (r"geo_encoder\.conv3\.", "geometry_encoder.block2."),
    (r"geo_encoder\.conv4\.", "geometry_encoder.block3."),
    (r"geo_encoder\.top_m_0\.", "geometry_encoder.top_block."),
    (r"tex_encoder\.layers\.1\.", "texture_encoder.stem."),
    (r"tex_encoder\.layers\.4\.", "texture_encoder.down.0."),
    (r"tex_encoder\.layers\.7\.", "texture_encoder.down.1."),
    (r"tex_encoder\.layers\.10\.", "texture_encoder.down.2."),
    (r"tex_encoder\.layers\.17\.", "texture_encoder.up.0."),
    (r"tex_encoder\.layers\.20\.", "texture_encoder.up.1."),
    (r"tex_encoder\.layers\.24\.", "texture_encoder.out."),
)
_HOURGLASS_PART = {"b1": "skip", "b2": "down", "b3": "up", "b2_plus": "inner"}
_HOURGLASS_DEPTH = 4
_UNUSED = re.compile(r"vgg_loss\.|sp_encoder\.center$|\.bn4\.")


def read_published(path: Path | str, *, sigma: float = 0.1) -> KeypointNeRF:
    """A network with the weights of a published `last.ckpt`.

    The file is read with `weights_only`, so it cannot run code. Raises UserError where it is no such checkpoint.
    """
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
        published: Mapping[str, Tensor] = loaded["state_dict"]
    except FileNotFoundError:
        raise UserError(f"There is no file {path}.", "Give the path of a published KeypointNeRF checkpoint.") from None
    except Exception as error:
        raise UserError(f"{path} is not a checkpoint that can be read.", "Give a published last.ckpt.") from error
    state = {}
    for name, tensor in published.items():
        name = name.removeprefix("model.")
        if not _UNUSED.search(name):
            state[_our_name(name)] = tensor
    state = _fold_weight_norm(state)
    first = state.get("geometry_head.per_view.0.weight")
    if first is None:
        raise UserError(f"{path} holds no KeypointNeRF weights.", "Give a published last.ckpt.")
    model = KeypointNeRF(ModelConfig.published((first.shape[1] - 64) // 7, sigma))
    return _filled(model, state, path)


def _our_name(name: str) -> str:
    residual = re.match(r"tex_encoder\.layers\.1([3-6])\.layers\.(1|5)\.(.*)", name)
    if residual:
        index, layer, rest = int(residual[1]) - 3, 1 if residual[2] == "1" else 2, residual[3]
        return f"texture_encoder.residual.{index}.conv{layer}.{rest}"
    hourglass = re.match(r"geo_encoder\.m0\.(b\d|b2_plus)_(\d)\.(.*)", name)
    if hourglass:
        part, level, rest = _HOURGLASS_PART[hourglass[1]], int(hourglass[2]), hourglass[3]
        nested = "inner." * (_HOURGLASS_DEPTH - level)
        return f"geometry_encoder.hourglass.{nested}{part}.{_block_name(rest)}"
    for pattern, ours in _RENAMES:
        match = re.match(pattern, name)
        if match:
            return match.expand(ours) + _block_name(name[match.end() :])
    return name


def _block_name(rest: str) -> str:
    rest = re.sub(r"^bn([123])\.", lambda m: f"norms.{int(m[1]) - 1}.", rest)
    rest = re.sub(r"^conv([123])\.", lambda m: f"convs.{int(m[1]) - 1}.", rest)
    return rest.replace("downsample.", "shortcut.", 1)


def _fold_weight_norm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """w = g v / |v|, row by row: what weight norm computes at every step, done once."""
    folded = {}
    for name, tensor in state.items():
        if name.endswith("weight_v"):
            gain = state[name.removesuffix("v") + "g"]
            folded[name.removesuffix("_v")] = gain * tensor / tensor.norm(dim=1, keepdim=True)
        elif not name.endswith("weight_g"):
            folded[name] = tensor
    return folded


def _filled(model: KeypointNeRF, state: Mapping[str, Tensor], path: Path | str) -> KeypointNeRF:
    tensors = {name: tensor.float() for name, tensor in state.items()}  # what fails here is no fault of the weights
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise UserError(
            f"The weights in {path} have another shape than this version's network.",
            "Use the weights that came with it, or train again.",
        ) from error
    return model.eval()


def save_weights(model: KeypointNeRF, path: Path | str, *, card: Mapping[str, str] | None = None) -> None:
    """Write weights as float16 safetensors with their configuration; `card` says where they come from."""
    from safetensors.torch import save_file

    tensors = {name: tensor.detach().cpu().half().contiguous() for name, tensor in model.state_dict().items()}
    save_file(tensors, str(path), metadata={"config": json.dumps(asdict(model.config)), **(card or {})})


def load_weights(path: Path | str) -> KeypointNeRF:
    """A network from safetensors written by `save_weights`, in float32 and eval mode.

    Raises UserError where the file is missing, is no such file, or was written for another network.
    """
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise UserError(f"The weights {path} are missing.", "Install the package again, or name another file.")
    try:
        with safe_open(str(path), framework="pt") as file:
            config = ModelConfig(**json.loads(file.metadata()["config"]))
            state = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} does not hold weights that this version can read.", "Name another file.") from error
    return _filled(KeypointNeRF(config), state, path)
