"""A local web site to play with trained models: `scripts/explore.py`.

`app` has the addresses: the gallery, a page for each model, the comparison. `collection` knows the
models, `controls` what each of them can do on its page, `compute` what that asks of the model.
`calls` keeps this off the event loop. `parts` and `theme` are what all pages are made of.
"""
