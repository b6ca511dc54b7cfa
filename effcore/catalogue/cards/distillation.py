"""What a student needs to know of the ways to distil."""

from __future__ import annotations

from effcore.catalogue.record import Card

CARDS = (
    Card(
        name="soft",
        summary="The student is trained towards the teacher's probabilities, both softened by a temperature. "
        "They say which wrong classes are nearly right, which a label does not.",
        formula="L = (1 - w) * CE(y, s) + w * T^2 * KL(softmax(t / T) || softmax(s / T)); weight sharing adds the losses of its parts unscaled",
        cost="The training of the teacher, which all its students share, and its forward pass for every batch. The deployed file stays as it is.",
        unhelpful="Where the teacher is hardly better than the student, or was trained without what helps the student, as augmentation.",
        figure="MNIST, students with two layers of 800 units: 146 test errors alone, 74 with a teacher of two layers of 1,200 units that makes 67",
        source="Hinton, Vinyals and Dean 2015, Distilling the Knowledge in a Neural Network",
        link="https://arxiv.org/abs/1503.02531",
    ),
    Card(
        name="hard",
        summary="The teacher's decision is a second label beside the true one. It has no temperature.",
        formula="L = (1 - w) * CE(y, s) + w * CE(argmax t, s)",
        cost="As with soft labels: the training of the teacher and its forward pass for every batch.",
        unhelpful="Where the teacher gets all training images right and none was changed: its decision then is the true label.",
        figure="A vision transformer of 86 million parameters on ImageNet: 83.1 % top-1; up to 85.2 % with a convolutional teacher",
        source="Touvron et al. 2021, Training data-efficient image transformers and distillation through attention",
        link="https://arxiv.org/abs/2012.12877",
    ),
    Card(
        name="members",
        summary="The teacher is the mean of the probabilities of several networks that differ only in their seed. Their mean is mostly more "
        "accurate and less overconfident than one of them.",
        formula="softmax(t / T) = 1/M * sum_m softmax(t_m / T); hard labels: argmax of the mean with T = 1",
        cost="M trainings, each paid in full and shared with all that ask for it, and M forward passes for every batch.",
        unhelpful="Where training time counts: with M members the teacher costs M times as much.",
        figure="Classification and regression, ImageNet among them: uncertainties as well calibrated as those of approximate Bayesian networks, or "
        "better",
        source="Lakshminarayanan et al. 2017, Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles; Hinton et al. 2015",
        link="https://arxiv.org/abs/1612.01474",
    ),
    Card(
        name="point",
        summary="The teacher is the network of a point that is in the store already, found by its name, its recipe key or its run id. It may be "
        "any recipe of the same task, a pruned or distilled one too, which saw no more of the training images than the student does.",
        formula="L = (1 - w) * CE(y, s) + w * T^2 * KL(softmax(t / T) || softmax(s / T)), t of the point",
        cost="No training of a teacher, but its forward pass for every batch. What it cost once is charged to its students.",
        unhelpful="Where others shall be able to run the spec from nothing: it needs the store with the point.",
        figure="CIFAR-10, CIFAR-100 and ImageNet: students lose where the teacher is far larger, and gain from a teacher of a size in between, "
        "itself distilled",
        source="Mirzadeh et al. 2020, Improved Knowledge Distillation via Teacher Assistant, where a distilled network teaches the next",
        link="https://arxiv.org/abs/1902.03393",
    ),
    Card(
        name="same",
        summary="The teacher has the architecture of its student, which is born again from it. "
        "What is gained does not come from a larger network, but from the teacher's labels.",
        formula="L = (1 - w) * CE(y, s) + w * T^2 * KL(softmax(t / T) || softmax(s / T)), t of the student's architecture",
        cost="Twice the training time, and the teacher's forward pass for every batch. The deployed file stays as it is.",
        unhelpful="Where teacher.seed is the student's: both start from the same weights. Where training time counts.",
        figure="DenseNets born again: 3.5 % error on CIFAR-10 and 15.5 % on CIFAR-100, less than their teachers",
        source="Furlanello et al. 2018, Born Again Neural Networks",
        link="https://arxiv.org/abs/1805.04770",
    ),
    Card(
        name="features",
        summary="Which images of a batch look alike to the teacher shall look alike to the student, by what goes into the classifier of each. "
        "Only similarities are compared, so that the two may differ in width, and nothing is added to the student.",
        formula="L + f / B^2 * ||S(t) - S(s)||^2, S(F) = F F^T with rows of length 1, F (B, features)",
        cost="A product of the features of a batch with themselves, for student and teacher, in every step. Nothing is added to the file.",
        unhelpful="Where batches are small: few pairs of images say little. Where f is so large that the labels are not heard.",
        figure="CIFAR-100, WRN-40-2 teaches WRN-16-2: 73.26 % alone, 73.83 % by similarity, 74.92 % by soft labels (compared by Tian et al. 2020)",
        source="Tung and Mori 2019, Similarity-Preserving Knowledge Distillation",
        link="https://arxiv.org/abs/1907.09682",
    ),
    Card(
        name="hints",
        summary="What goes into the student's classifier, projected to the teacher's width by a linear map, shall be what goes into the teacher's. "
        "The map is learned with the student and thrown away with the teacher. "
        "In the paper the hint is a layer in the middle, and is learned before the labels; here it is the last one, and learned with them.",
        formula="L + f / (2 B F) * ||t - (s W + b)||^2, t (B, F) and s (B, features), W and b learned",
        cost="A linear map that is learned in every step and thrown away. Nothing is added to the file.",
        unhelpful="Where the student can't have the teacher's features, as with far fewer of them, or f is so large that the labels are not heard.",
        figure="CIFAR-10: a student with 10.4 times fewer parameters is more accurate than its teacher",
        source="Romero et al. 2015, FitNets: Hints for Thin Deep Nets",
        link="https://arxiv.org/abs/1412.6550",
    ),
)
"""One of each kind of labels, of teacher and of what is compared beside them."""
