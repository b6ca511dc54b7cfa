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
            cost="An interpolation of every image each time it is seen. The deployed file stays as it is.",
            unhelpful="Where position and size carry the class, or the network is too small to fit even the images as they are.",
            figure="MNIST, with elastic distortions besides: 0.4 % test error, the best of its time",
            source="Simard et al. 2003, Best Practices for Convolutional Neural Networks",
            link="https://doi.org/10.1109/ICDAR.2003.1227801",
        ),
        Card(
            name="crop",
            summary="The image gets a black border, and a window of its old size is cut out at a random place. "
            "It is a shift by whole pixels, and blurs nothing. It uses translate as the width of the border.",
            formula="x'(u) = pad(x)(u + t), t whole, |t| <= translate * side",
            cost="A copy of every image each time it is seen. The deployed file stays as it is.",
            unhelpful="On images that are centred in test as well: the network learns what is never asked.",
            figure="ResNet-110 on CIFAR-10, with windows and mirror images: 6.43 % test error",
            source="Krizhevsky et al. 2012; He et al. 2016, Deep Residual Learning",
            link="https://arxiv.org/abs/1512.03385",
        ),
        Card(
            name="flip",
            summary="Half of the images are mirrored left to right. "
            "It doubles what is seen where a mirrored thing is the same thing, as in photographs. Tasks with signs refuse it.",
            formula="x'(u, v) = x(W - 1 - u, v), with probability 1/2",
            cost="A copy of half of the images each time they are seen. The deployed file stays as it is.",
            unhelpful="Where left and right mean something: digits, letters, traffic signs.",
            figure="ImageNet: windows and mirror images make 2,048 images of one; without them the network of 60 million weights overfits "
            "substantially",
            source="Krizhevsky et al. 2012, ImageNet Classification with Deep Convolutional Neural Networks",
            link="https://doi.org/10.1145/3065386",
        ),
        Card(
            name="erasing",
            summary="In half of the images a rectangle of random size and shape is filled with random pixels. "
            "The network can't rely on a single part of the thing. It uses area as the largest share that is erased.",
            formula="x' = x outside r, U(0, max) inside r, |r| <= area, r's sides 0.3 to 3.3 to one",
            cost="Random pixels for half of the images each time they are seen. The deployed file stays as it is.",
            unhelpful="On small images whose class hangs on one stroke, which may be the one that is gone.",
            figure="WRN-28-10: 3.72 to 3.08 % error on CIFAR-10, 18.68 to 17.65 % on CIFAR-100",
            source="Zhong et al. 2017, Random Erasing Data Augmentation",
            link="https://arxiv.org/abs/1708.04896",
        ),
        Card(
            name="noise",
            summary="Normal noise is added to every pixel, with a strength drawn for each image. "
            "The network has to average over pixels, as weight decay makes it do. It uses strength as the largest standard deviation.",
            formula="x' = clip(x + s * max * n, 0, max), s ~ U(0, strength), n ~ N(0, 1)",
            cost="A random number for every pixel each time it is seen. The deployed file stays as it is.",
            unhelpful="On clean test images, which it makes the network less sure of; it is for noisy ones.",
            figure="With squared errors, little noise does what a penalty on the slopes of the network does (a theorem)",
            source="Bishop 1995, Training with Noise is Equivalent to Tikhonov Regularization",
            link="https://doi.org/10.1162/neco.1995.7.1.108",
        ),
        Card(
            name="mixup",
            summary="Every image is blended with another one of its batch, and the two labels with the same weights. "
            "The network learns to be unsure between classes. It uses alpha: small values blend little, 1 evenly.",
            formula="x' = l x1 + (1 - l) x2, L = l CE(y1) + (1 - l) CE(y2), l ~ Beta(alpha, alpha)",
            cost="A blend of every image and a second loss; more epochs until the accuracy comes. The deployed file stays as it is.",
            unhelpful="With few epochs or a small network, which underfit already; its accuracy comes late in training.",
            figure="PreAct ResNet-18 on CIFAR-10: 5.6 to 4.2 % error; ResNet-50 on ImageNet, 200 epochs: 23.6 to 22.1 %",
            source="Zhang et al. 2017, mixup: Beyond Empirical Risk Minimization",
            link="https://arxiv.org/abs/1710.09412",
        ),
        Card(
            name="cutmix",
            summary="A rectangle of every image is replaced by that of another one of its batch; the labels are weighed by area. "
            "Unlike erasing it wastes no pixel, unlike mixup it leaves each part natural. It uses alpha as mixup does.",
            formula="x' = x2 inside r, x1 outside, L = l CE(y1) + (1 - l) CE(y2), l = 1 - |r|, before rounding ~ Beta(alpha, alpha)",
            cost="A copy of a rectangle of every image and a second loss; more epochs until the accuracy comes. The deployed file stays as it is.",
            unhelpful="Where the thing fills little of the image: an empty part then carries a label. Few epochs as with mixup.",
            figure="ResNet-50 on ImageNet: 23.68 to 21.40 % error; mixup 22.58 %, cutout 22.93 %",
            source="Yun et al. 2019, CutMix: Regularization Strategy to Train Strong Classifiers",
            link="https://arxiv.org/abs/1905.04899",
        ),
        Card(
            name="randaugment",
            summary="A fixed number of elementary operations is drawn for every image and applied one after the other, all equally strong. "
            "Two numbers replace a searched policy. It uses operations and strength.",
            formula="x' = o_n(... o_1(x)), o_i ~ U{identity, rotate, shear x, shear y, shift x, shift y, brightness, contrast, sharpness, posterize}",
            cost="As many operations on every image as are asked for, and two numbers to tune. The deployed file stays as it is.",
            unhelpful="Where the strength was not tuned to the size of network and data, which its paper finds to matter.",
            figure="ImageNet: 85.0 % top-1, one point more than with the usual augmentation",
            source="Cubuk et al. 2019, RandAugment: Practical Automated Data Augmentation",
            link="https://arxiv.org/abs/1909.13719",
        ),
        Card(
            name="trivialaugment",
            summary="One elementary operation is drawn for every image, with a strength drawn anew. "
            "There is nothing to tune. The operations are those of randaugment that make sense for grey images.",
            formula="x' = o(x, m), o as in randaugment, m ~ U(0, 1)",
            cost="One operation on every image, and nothing to tune. The deployed file stays as it is.",
            unhelpful="Where one change at a time is too little: large networks trained for long.",
            figure="WRN-28-10 on CIFAR-100: 84.33 %; ImageNet: 78.07 % top-1",
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
