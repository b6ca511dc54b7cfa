"""What a student needs to know of the ways to prune."""

from __future__ import annotations

from effcore.catalogue.record import Card

STRUCTURE_CARDS = (
    Card(
        name="channels",
        summary="Whole channels are cut out, in every layer that shares them. The network that remains is smaller and dense.",
        formula="keep the (1 - amount) C channels with the highest score",
        cost="Fine-tuning after every round. Parameters and products of most layers fall to about (1 - amount)^2, since inputs go with outputs; "
        "file, memory and latency fall with them in any runtime.",
        unhelpful="Where layers have as few channels as round_to, and for accuracy: at equal amount it loses more than single weights do.",
        figure="ResNet-50 with half of its channels, in batches of 64, by the authors' library: 3.85 times fewer products, 2.2 times faster",
        source="Fang et al. 2023, DepGraph: Towards Any Structural Pruning",
        link="https://arxiv.org/abs/2301.12900",
    ),
    Card(
        name="weights",
        summary="Single weights become zero and stay zero while the rest is trained. The shapes stay; the compressed file becomes smaller.",
        formula="w_i = 0 where score(w_i) is among the amount * n lowest",
        cost="Fine-tuning after every round. The compressed file shrinks by nearly the share that is zero; the file as it lies, memory and latency "
        "do not.",
        unhelpful="For speed and memory: a dense kernel multiplies by zero as by any other number.",
        figure="AlexNet on ImageNet: 61 to 6.7 million weights without a loss of accuracy; VGG-16: 138 to 10.3 million",
        source="Han et al. 2015, Learning both Weights and Connections for Efficient Neural Networks",
        link="https://arxiv.org/abs/1506.02626",
    ),
    Card(
        name="two_of_four",
        summary="Of every four consecutive inputs of a weight two become zero, at each place of a kernel. "
        "Graphics processors with sparse tensor cores multiply such weights up to twice as fast.",
        formula="w_4k ... w_4k+3: the two with the lowest scores are 0",
        cost="Fine-tuning once. The file shrinks when it is compressed; a graphics card can hold two 16-bit values and where they stand, 36 bits "
        "for 64, and multiply them in up to half of the time.",
        unhelpful="For speed on processors and older graphics cards, and in layers whose inputs are no multiple of four, which stay whole.",
        figure="Sparse tensor cores multiply twice as fast as dense ones; the accuracy is kept on a wide range of tasks and networks",
        source="Mishra et al. 2021, Accelerating Sparse Deep Neural Networks",
        link="https://arxiv.org/abs/2104.08378",
    ),
    Card(
        name="blocks",
        summary="Whole blocks go; what came into one goes on by its shortcut as it is. That takes operators away, and with them their overhead, "
        "which fewer channels do not.",
        formula="x + f(x) -> x",
        cost="Fine-tuning after every round; the criterion activation looks at 256 images before. What a block took of file, memory and latency "
        "goes with it.",
        unhelpful="Where each stage has one block that changes the shape and no other: such a block can't go. In small networks every block counts.",
        figure="ResNet of 110 layers on CIFAR-10: single blocks go with hardly a loss, since most of the gradient comes through paths of 10 to 34 "
        "layers",
        source="Veit et al. 2016, Residual Networks Behave Like Ensembles of Relatively Shallow Networks; Men et al. 2024, ShortGPT",
        link="https://arxiv.org/abs/1605.06431",
    ),
)
"""One of each structure."""

SCOPE_CARDS = (
    Card(
        name="sensitivity",
        summary="Every layer is pruned alone, by several amounts, and the accuracy on the validation images tells what that costs. "
        "Then each loses as much as costs it alone the same, so that all together lose the amount. The table of the scan is kept.",
        formula="a_l = max a with acc - acc_l(a) <= d; the d with sum n_l a_l = amount * sum n_l",
        cost="A pass over the validation images for every layer and every amount, without training. It keeps more accuracy at the same amount "
        "where layers differ.",
        unhelpful="Where layers make up for each other: alone a layer costs less than together with the others. And it takes validation images, "
        "which choosing among points uses too.",
        figure="VGG-16 and ResNet-110 on CIFAR-10: up to 34 % and 38 % lower costs of inference, close to the original accuracy",
        source="Li et al. 2017, Pruning Filters for Efficient ConvNets; Han et al. 2015, Learning both Weights and Connections",
        link="https://arxiv.org/abs/1608.08710",
    ),
)
"""Of the scope that needs one."""

SCHEDULE_CARDS = (
    Card(
        name="after",
        summary="The trained network is pruned at once or in rounds, each of which is followed by a short training. "
        "The training itself is shared with every other variant of the network.",
        formula="after round i of n: 1 - (1 - amount)^(i / n) is gone",
        cost="rounds times fine_tune epochs, after a training that all other variants of the network share.",
        unhelpful="Where most is taken at once and little is trained afterwards: rounds keep more.",
        figure="LeNet-300-100 and LeNet-5 on MNIST, 12 times fewer weights each: 1.59 % and 0.77 % test error, 1.64 % and 0.80 % before",
        source="Han et al. 2015, Learning both Weights and Connections for Efficient Neural Networks",
        link="https://arxiv.org/abs/1506.02626",
    ),
    Card(
        name="gradual",
        summary="Weights go between the first and the third quarter of a training, many at first and fewer later; the last quarter trains what "
        "remains.",
        formula="s(t) = amount (1 - (1 - (t - t0) / (t1 - t0))^3); of every four weights round(4 s(t)) go",
        cost="No further epoch, but a training of its own for every amount, and the time of finding the weights, which is in that of the phase.",
        unhelpful="In trainings of few steps, where it finds weights before they have learned; and it shares no training with other amounts.",
        figure="InceptionV3 on ImageNet: 78.1 % top-1, 78.0 % with half of the weights gone, 74.6 % with 87.5 %",
        source="Zhu and Gupta 2017, To prune, or not to prune; with 2:4: Kao et al. 2022, decaying masks",
        link="https://arxiv.org/abs/1710.01878",
    ),
    Card(
        name="rewind",
        summary="The trained weights tell which go; those that remain get back the values that they had early in the training, or at its start, "
        "and are trained anew. In rounds this finds the winning tickets of the lottery ticket hypothesis.",
        formula="w <- m * w_k, m = [score(w_T) is high], then T - k steps",
        cost="Nearly a training for every round. The file is that of pruned weights: smaller when compressed, no faster.",
        unhelpful="Where training time counts. From the start it fails on larger networks, where early does not.",
        figure="Fully connected and convolutional networks on MNIST and CIFAR-10: winning tickets of less than 10 to 20 % of the weights",
        source="Frankle and Carbin 2019, The Lottery Ticket Hypothesis; Frankle et al. 2020, Linear Mode Connectivity",
        link="https://arxiv.org/abs/1803.03635",
    ),
)
"""One of each schedule."""

