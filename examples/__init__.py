"""Programs that run an exported model without this toolkit; `toolkit embed` puts a model into a copy of them."""
