"""What a student needs to know of the ways to quantize."""

from __future__ import annotations

from effcore.catalogue.record import Card

CARDS = (
    Card(
        name="static",
        summary="Weights and activations are 8-bit integers, and layers multiply integers. "
        "The ranges of activations are found once, on calibration images.",
        formula="y = s_x s_w sum((q_x - z) q_w)",
        cost="A pass over the calibration images, no training. The file shrinks to about a quarter; dense layers are faster where the processor "
        "multiplies integers faster.",
        unhelpful="Where layers are tiny or depthwise, turning numbers back and forth costs more than integer products save.",
        figure="Networks for ImageNet with a scale for each channel: within 2 % of the accuracy in float, 2 to 3 times faster on processors "
        "(Krishnamoorthi 2018)",
        source="Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference; Krishnamoorthi "
        "2018, Quantizing deep convolutional networks for efficient inference",
        link="https://arxiv.org/abs/1712.05877",
    ),
    Card(
        name="aware",
        summary="Before its numbers become 8-bit integers the network is trained with weights and activations that are rounded as they will be. "
        "Gradients pass the rounding as if it were not there, and the ranges of activations are a moving mean over the batches. "
        "Normalization is folded into the weights first, so that what is rounded in training is what is rounded in the file.",
        formula="y = s_x s_w sum((q_x - z) q_w), trained with dL/dw = dL/d(s q) where w is in range",
        cost="fine_tune epochs, each about two to three times as long as in float. File and latency are those of the mode static.",
        unhelpful="Where static loses nothing, as in most small networks at 8 bits.",
        figure="Networks for ImageNet at 8 bits: within 1 % of the accuracy in float; 2 % without the training",
        source="Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference; "
        "Krishnamoorthi 2018, Quantizing deep convolutional networks for efficient inference",
        link="https://arxiv.org/abs/1806.08342",
    ),
    Card(
        name="dynamic",
        summary="Linear layers multiply 8-bit integers; the range of their inputs is found anew at every prediction, over its whole batch. "
        "It needs no images. Accuracy here is taken one image at a time.",
        formula="s_x = (max(x, 0) - min(x, 0)) / 255, at every prediction",
        cost="Nothing before it is deployed, then finding the range at every prediction. Linear layers shrink to a quarter.",
        unhelpful="In convolutional networks, where there is hardly a linear layer to act on.",
        figure="Transformers in ONNX Runtime: a quarter of the size, 1.6 times faster with AVX2 and 3 times with AVX512-VNNI (Hugging Face and "
        "Microsoft 2020)",
        source="ONNX Runtime, Quantize ONNX models",
        link="https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html",
    ),
    Card(
        name="weight_only",
        summary="Weights are 8-bit or 4-bit integers with scales, activations stay float. "
        "4-bit linear layers have a scale for each 32 inputs and a product that reads them as they are stored, for which ONNX Runtime rounds "
        "its inputs to 8-bit integers as it runs; all others become float at loading.",
        formula="w = s q, the s with the least squared error",
        cost="Neither images nor training; with 4 bits rounded inputs cost accuracy beside rounded weights. The file shrinks to about a quarter "
        "with 8 bits and an eighth with 4, and the scales beside them.",
        unhelpful="For speed and memory, except in 4-bit linear layers: what becomes float at loading is computed as float.",
        figure="Over 35,000 experiments with language models of 19 million to 176 billion parameters: 4 bits a weight are nearly always best for a "
        "given size",
        source="Dettmers and Zettlemoyer 2023, The Case for 4-bit Precision",
        link="https://arxiv.org/abs/2212.09720",
    ),
    Card(
        name="codebook",
        summary="The weights of a layer share 16 or 256 values, found by k-means; the file holds the values and an index for each weight. "
        "It is the second stage of Deep Compression, without training afterwards.",
        formula="w_j = c[i_j], i_j = argmin_i |w_j - c_i|",
        cost="k-means over each layer, neither images nor training. The file shrinks to an eighth with 16 values and to a quarter with 256.",
        unhelpful="For speed and memory: the weights become float at loading.",
        figure="All stages of Deep Compression on ImageNet: AlexNet 240 to 6.9 MB, VGG-16 552 to 11.3 MB, without a loss of accuracy",
        source="Han et al. 2016, Deep Compression",
        link="https://arxiv.org/abs/1510.00149",
    ),
    Card(
        name="fp16",
        summary="Weights and biases are stored as half floats and become float at loading, since x86 processors have no half-float kernels here.",
        formula="w = (-1)^s 2^(e - 15) (1 + m / 1024)",
        cost="Rounding once. Half of the file; memory and speed stay where the processor computes in 32 bits.",
        unhelpful="For speed and memory on such processors; for weights above 65,504 or below 6e-8.",
        figure="Networks trained with half floats beside a copy of the weights in 32 bits: the accuracy of 32 bits, with the same settings",
        source="Micikevicius et al. 2018, Mixed Precision Training",
        link="https://arxiv.org/abs/1710.03740",
    ),
    Card(
        name="bf16",
        summary="Weights and biases are stored with 8 bits of exponent, as many as 32-bit floats have, and 8 bits of precision. "
        "They become float at loading: ONNX Runtime reads the type on processors and has no kernels that compute in it. "
        "No weight is too large or too small for it.",
        formula="w = (-1)^s 2^(e - 127) (1 + m / 128)",
        cost="Rounding once. Half of the file; memory and speed stay where the processor computes in 32 bits.",
        unhelpful="For speed and memory here; and where weights are of usual size fp16 rounds eight times less at the same bits.",
        figure="Networks for images, speech, language and recommendation trained in bf16: the results of 32 bits, in as many steps, with the same "
        "settings",
        source="Kalamkar et al. 2019, A Study of BFLOAT16 for Deep Learning Training",
        link="https://arxiv.org/abs/1905.12322",
    ),
    Card(
        name="float_layers",
        summary="Mixed precision: the layers that lose most stay in float, all others are static 8-bit integers. "
        "Each layer is quantized alone, and the error that this makes in the logits of the calibration images says how sensitive it is.",
        formula="n_l = mean((y_l - y)^2) / var(y), y_l with layer l alone in integers",
        cost="A pass over the calibration images for each layer. The layers in float keep their size and their time.",
        unhelpful="Where plain int8 loses nothing, or the sensitive layer holds most of the weights or of the work.",
        figure="HAWQ on ImageNet, where curvature says how many bits a layer gets: SqueezeNext in 1 MB with more than 68 % top-1",
        source="Dong et al. 2019, HAWQ: Hessian AWare Quantization of Neural Networks with Mixed-Precision",
        link="https://arxiv.org/abs/1905.03696",
    ),
)
"""One of each mode, then one of what stays in float beside them."""