CRITERION_CARDS = (
    Card(
        name="l1",
        summary="What has the smallest sum of absolute weights goes first. For a single weight that is its size.",
        formula="score = sum |w|",
        cost="Nothing but sorting: neither images nor gradients.",
        unhelpful="Where layers have different scales and one threshold judges them all.",
        figure="VGG-16 and ResNet-110 on CIFAR-10, whole filters: up to 34 % and 38 % lower costs of inference, close to the original accuracy",
        source="Li et al. 2017, Pruning Filters for Efficient ConvNets",
        link="https://arxiv.org/abs/1608.08710",
    ),
    Card(
        name="l2",
        summary="The channels with the smallest sum of squared weights go first, over all layers that share them.",
        formula="score = sum w^2",
        cost="Nothing but sorting: neither images nor gradients.",
        unhelpful="Where a channel with small weights is scaled up by what follows, as by batch normalization.",
        figure="Residual and dense networks, MobileNet, vision transformers and others: a simple norm does well once coupled layers are judged "
        "together",
        source="Fang et al. 2023, DepGraph: Towards Any Structural Pruning",
        link="https://arxiv.org/abs/2301.12900",
    ),
    Card(
        name="taylor",
        summary="What the loss on some training images would change least without goes first, to first order.",
        formula="score = sum |w dL/dw|",
        cost="A forward and a backward pass over 256 training images before each round.",
        unhelpful="Where a network fits its training images so well that gradients are mostly noise. With one threshold for all layers and "
        "a single round it can leave too little of a layer; take several rounds.",
        figure="ResNet-101 on ImageNet: 40 % fewer operations and 30 % fewer parameters for 0.02 points of top-1",
        source="Molchanov et al. 2019, Importance Estimation for Neural Network Pruning",
        link="https://arxiv.org/abs/1906.10771",
    ),
    Card(
        name="batch_norm",
        summary="The channels with the smallest factor of batch normalization go first. "
        "Layers without it, as those of squeeze-and-excitation, are judged by l2, and with one threshold for all layers stay whole.",
        formula="score = |gamma|, y = gamma (x - mean) / deviation + beta",
        cost="Nothing: the factors are in the network. Its paper adds a penalty on them to the training, which is not done here.",
        unhelpful="After a short training without a penalty on the factors: they hardly differ from the 1 that they started with.",
        figure="VGGNet, slimmed several times: 20 times smaller, with 5 times fewer operations",
        source="Liu et al. 2017, Learning Efficient Convolutional Networks through Network Slimming",
        link="https://arxiv.org/abs/1708.06519",
    ),
    Card(
        name="activation",
        summary="The channels with the smallest mean activation on 256 training images go first, against the mean of their layer. "
        "Of blocks those go first that change least of what passes.",
        formula="score = mean |a| / mean of the layer; of a block ||f(x)|| / ||x||",
        cost="A forward pass over 256 training images before each round.",
        unhelpful="Where what follows scales small activations up, as batch normalization does; and it keeps channels that are always on alike.",
        figure="Birds-200 and Flowers-102: for pruning after transfer the paper's other criterion, taylor, does better than the mean activation",
        source="Molchanov et al. 2017, Pruning Convolutional Neural Networks for Resource Efficient Inference; blocks: Men et al. 2024, ShortGPT",
        link="https://arxiv.org/abs/1611.06440",
    ),
    Card(
        name="apoz",
        summary="The channels whose activation is zero most often on 256 training images go first: the average percentage of zeros.",
        formula="score = 1 - mean(a = 0)",
        cost="A forward pass over 256 training images before each round.",
        unhelpful="In networks without a ReLU, whose activations are never zero, and of layers right before a shortcut is added, which have none.",
        figure="LeNet and VGG-16: high compression of the parameters at the accuracy of the original, or above",
        source="Hu et al. 2016, Network Trimming",
        link="https://arxiv.org/abs/1607.03250",
    ),
    Card(
        name="random",
        summary="Chance decides, by the seed of the variant. A criterion that is no better than this has learned nothing about the network.",
        formula="score ~ U(0, 1)",
        cost="Nothing. It shows what fine-tuning alone makes good.",
        unhelpful="For anything but a comparison.",
        figure="VGG-16 and ResNet-50: with 25 to 50 % of the filters gone at random, fine-tuning reaches what the criteria of the time reach",
        source="Mittal et al. 2018, Recovering from Random Pruning",
        link="https://arxiv.org/abs/1801.10447",
    ),
)
"""One of each criterion."""
