"""A local web page to play with trained models: `scripts/explore.py`.

`views` computes the images, without a page; `page` lays out the controls.
"""
