"""Networks: how a model is run. One set of weights has these variants, in the files of the same folder:

variant                        what it is for                            what holds it to the module's own numbers
-----------------------------  ----------------------------------------  -------------------------------------------
network.Network                what is served, and a row asked alone:    transformers' logits: test_ordinary_folders
                               the module's own forward
network.QuickNetwork           rows together and gradients of any        logits and slopes: test_products
                               architecture: products and plain
                               attention of products.py
stacks.StackedNetwork          the same of BERT's kin, as tensor         logits of fixed rows when it is made, else
                               operations up to the state that the       it is not used: test_stacks
                               head reads; in bf16 too
half.half_copy                 rows together in bf16, of all others      ranks and values of fixed coalitions, else
                                                                         bf16 is refused: test_half
attention.eager_twin           attention and states of the layers, by    served logits at every question, else it
                               hooks on a second skeleton of modules     is refused: test_transformer
comparing.ComparingNetwork     two texts, each encoded alone             states of fixed rows when first used, else
                                                                         the module's layers: test_similarity
continuing.ContinuingNetwork   tokens that a decoder or translator       log-probabilities of the module itself:
                               gives, all from one pass                  test_continuation
picturing.PicturingNetwork     an image as patches                       logits of the module itself: test_vision
probing.redrawn                the architecture with weights drawn       nothing: its numbers are meant to differ
                               anew, which have learned nothing

What torch keeps to itself is asked for by products.operation; where it is missing, public operations are used.
"""
