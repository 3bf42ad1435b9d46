"""The ResNet-50's tensors by the names of RadImageNet's file."""


def as_radimagenet(resnet) -> dict:
    children = {"conv1": 0, "bn1": 1, "layer1": 4, "layer2": 5, "layer3": 6, "layer4": 7}
    renamed = {}
    for name, tensor in resnet.state_dict().items():
        child, _, rest = name.partition(".")
        renamed[f"backbone.{children[child]}.{rest}"] = tensor
    return renamed
