"""Recordings as inputs: files, the spectrogram a model hears, the stretches that play, and what stands for silence."""
