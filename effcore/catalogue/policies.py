"""The policies of augmentation: what each does to an image, where it comes from, when it does not help."""

from __future__ import annotations

from effcore.catalogue.record import Card

POLICIES: dict[str, Card] = {
    c.name: c
    for c in (
        Card(
            name="affine",
            summary="Every image is turned, shifted and scaled at random. The class stays, the place of every pixel changes. "
            "It uses degrees, translate and scale.",
            formula="x' = x(A u + t), A = scale * rotation",
            unhelpful="Where position and size carry the class, or the network is too small to fit even the images as they are.",
            source="Simard et al. 2003, Best Practices for Convolutional Neural Networks",
            link="https://doi.org/10.1109/ICDAR.2003.1227801",
        ),
        Card(
            name="crop",
            summary="The image gets a black border, and a window of its old size is cut out at a random place. "
            "It is a shift by whole pixels, and blurs nothing. It uses translate as the width of the border.",
            formula="x'(u) = pad(x)(u + t), t whole, |t| <= translate * side",
            unhelpful="On images that are centred in test as well: the network learns what is never asked.",
            source="Krizhevsky et al. 2012; He et al. 2016, Deep Residual Learning",
            link="https://arxiv.org/abs/1512.03385",
        ),
        Card(
            name="flip",
            summary="Half of the images are mirrored left to right. "
            "It doubles what is seen where a mirrored thing is the same thing, as in photographs. Tasks with signs refuse it.",
            formula="x'(u, v) = x(W - 1 - u, v), with probability 1/2",
            unhelpful="Where left and right mean something: digits, letters, traffic signs.",
            source="Krizhevsky et al. 2012, ImageNet Classification with Deep Convolutional Neural Networks",
            link="https://doi.org/10.1145/3065386",
        ),
        Card(
            name="erasing",
            summary="In half of the images a rectangle of random size and shape is filled with random pixels. "
            "The network can't rely on a single part of the thing. It uses area as the largest share that is erased.",
            formula="x' = x outside r, U(0, max) inside r, |r| <= area, r's sides 0.3 to 3.3 to one",
            unhelpful="On small images whose class hangs on one stroke, which may be the one that is gone.",
            source="Zhong et al. 2017, Random Erasing Data Augmentation",
            link="https://arxiv.org/abs/1708.04896",
        ),
        Card(
            name="noise",
            summary="Normal noise is added to every pixel, with a strength drawn for each image. "
            "The network has to average over pixels, as weight decay makes it do. It uses strength as the largest standard deviation.",
            formula="x' = clip(x + s * max * n, 0, max), s ~ U(0, strength), n ~ N(0, 1)",
            unhelpful="On clean test images, which it makes the network less sure of; it is for noisy ones.",
            source="Bishop 1995, Training with Noise is Equivalent to Tikhonov Regularization",
            link="https://doi.org/10.1162/neco.1995.7.1.108",
        ),
        Card(
            name="mixup",
            summary="Every image is blended with another one of its batch, and the two labels with the same weights. "
            "The network learns to be unsure between classes. It uses alpha: small values blend little, 1 evenly.",
            formula="x' = l x1 + (1 - l) x2, L = l CE(y1) + (1 - l) CE(y2), l ~ Beta(alpha, alpha)",
            unhelpful="With few epochs or a small network, which underfit already; its accuracy comes late in training.",
            source="Zhang et al. 2017, mixup: Beyond Empirical Risk Minimization",
            link="https://arxiv.org/abs/1710.09412",
        ),
        Card(
            name="cutmix",
            summary="A rectangle of every image is replaced by that of another one of its batch; the labels are weighed by area. "
            "Unlike erasing it wastes no pixel, unlike mixup it leaves each part natural. It uses alpha as mixup does.",
            formula="x' = x2 inside r, x1 outside, L = l CE(y1) + (1 - l) CE(y2), l = 1 - |r|, before rounding ~ Beta(alpha, alpha)",
            unhelpful="Where the thing fills little of the image: an empty part then carries a label. Few epochs as with mixup.",
            source="Yun et al. 2019, CutMix: Regularization Strategy to Train Strong Classifiers",
            link="https://arxiv.org/abs/1905.04899",
        ),
        Card(
            name="randaugment",
            summary="A fixed number of elementary operations is drawn for every image and applied one after the other, all equally strong. "
            "Two numbers replace a searched policy. It uses operations and strength.",
            formula="x' = o_n(... o_1(x)), o_i ~ U{identity, rotate, shear x, shear y, shift x, shift y, brightness, contrast, sharpness, posterize}",
            unhelpful="Where the strength was not tuned to the size of network and data, which its paper finds to matter.",
            source="Cubuk et al. 2019, RandAugment: Practical Automated Data Augmentation",
            link="https://arxiv.org/abs/1909.13719",
        ),
        Card(
            name="trivialaugment",
            summary="One elementary operation is drawn for every image, with a strength drawn anew. "
            "There is nothing to tune. The operations are those of randaugment that make sense for grey images.",
            formula="x' = o(x, m), o as in randaugment, m ~ U(0, 1)",
            unhelpful="Where one change at a time is too little: large networks trained for long.",
            source="Müller and Hutter 2021, TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation",
            link="https://arxiv.org/abs/2103.10158",
        ),
    )
}
"""By name, in the order of `Augmentation.policy`.

Of the operations of RandAugment these are left out: colour (grey images have none); invert, solarize (they turn bright
strokes into dark ones, and the deployed network sees bright ones only); equalize, autocontrast (on two-toned images
they raise noise or do nothing).
"""
