"""Any image network of timm, from random weights (Wightman 2019, github.com/huggingface/pytorch-image-models)."""

from __future__ import annotations

import difflib

from jaxtyping import Float
from torch import Tensor

from multimodal.errors import UsageError
from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.enlarge import enlarged
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.results import EXPRESSIONS


@register_model("timm")
class TimmBackbone(ZooNetwork):
    """Takes maps or images ``[batch, 3, h, w]``; gives logits ``[batch, classes]``.

    Args:
        classes: Number of classes.
        backbone: A name out of ``timm.list_models()``.
        side: Inputs of fewer pixels are enlarged to it; a network made for one size alone, as most transformers are,
            gets that size.

    Raises:
        UsageError: See ``check_backbone``.
    """

    def __init__(self, classes: int = len(EXPRESSIONS), backbone: str = "resnet18", side: int = 112) -> None:
        super().__init__()
        check_backbone(backbone)
        import timm

        self.trunk = timm.create_model(backbone, pretrained=False, num_classes=classes)
        made_for = self.trunk.pretrained_cfg
        self.fixed = made_for["input_size"][-1] if made_for.get("fixed_input_size") else 0
        self.side = side

    def forward(self, images: Float[Tensor, "batch 3 h w"]) -> Float[Tensor, "batch classes"]:
        """Return logits."""
        side = self.fixed or max(self.side, images.shape[-1])
        if side != images.shape[-1]:
            images = enlarged(images, side)
        return self.trunk(images)


def check_backbone(name: str) -> None:
    """Refuse a name that timm does not know.

    Raises:
        UsageError: The message lists near names.
    """
    import timm

    if timm.is_model(name):
        return
    near = difflib.get_close_matches(name, timm.list_models(), n=5)
    hint = f"did you mean {', '.join(near)}?" if near else "timm.list_models() lists what it knows"
    raise UsageError(f"timm has no network {name!r}: {hint}")
